#include "cos_emulator/sts.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace ch::cos_emulator {
namespace {

using nlohmann::json;

constexpr std::int64_t kClockToleranceS = 300;
constexpr std::int64_t kLongestSessionS = 43200;
constexpr std::size_t kLongestSessionName = 128;
constexpr const char* kRolesPath = "latest/meta-data/cam/security-credentials/";

struct Refusal {
  std::string code, message;
};

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

// Who signed the request; throws Refusal in the order in which the real one finds fault.
Access authenticate(const Account& account, const Request& request, const std::string& body) {
  const auto authorization = header(request, "authorization");
  if (authorization.rfind("TC3-HMAC-SHA256 ", 0) != 0) throw Refusal{"AuthFailure.InvalidAuthorization", "The authorization is not TC3."};
  const auto timestamp = to_number<std::int64_t>(header(request, "x-tc-timestamp"));
  if (!timestamp) throw Refusal{"MissingParameter", "X-TC-Timestamp is missing."};
  if (std::abs(account.now_ms() / 1000 - *timestamp) > kClockToleranceS)
    throw Refusal{"AuthFailure.SignatureExpire", "The provided credentials have expired: check the clock."};
  const auto scope = split(between(authorization, "Credential=", ","), '/');
  if (scope.size() != 4 || scope[1] != iso_time(*timestamp * 1000).substr(0, 10) || scope[2] != "sts" || scope[3] != "tc3_request")
    throw Refusal{"AuthFailure.SignatureFailure", "The credential's scope is wrong."};
  const auto known = account.permanent(scope[0]);
  if (!known) throw Refusal{"AuthFailure.SecretIdNotFound", "The SecretId is not found."};
  if (header(request, "x-tc-token") != known->token) throw Refusal{"AuthFailure.TokenFailure", "The token is not valid."};
  const auto expected = tc3_signature(known->secret_key, "sts", header(request, "host"), header(request, "content-type"), body, *timestamp);
  if (between(authorization, "SignedHeaders=", ",") != "content-type;host" || between(authorization, "Signature=", ",") != expected)
    throw Refusal{"AuthFailure.SignatureFailure", "The provided credentials could not be validated: check the signature."};
  return *known;
}

std::string text_of(const json& body, const char* name) {
  const auto found = body.find(name);
  if (found == body.end() || !found->is_string()) throw Refusal{"MissingParameter", fmt::format("{} is missing.", name)};
  return found->get<std::string>();
}

void check_session_name(const std::string& name) {
  const bool good = name.size() >= 2 && name.size() <= kLongestSessionName &&
                    name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-") == std::string::npos;
  if (!good) throw Refusal{"InvalidParameter.ParamError", "RoleSessionName is not valid."};
}

json give_keys(Account& account, const json& body) {
  check_session_name(text_of(body, "RoleSessionName"));
  const auto seconds = body.value("DurationSeconds", std::int64_t{7200});
  if (seconds < 1 || seconds > kLongestSessionS) throw Refusal{"InvalidParameter.OverTimeError", "DurationSeconds is too long."};
  const auto keys = account.issue(text_of(body, "RoleArn"), seconds);
  if (!keys) throw Refusal{"ResourceNotFound.RoleNotFound", "The role does not exist."};
  return {{"Credentials", {{"TmpSecretId", keys->secret_id}, {"TmpSecretKey", keys->access.secret_key}, {"Token", keys->access.token}}},
          {"ExpiredTime", *keys->access.expires_s},
          {"Expiration", iso_time(*keys->access.expires_s * 1000).substr(0, 19) + "Z"}};
}

json act(Account& account, const Request& request, const std::string& text) {
  const auto action = header(request, "x-tc-action");
  if (header(request, "x-tc-version") != "2018-08-13") throw Refusal{"InvalidParameter", "X-TC-Version must be 2018-08-13."};
  if (header(request, "x-tc-region").empty()) throw Refusal{"MissingParameter", "X-TC-Region is missing."};
  const auto body = json::parse(text, nullptr, false);
  if (!body.is_object()) throw Refusal{"InvalidParameter", "The body is not a JSON object."};
  if (action == "AssumeRoleWithWebIdentity") {
    if (header(request, "authorization") != "SKIP") throw Refusal{"AuthFailure.InvalidAuthorization", "The authorization must be SKIP."};
    if (!account.is_web_identity(text_of(body, "ProviderId"), text_of(body, "WebIdentityToken")))
      throw Refusal{"InvalidParameter.WebIdentityTokenError", "The token is not valid."};
    return give_keys(account, body);
  }
  const auto caller = authenticate(account, request, text);
  if (action == "GetCallerIdentity") return {{"AccountId", account.uin()}, {"UserId", account.uin()}, {"Type", "CAMUser"}};
  if (action != "AssumeRole") throw Refusal{"InvalidAction", "There is no such action."};
  if (!caller.token.empty()) throw Refusal{"FailedOperation.TempKeyNotAllowed", "A temporary key cannot assume a role."};
  return give_keys(account, body);
}

Response json_response(const json& document) {
  Response response;
  response.headers.emplace_back("Content-Type", "application/json");
  response.body.push_back(document.dump(-1, ' ', false, json::error_handler_t::replace));
  return response;
}

}  // namespace

std::string tc3_signature(const std::string& secret_key, const std::string& service, const std::string& host,
                          const std::string& content_type, const std::string& body, std::int64_t timestamp) {
  const auto date = iso_time(timestamp * 1000).substr(0, 10);
  const auto request = "POST\n/\n\ncontent-type:" + content_type + "\nhost:" + host + "\n\ncontent-type;host\n" + sha256_hex(body);
  const auto to_sign = fmt::format("TC3-HMAC-SHA256\n{}\n{}/{}/tc3_request\n{}", timestamp, date, service, sha256_hex(request));
  return hex(hmac_sha256(hmac_sha256(hmac_sha256(hmac_sha256("TC3" + secret_key, date), service), "tc3_request"), to_sign));
}

Response sts_error(const std::string& code, const std::string& message, const std::string& request_id) {
  return json_response({{"Response", {{"Error", {{"Code", code}, {"Message", message}}}, {"RequestId", request_id}}}});
}

Response answer_sts(Account& account, const Request& request, const std::string& body, const std::string& request_id) {
  try {
    auto answer = act(account, request, body);
    answer["RequestId"] = request_id;
    return json_response({{"Response", answer}});
  } catch (const Refusal& refusal) {
    return sts_error(refusal.code, refusal.message, request_id);
  }
}

Response answer_metadata(Account& account, const Request& request) {
  const auto path = request.canonical.path.substr(1);
  const auto role = account.bound_role();
  Response response;
  if (request.head.method == "GET" && path == kRolesPath && !role.empty()) {
    response.body.push_back(role + "\n");
    return response;
  }
  const auto keys =
      request.head.method == "GET" && !role.empty() && path == kRolesPath + role ? account.issue(account.arn(role), 7200) : std::nullopt;
  if (!keys) {
    response.status = 404;
    return response;
  }
  return json_response({{"TmpSecretId", keys->secret_id},
                        {"TmpSecretKey", keys->access.secret_key},
                        {"Token", keys->access.token},
                        {"ExpiredTime", *keys->access.expires_s},
                        {"Expiration", iso_time(*keys->access.expires_s * 1000).substr(0, 19) + "Z"},
                        {"Code", "Success"}});
}

}  // namespace ch::cos_emulator
