// The account that the buckets belong to, as far as keys go: permanent keys, roles, the temporary keys that STS gave for
// them, and the clock that all is judged by. Every function may be called from any thread.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cos_emulator/emulator.hpp"
#include "cos_emulator/text.hpp"

namespace ch::cos_emulator {

class Account {
 public:
  Account(std::string uin, std::map<std::string, Access> permanent) : uin_(std::move(uin)), permanent_(std::move(permanent)) {}

  const std::string& uin() const { return uin_; }
  void set_permanent(std::map<std::string, Access> access);
  std::map<std::string, Access> keys() const;  // all that COS takes
  std::optional<Access> permanent(const std::string& secret_id) const;

  void add_role(const std::string& name, std::int64_t life_s);
  void remove_role(const std::string& name, bool revoke);
  void set_web_identity(const std::string& provider, const std::string& token);
  bool is_web_identity(const std::string& provider, const std::string& token) const;
  void bind_role(const std::string& name) { set_bound(name); }  // to the machine whose metadata is served; "" none
  std::string bound_role() const;

  std::string arn(const std::string& role) const { return "qcs::cam::uin/" + uin_ + ":roleName/" + role; }
  // Nothing: there is no such role.
  std::optional<IssuedKeys> issue(const std::string& role_arn, std::int64_t wanted_s);
  std::vector<IssuedKeys> issued() const;

  void set_clock_offset_ms(std::int64_t offset) { clock_offset_ms_ = offset; }
  std::int64_t now_ms() const { return cos_emulator::now_ms() + clock_offset_ms_; }

 private:
  void set_bound(const std::string& name);

  const std::string uin_;
  std::atomic<std::int64_t> clock_offset_ms_{0};
  mutable std::mutex mutex_;
  std::map<std::string, Access> permanent_;
  std::map<std::string, std::int64_t> roles_;  // name -> life of its keys; 0: as asked for
  std::vector<IssuedKeys> issued_;             // also those that are dead: tests look for their secrets
  std::map<std::string, Access> temporary_;
  std::string provider_, web_token_, bound_;
};

}  // namespace ch::cos_emulator
