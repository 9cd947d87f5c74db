// Asks whether x-cos-forbid-overwrite holds. It does not in a bucket that has, or ever had, versions of its objects; there,
// and as long as it is not known, the bucket is asked before each object. Poll thread.
#pragma once

#include <cstdint>
#include <memory>

#include "writer/jobs.hpp"
#include "writer/upload_context.hpp"

namespace ch::cos {

class Versioning : public std::enable_shared_from_this<Versioning> {
 public:
  explicit Versioning(Context& context) : context_(context) {}
  void step(std::int64_t now);  // asks at the beginning, then every hour: somebody may turn versions on

 private:
  void answered(const Reply<bool>& reply);

  Context& context_;
  bool busy_ = false;
  bool told_ = false;
  std::int64_t next_ms_ = 0;
};

}  // namespace ch::cos
