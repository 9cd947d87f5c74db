#include "cos_emulator/api.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdlib>

namespace ch::cos_emulator {
namespace {

using nlohmann::json;

constexpr std::int64_t kClockToleranceS = 300;

std::string sha256_hex(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), out.data(), &size, EVP_sha256(), nullptr);
  return hex({reinterpret_cast<const char*>(out.data()), size});
}

std::string hmac_sha256(const std::string& key, const std::string& message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()), message.size(),
       out.data(), &size);
  return {reinterpret_cast<const char*>(out.data()), size};
}

std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const auto from = text.find(begin);
  if (from == std::string::npos) return {};
  const auto start = from + begin.size();
  return text.substr(start, text.find(end, start) - start);
}

std::string header(const Request& request, const char* name) { return find_or(request.canonical.headers, name, ""); }

}  // namespace

Access authenticate(const Account& account, const Request& request, const std::string& body, const std::string& service) {
  const auto authorization = header(request, "authorization");
  if (authorization.rfind("TC3-HMAC-SHA256 ", 0) != 0)
    throw ApiRefusal{"AuthFailure.InvalidAuthorization", "The authorization is not TC3."};
  const auto timestamp = to_number<std::int64_t>(header(request, "x-tc-timestamp"));
  if (!timestamp) throw ApiRefusal{"MissingParameter", "X-TC-Timestamp is missing."};
  if (std::abs(account.now_ms() / 1000 - *timestamp) > kClockToleranceS)
    throw ApiRefusal{"AuthFailure.SignatureExpire", "The provided credentials have expired: check the clock."};
  const auto scope = split(between(authorization, "Credential=", ","), '/');
  if (scope.size() != 4 || scope[1] != iso_time(*timestamp * 1000).substr(0, 10) || scope[2] != service || scope[3] != "tc3_request")
    throw ApiRefusal{"AuthFailure.SignatureFailure", "The credential's scope is wrong."};
  const auto known = account.permanent(scope[0]);
  if (!known) throw ApiRefusal{"AuthFailure.SecretIdNotFound", "The SecretId is not found."};
  if (header(request, "x-tc-token") != known->token) throw ApiRefusal{"AuthFailure.TokenFailure", "The token is not valid."};
  const auto expected =
      tc3_signature(known->secret_key, service, header(request, "host"), header(request, "content-type"), body, *timestamp);
  if (between(authorization, "SignedHeaders=", ",") != "content-type;host" || between(authorization, "Signature=", ",") != expected)
    throw ApiRefusal{"AuthFailure.SignatureFailure", "The provided credentials could not be validated: check the signature."};
  return *known;
}

std::string api_text(const json& body, const char* name) {
  const auto found = body.find(name);
  if (found == body.end() || !found->is_string()) throw ApiRefusal{"MissingParameter", fmt::format("{} is missing.", name)};
  return found->get<std::string>();
}

Response json_response(const json& document) {
  Response response;
  response.headers.emplace_back("Content-Type", "application/json");
  response.body.push_back(document.dump(-1, ' ', false, json::error_handler_t::replace));
  return response;
}

std::string tc3_signature(const std::string& secret_key, const std::string& service, const std::string& host,
                          const std::string& content_type, const std::string& body, std::int64_t timestamp) {
  const auto date = iso_time(timestamp * 1000).substr(0, 10);
  const auto request = "POST\n/\n\ncontent-type:" + content_type + "\nhost:" + host + "\n\ncontent-type;host\n" + sha256_hex(body);
  const auto to_sign = fmt::format("TC3-HMAC-SHA256\n{}\n{}/{}/tc3_request\n{}", timestamp, date, service, sha256_hex(request));
  return hex(hmac_sha256(hmac_sha256(hmac_sha256(hmac_sha256("TC3" + secret_key, date), service), "tc3_request"), to_sign));
}

Response api_error_response(const std::string& code, const std::string& message, const std::string& request_id) {
  return json_response({{"Response", {{"Error", {{"Code", code}, {"Message", message}}}, {"RequestId", request_id}}}});
}

Response api_answer(const std::string& request_id, const std::function<json()>& act) {
  try {
    auto answer = act();
    answer["RequestId"] = request_id;
    return json_response({{"Response", answer}});
  } catch (const ApiRefusal& refusal) {
    return api_error_response(refusal.code, refusal.message, request_id);
  }
}

}  // namespace ch::cos_emulator
