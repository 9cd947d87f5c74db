#include "cloud/tc3.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <ctime>
#include <stdexcept>

#include "cloud/encoding.hpp"

namespace ch::cloud {
namespace {

constexpr std::string_view kAlgorithm = "TC3-HMAC-SHA256";
constexpr std::string_view kSigned = "content-type;host";

std::string hmac_sha256(std::string_view key, std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()), message.size(),
           out.data(), &size) == nullptr)
    throw std::runtime_error("OpenSSL refuses HMAC-SHA256");
  return {reinterpret_cast<const char*>(out.data()), size};
}

std::string date_of(std::int64_t timestamp) { return fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(timestamp))); }

std::string scope_of(const ApiCall& call) { return fmt::format("{}/{}/tc3_request", date_of(call.timestamp), call.service); }

}  // namespace

std::string tc3_hashed_request(const ApiCall& call) {
  return hex(
      sha256(fmt::format("POST\n/\n\ncontent-type:{}\nhost:{}\n\n{}\n{}", call.content_type, call.host, kSigned, hex(sha256(call.body)))));
}

std::string tc3_signature(std::string_view secret_key, const ApiCall& call) {
  const auto to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, call.timestamp, scope_of(call), tc3_hashed_request(call));
  const auto date_key = hmac_sha256(fmt::format("TC3{}", secret_key), date_of(call.timestamp));
  return hex(hmac_sha256(hmac_sha256(hmac_sha256(date_key, call.service), "tc3_request"), to_sign));
}

std::string tc3_authorization(const Credentials& credentials, const ApiCall& call) {
  return fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm, credentials.secret_id, scope_of(call), kSigned,
                     tc3_signature(credentials.secret_key, call));
}

}  // namespace ch::cloud
