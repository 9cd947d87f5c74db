// A service of Tencent Cloud's API 3.0, such as STS or CKafka: JSON requests signed with TC3. Blocking, each call within
// its time limit. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cloud/address.hpp"
#include "cloud/api_error.hpp"
#include "cloud/clock.hpp"
#include "cloud/http.hpp"
#include "cloud/json.hpp"
#include "cloud/tc3.hpp"

namespace ch::cloud {

constexpr std::int64_t kApiTimeoutMs = 4000;
TransportOptions api_transport(const std::string& ca_file, std::optional<std::string> proxy);

struct ApiOptions {
  std::string service;       // "sts"
  std::string version;       // "2018-08-13"
  std::string endpoint;      // "https://sts.tencentcloudapi.com"
  std::string endpoint_key;  // what it is called in the configuration, for the message that it is none
  std::string region;        // "" any
  std::string ca_file;       // "" the system's
  std::function<std::int64_t()> now_ms;
  std::optional<std::string> proxy = {};  // as in TransportOptions
};

// A pure function: `response` is the member "Response", null if the body is none of the API.
struct ApiBody {
  Json response;
  ApiError error;
};
ApiBody read_api_body(std::string_view body);

struct ApiAnswer {
  Answer answer;
  Json response;  // what read_api_body() found in it
  bool ok = false;
  ApiError error;  // if not ok; all empty if the answer is not one of the API
};

class Api {
 public:
  explicit Api(ApiOptions options);  // throws std::invalid_argument for an endpoint that is none
  // `keys` null: not signed. A clock that is wrong is corrected by the answer's, and the call made again at once.
  ApiAnswer call(const std::string& action, const std::string& body, const Credentials* keys);
  const ServerClock& clock() const { return clock_; }

 private:
  ApiAnswer call_once(const std::string& action, const std::string& body, const Credentials* keys);

  const ApiOptions options_;
  const Address address_;
  ServerClock clock_;
  Transport transport_;
};

}  // namespace ch::cloud
