// When to try again, and what the operator is told meanwhile. One for everything that one partition (or one listing for
// several partitions) does in a row. Poll thread.
#pragma once

#include <connector_host/connector.hpp>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "cos/outcome.hpp"
#include "writer/upload_context.hpp"

namespace ch::cos {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

class Retry {
 public:
  Retry(const Context& context, std::vector<ch::PartitionId> owners);

  // Waits 200 ms, doubled with every failure in a row up to 30 s, or as long as COS asks. Reported at once if somebody
  // has to act, from the third failure in a row, or after 5 s of failing, if it may pass.
  void failed(const Failure& failure);
  // Reported at once, tried again like any failure.
  void blocked(const std::string& reason, const std::string& message, const std::string& remedy);
  // Reported; nothing will be tried.
  void stand(const std::string& reason, const std::string& message, const std::string& remedy);
  void succeeded();

  // `now` and what is returned: of the steady clock.
  bool waiting(std::int64_t now) const { return now < next_ms_; }
  std::int64_t next_ms(std::int64_t now) const { return waiting(now) ? next_ms_ : kNever; }
  void now_due() { next_ms_ = 0; }

 private:
  void wait(std::int64_t at_least);
  void report(const std::string& reason, const std::string& message, const std::string& remedy);

  const Context& context_;
  std::vector<ch::PartitionId> owners_;
  std::minstd_rand random_;
  int failures_ = 0;
  std::int64_t failing_since_ms_ = 0;
  bool reported_ = false;
  std::int64_t next_ms_ = 0;
};

}  // namespace ch::cos
