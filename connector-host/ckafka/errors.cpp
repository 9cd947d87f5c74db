#include "ckafka/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <connector_host/reasons.hpp>

#include "base/text.hpp"

namespace ch::ckafka {
namespace {

constexpr std::size_t kMaxQuoted = 512;

constexpr std::string_view kKeys =
    "Check ckafka.api.secret.id and ckafka.api.secret.key of the instance: the key was deleted or disabled, or does not belong to its id.";
constexpr std::string_view kGrant =
    R"(In CAM, grant the user of ckafka.api.secret.id: {"version":"2.0","statement":[{"effect":"allow","action":["name/ckafka:DescribeInstanceAttributes","name/ckafka:DescribeTopicAttributes"],"resource":["*"]}]})";
constexpr std::string_view kNames =
    "Check that the instance is called in `instances` as CKafka calls it (ckafka-…), that its region is right, and that the topic is "
    "there.";
constexpr std::string_view kClock = "Set this machine's clock (NTP): it differs from Tencent Cloud's.";
constexpr std::string_view kWait = "Nothing: it is asked again.";
constexpr std::string_view kNetwork = "Check this machine's route to ckafka.api.endpoint: name resolution, firewall, TLS certificate.";
constexpr std::string_view kDefect =
    "Check the instance's ckafka.api.* and region; if they are right, this is a defect: report it with the request id.";

// The codes of the service (errorcodes.py of Tencent's SDK for ckafka 2019-08-19), and those that every API of the cloud may give.
constexpr std::array kRules = {
    Rule{"AuthFailure.SignatureExpire", reasons::kCkafkaError, kClock},
    Rule{"AuthFailure.UnauthorizedOperation", reasons::kAccessDenied, kGrant},
    Rule{"AuthFailure.TokenFailure", reasons::kCredentialsExpired, kKeys},
    Rule{"AuthFailure", reasons::kCredentialsRefused, kKeys},
    Rule{"UnauthorizedOperation", reasons::kAccessDenied, kGrant},
    Rule{"OperationDenied", reasons::kAccessDenied, kGrant},
    Rule{"ResourceNotFound", reasons::kCkafkaError, kNames},
    Rule{"InvalidParameterValue", reasons::kCkafkaError, kNames},
    Rule{"ResourceUnavailable", reasons::kCkafkaError, kWait},
    Rule{"ResourceInUse", reasons::kCkafkaError, kWait},
    Rule{"FailedOperation", reasons::kCkafkaError, kWait},
    Rule{"InternalError", reasons::kCkafkaError, kWait},
    Rule{"RequestLimitExceeded", reasons::kCkafkaError, kWait},
};

const Rule* find(std::string_view code) {
  const auto* const found = std::find_if(kRules.begin(), kRules.end(), [&](const Rule& rule) { return rule.code == code; });
  return found == kRules.end() ? nullptr : found;
}

Rule rule_of(int status, std::string_view code) {
  if (const auto* exact = find(code)) return *exact;
  if (const auto* family = find(code.substr(0, code.find('.')))) return *family;
  if (status == 0) return {"", reasons::kCkafkaError, kNetwork};
  if (code.empty())
    return {"", reasons::kCkafkaError, status >= 400 && status < 500 ? kNetwork : kWait};  // none of the API: something on the way
  return {"", reasons::kCkafkaError, kDefect};
}

std::string on_one_line(std::string_view text) { return escaped(text, Escape::terminal, kMaxQuoted); }

}  // namespace

std::span<const Rule> rules() { return kRules; }

Interruption trouble_of(const cloud::ApiAnswer& answer, const std::string& request) {
  const auto& error = answer.error;
  const auto rule = rule_of(answer.answer.status, error.code);
  std::string message = fmt::format("CKafka's API, {}: ", request);
  message += answer.answer.status == 0 ? "no answer" : fmt::format("HTTP {}", answer.answer.status);
  if (!error.code.empty()) message += ' ' + on_one_line(error.code);
  if (const auto& text = error.message.empty() ? answer.answer.error : error.message; !text.empty()) message += ": " + on_one_line(text);
  if (!error.request_id.empty()) message += fmt::format(" (request id {})", on_one_line(error.request_id));
  return {std::string(rule.reason), std::move(message), std::string(rule.remedy)};
}

}  // namespace ch::ckafka
