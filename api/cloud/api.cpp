#include "cloud/api.hpp"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

namespace ch::cloud {
namespace {

using Json = nlohmann::json;

constexpr const char* kJson = "application/json";

std::string text_of(const Json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Json member(const Json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() ? *found : Json();
}

}  // namespace

TransportOptions api_transport(const std::string& ca_file) { return {ca_file, kApiTimeoutMs / 2, kApiTimeoutMs, kApiTimeoutMs}; }

Api::Api(ApiOptions options)
    : options_(std::move(options)),
      address_(parse_address(options_.endpoint, options_.endpoint_key, "https://" + options_.service + ".tencentcloudapi.com")),
      clock_(options_.now_ms),
      transport_(api_transport(options_.ca_file)) {}

ApiAnswer Api::call_once(const std::string& action, const std::string& body, const Credentials* keys) {
  const auto timestamp = clock_.now_ms() / 1000;
  Request request;
  request.method = "POST";
  request.url = address_.origin + address_.path + "/";
  request.headers = {{"host", address_.host},
                     {"content-type", kJson},
                     {"x-tc-action", action},
                     {"x-tc-version", options_.version},
                     {"x-tc-region", options_.region.empty() ? "ap-guangzhou" : options_.region},
                     {"x-tc-timestamp", std::to_string(timestamp)}};
  if (keys == nullptr) {
    request.headers.emplace_back("authorization", "SKIP");
  } else {
    request.headers.emplace_back("authorization", tc3_authorization(*keys, {options_.service, address_.host, kJson, body, timestamp}));
    if (!keys->token.empty()) request.headers.emplace_back("x-tc-token", keys->token);
  }
  request.body_size = body.size();
  request.body = [&body](std::size_t at, std::span<char> out) { return body.copy(out.data(), out.size(), at); };

  const auto sent = clock_.own_ms();
  ApiAnswer out;
  out.answer = transport_.send(request);
  const auto response = member(Json::parse(out.answer.body, nullptr, false), "Response");
  const auto error = member(response, "Error");
  out.error = {text_of(error, "Code"), text_of(error, "Message"), text_of(response, "RequestId")};
  out.ok = out.answer.status == 200 && response.is_object() && !error.is_object();
  if (response.is_object()) clock_.observe(out.answer.header("date"), sent, out.error.code == "AuthFailure.SignatureExpire");
  return out;
}

ApiAnswer Api::call(const std::string& action, const std::string& body, const Credentials* keys) {
  const auto signed_with = clock_.skew_ms();
  auto answer = call_once(action, body, keys);
  const bool by_the_clock = answer.error.code == "AuthFailure.SignatureExpire";
  if (!by_the_clock || std::abs(clock_.skew_ms() - signed_with) < kSignedWrongMs) return answer;
  return call_once(action, body, keys);
}

}  // namespace ch::cloud
