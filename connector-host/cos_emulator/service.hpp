// COS's rules over HTTP: faults, signature, policy, bucket, operation, in this order; and the admin endpoint.
#pragma once

#include "cos_emulator/core.hpp"
#include "cos_emulator/http.hpp"

namespace ch::cos_emulator {

class CosService : public Service {
 public:
  explicit CosService(Core& core) : core_(core) {}
  std::unique_ptr<Exchange> begin(RequestHead head) override;
  Response unreadable(std::string_view why) override;
  void connected() override { core_.count_connection(); }

 private:
  Core& core_;
};

// /-/admin: GET the counters, POST commands (main.cpp names them). Never throws.
Response answer_admin(Core& core, const std::string& method, const std::string& text);

}  // namespace ch::cos_emulator
