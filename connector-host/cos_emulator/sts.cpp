#include "cos_emulator/sts.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cos_emulator/api.hpp"

namespace ch::cos_emulator {
namespace {

using nlohmann::json;

constexpr std::int64_t kLongestSessionS = 43200;
constexpr std::size_t kLongestSessionName = 128;
constexpr const char* kRolesPath = "latest/meta-data/cam/security-credentials/";

std::string header(const Request& request, const char* name) { return find_or(request.canonical.headers, name, ""); }

void check_session_name(const std::string& name) {
  const bool good = name.size() >= 2 && name.size() <= kLongestSessionName &&
                    name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-") == std::string::npos;
  if (!good) throw ApiRefusal{"InvalidParameter.ParamError", "RoleSessionName is not valid."};
}

json give_keys(Account& account, const json& body) {
  check_session_name(api_text(body, "RoleSessionName"));
  const auto seconds = body.value("DurationSeconds", std::int64_t{7200});
  if (seconds < 1 || seconds > kLongestSessionS) throw ApiRefusal{"InvalidParameter.OverTimeError", "DurationSeconds is too long."};
  const auto keys = account.issue(api_text(body, "RoleArn"), seconds);
  if (!keys) throw ApiRefusal{"ResourceNotFound.RoleNotFound", "The role does not exist."};
  return {{"Credentials", {{"TmpSecretId", keys->secret_id}, {"TmpSecretKey", keys->access.secret_key}, {"Token", keys->access.token}}},
          {"ExpiredTime", *keys->access.expires_s},
          {"Expiration", iso_time(*keys->access.expires_s * 1000).substr(0, 19) + "Z"}};
}

json act(Account& account, const Request& request, const std::string& text) {
  const auto action = header(request, "x-tc-action");
  if (header(request, "x-tc-version") != "2018-08-13") throw ApiRefusal{"InvalidParameter", "X-TC-Version must be 2018-08-13."};
  if (header(request, "x-tc-region").empty()) throw ApiRefusal{"MissingParameter", "X-TC-Region is missing."};
  const auto body = json::parse(text, nullptr, false);
  if (!body.is_object()) throw ApiRefusal{"InvalidParameter", "The body is not a JSON object."};
  if (action == "AssumeRoleWithWebIdentity") {
    if (header(request, "authorization") != "SKIP") throw ApiRefusal{"AuthFailure.InvalidAuthorization", "The authorization must be SKIP."};
    if (!account.is_web_identity(api_text(body, "ProviderId"), api_text(body, "WebIdentityToken")))
      throw ApiRefusal{"InvalidParameter.WebIdentityTokenError", "The token is not valid."};
    return give_keys(account, body);
  }
  const auto caller = authenticate(account, request, text, "sts");
  if (action == "GetCallerIdentity") return {{"AccountId", account.uin()}, {"UserId", account.uin()}, {"Type", "CAMUser"}};
  if (action != "AssumeRole") throw ApiRefusal{"InvalidAction", "There is no such action."};
  if (!caller.token.empty()) throw ApiRefusal{"FailedOperation.TempKeyNotAllowed", "A temporary key cannot assume a role."};
  return give_keys(account, body);
}

}  // namespace

Response answer_sts(Account& account, const Request& request, const std::string& body, const std::string& request_id) {
  return api_answer(request_id, [&] { return act(account, request, body); });
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
