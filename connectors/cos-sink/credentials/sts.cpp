#include "credentials/sts.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "cos/xml.hpp"

namespace ch::cos {
namespace {

using cloud::Json, cloud::member, cloud::number_of, cloud::text_of;

constexpr const char* kVersion = "2018-08-13";
constexpr std::int64_t kSessionSeconds = 7200;
constexpr std::int64_t kDateRoundsMs = 999;
constexpr const char* kRolesPath = "/latest/meta-data/cam/security-credentials/";

std::int64_t date_ms(const Answer& answer) {
  const auto date = answer.header("date");
  const std::int64_t seconds = date.empty() ? -1 : curl_getdate(date.c_str(), nullptr);
  return seconds > 0 ? seconds * 1000 : 0;
}

Failure malformed(const Answer& answer, const std::string& request) {
  return classify_api(answer, {"MalformedAnswer", "the answer has no credentials in it", {}}, request, {});
}

}  // namespace

std::optional<GivenKeys> read_session(const Json& response) {
  const auto& keys = member(response, "Credentials");
  GivenKeys out{{text_of(keys, "TmpSecretId"), text_of(keys, "TmpSecretKey"), text_of(keys, "Token")}, number_of(response, "ExpiredTime")};
  const auto& [id, key, token] = out.credentials;
  if (id.empty() || key.empty() || token.empty()) return std::nullopt;
  return out;
}

std::optional<GivenKeys> read_metadata_keys(std::string_view body) {
  const auto keys = cloud::parse_foreign(body);
  GivenKeys out{{text_of(keys, "TmpSecretId"), text_of(keys, "TmpSecretKey"), text_of(keys, "Token")}, number_of(keys, "ExpiredTime")};
  if (out.credentials.secret_id.empty() || out.credentials.secret_key.empty() || text_of(keys, "Code") != "Success") return std::nullopt;
  return out;
}

std::vector<std::string> read_metadata_roles(std::string_view body) {
  std::vector<std::string> roles;
  for (std::size_t at = 0; at < body.size();) {
    const auto end = std::min(body.find('\n', at), body.size());
    if (end > at) roles.emplace_back(body.substr(at, end - at));
    at = end + 1;
  }
  return roles;
}

std::chrono::milliseconds life_of(std::int64_t expired_time_s, const Answer& answer, std::int64_t now_ms) {
  const auto date = date_ms(answer);  // whole seconds: it may have been as good as the next one
  return std::chrono::milliseconds(std::max<std::int64_t>(expired_time_s * 1000 - (date > 0 ? date + kDateRoundsMs : now_ms), 0));
}

struct Sts::Said {
  Failure failure;
  std::string request;
  Answer answer;
  Json response = {};
};

Sts::Sts(const StsOptions& options)
    : api_({"sts", kVersion, options.endpoint, "sts.endpoint", options.region, options.ca_file, options.now_ms, options.proxy}) {}

// `keys` null: not signed, as AssumeRoleWithWebIdentity wants it.
Sts::Said Sts::call(const std::string& action, const std::string& body, const Credentials* keys, const std::string& role) {
  auto told = api_.call(action, body, keys);
  Said said{{}, "STS " + action + (role.empty() ? "" : " of " + role), Answer{std::move(told.answer)}};
  said.response = std::move(told.response);
  if (!told.ok) said.failure = classify_api(said.answer, told.error, said.request, role);
  return said;
}

Reply<SessionKeys> Sts::session_keys(const Said& said) const {
  if (!said.failure.ok()) return {said.failure, {}};
  const auto given = read_session(said.response);
  if (!given) return {malformed(said.answer, said.request), {}};
  return {{}, {given->credentials, life_of(given->expired_time_s, said.answer, api_.clock().now_ms())}};
}

Reply<SessionKeys> Sts::assume_role(const Credentials& keys, const std::string& role_arn, const std::string& session) {
  const Json body = {{"RoleArn", role_arn}, {"RoleSessionName", session}, {"DurationSeconds", kSessionSeconds}};
  return session_keys(call("AssumeRole", body.dump(-1, ' ', false, Json::error_handler_t::replace), &keys, role_arn));
}

Reply<SessionKeys> Sts::assume_role_with_web_identity(const std::string& provider, const std::string& token, const std::string& role_arn,
                                                      const std::string& session) {
  const Json body = {{"ProviderId", provider},
                     {"WebIdentityToken", token},
                     {"RoleArn", role_arn},
                     {"RoleSessionName", session},
                     {"DurationSeconds", kSessionSeconds}};
  return session_keys(call("AssumeRoleWithWebIdentity", body.dump(-1, ' ', false, Json::error_handler_t::replace), nullptr, role_arn));
}

Reply<std::string> Sts::account(const Credentials& keys) {
  const auto said = call("GetCallerIdentity", "{}", &keys, {});
  if (!said.failure.ok()) return {said.failure, {}};
  auto account = text_of(said.response, "AccountId");
  if (account.empty()) return {malformed(said.answer, said.request), {}};
  return {{}, std::move(account)};
}

MetadataService::MetadataService(const std::string& endpoint, std::function<std::int64_t()> now_ms)
    : address_(cloud::parse_address(endpoint, "cvm.metadata.endpoint", "http://metadata.tencentyun.com")),
      now_ms_(std::move(now_ms)),
      transport_(cloud::api_transport({}, "")) {}

Answer MetadataService::get(const std::string& path) {
  cloud::Request request;
  request.method = "GET";
  request.url = address_.origin + address_.path + kRolesPath + encode_path(path);
  request.headers = {{"host", address_.host}};
  return Answer{transport_.send(request)};
}

Reply<SessionKeys> MetadataService::role_keys(const std::string& wanted) {
  const std::string request = "GET " + address_.origin + kRolesPath;
  const auto failed = [&](const Answer& answer, const std::string& role) {
    const bool absent = answer.status == 404;
    return classify_api(answer, {absent ? "NoRoleBound" : "", absent ? "this machine has no such role" : "", {}}, request + role, role);
  };
  const auto list = get({});
  if (list.status != 200) return {failed(list, {}), {}};
  const auto roles = read_metadata_roles(list.body);
  const bool bound = std::find(roles.begin(), roles.end(), wanted) != roles.end();
  if (!bound && roles.size() != 1) return {classify_api(list, {"NoRoleBound", "none of its roles is " + wanted, {}}, request, wanted), {}};
  const auto& role = bound ? wanted : roles.front();
  const auto answer = get(role);
  if (answer.status != 200) return {failed(answer, role), {}};
  const auto given = read_metadata_keys(answer.body);
  if (!given) return {malformed(answer, request + role), {}};
  return {{}, {given->credentials, life_of(given->expired_time_s, answer, now_ms_())}};
}

}  // namespace ch::cos
