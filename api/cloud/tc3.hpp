// Tencent Cloud API signature 3 (TC3-HMAC-SHA256), which its services (STS, CKafka) take: a pure function. Source:
// cloud.tencent.com/document/api/1312/48171.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace ch::cloud {

struct Credentials {
  std::string secret_id;
  std::string secret_key;
  std::string token;  // of temporary credentials; else empty

  friend auto operator<=>(const Credentials&, const Credentials&) = default;
};

struct ApiCall {
  std::string_view service;       // "sts"
  std::string_view host;          // as it is sent
  std::string_view content_type;  // as it is sent, byte for byte
  std::string_view body;
  std::int64_t timestamp = 0;  // Unix seconds, as in X-TC-Timestamp
};

// The two steps, apart so that each can be held against published values; both in lower-case hex.
std::string tc3_hashed_request(const ApiCall& call);
std::string tc3_signature(std::string_view secret_key, const ApiCall& call);

// The value of the Authorization header; content-type and host are signed.
std::string tc3_authorization(const Credentials& credentials, const ApiCall& call);

}  // namespace ch::cloud
