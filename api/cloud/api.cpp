#include "cloud/api.hpp"

#include <cstdlib>
#include <utility>

namespace ch::cloud {
namespace {

constexpr const char* kJson = "application/json";

}  // namespace

TransportOptions api_transport(const std::string& ca_file, std::optional<std::string> proxy) {
  return {ca_file, kApiTimeoutMs / 2, kApiTimeoutMs, kApiTimeoutMs, std::move(proxy)};
}

ApiBody read_api_body(std::string_view body) {
  auto document = parse_foreign(body);
  ApiBody out;
  if (const auto found = document.is_object() ? document.find("Response") : document.end(); found != document.end())
    out.response = std::move(*found);
  const auto& error = member(out.response, "Error");
  out.error = {text_of(error, "Code"), text_of(error, "Message"), text_of(out.response, "RequestId")};
  return out;
}

Api::Api(ApiOptions options)
    : options_(std::move(options)),
      address_(parse_address(options_.endpoint, options_.endpoint_key, "https://" + options_.service + ".tencentcloudapi.com")),
      clock_(options_.now_ms),
      transport_(api_transport(options_.ca_file, options_.proxy)) {}

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
  auto body_read = read_api_body(out.answer.body);
  out.error = std::move(body_read.error);
  out.response = std::move(body_read.response);
  out.ok = out.answer.status == 200 && out.response.is_object() && !member(out.response, "Error").is_object();
  if (out.response.is_object()) clock_.observe(out.answer.header("date"), sent, out.error.code == "AuthFailure.SignatureExpire");
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
