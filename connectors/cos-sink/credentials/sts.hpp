// Temporary keys from Tencent Cloud: STS's AssumeRole and AssumeRoleWithWebIdentity, and the metadata service of a CVM.
// Blocking, each call within its transport's limits; for the thread of a credential source. One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/api.hpp"
#include "cos/client.hpp"

namespace ch::cos {

struct SessionKeys {
  Credentials credentials;
  std::chrono::milliseconds life{0};  // by the server's own clock, so that ours need not be right
};

struct StsOptions {
  std::string endpoint;  // "https://sts.tencentcloudapi.com"
  std::string region;    // any that there is
  std::string ca_file;
  std::function<std::int64_t()> now_ms;
  std::optional<std::string> proxy = {};  // as in cloud::TransportOptions
};

class Sts {
 public:
  explicit Sts(const StsOptions& options);  // throws std::invalid_argument for an endpoint that is none

  Reply<SessionKeys> assume_role(const Credentials& keys, const std::string& role_arn, const std::string& session);
  Reply<SessionKeys> assume_role_with_web_identity(const std::string& provider, const std::string& token, const std::string& role_arn,
                                                   const std::string& session);
  // The account (uin) that the keys belong to.
  Reply<std::string> account(const Credentials& keys);

 private:
  struct Said;
  Said call(const std::string& action, const std::string& body, const Credentials* keys, const std::string& role);
  Reply<SessionKeys> session_keys(const Said& said) const;

  cloud::Api api_;
};

class MetadataService {
 public:
  MetadataService(const std::string& endpoint, std::function<std::int64_t()> now_ms);
  // Of the role `wanted` if it is bound to this machine, or of the only one that is.
  Reply<SessionKeys> role_keys(const std::string& wanted);

 private:
  Answer get(const std::string& path);

  const cloud::Address address_;
  const std::function<std::int64_t()> now_ms_;
  cloud::Transport transport_;
};

// What the answers say: pure functions, nothing if they hold no keys.
struct GivenKeys {
  Credentials credentials;
  std::int64_t expired_time_s = 0;  // Unix time
};
std::optional<GivenKeys> read_session(const cloud::Json& response);   // of AssumeRole and its kin
std::optional<GivenKeys> read_metadata_keys(std::string_view body);   // of a role, from the metadata service
std::vector<std::string> read_metadata_roles(std::string_view body);  // line by line

// Seconds until `expired_time`, by the clock of the answer if it has one.
std::chrono::milliseconds life_of(std::int64_t expired_time_s, const Answer& answer, std::int64_t now_ms);

}  // namespace ch::cos
