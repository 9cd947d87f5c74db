#include "cos/outcome.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <connector_host/reasons.hpp>
#include <string_view>

#include "cos/errors.hpp"
#include "cos/xml.hpp"

namespace ch::cos {
namespace {

constexpr std::size_t kMaxLine = 512;  // bytes of COS's message that go into ours
constexpr std::uint64_t kMaxRetryAfterSeconds = 3600;

// What an answer says in words: from its <Error> document if it has one, from its headers else.
struct Said {
  bool is_error = false;
  std::string code;
  std::string message;
  std::string request_id;
};

bool is_success(int status) { return status >= 200 && status < 300; }

Said read(const Answer& answer) {
  Said said;
  pugi::xml_document document;
  const bool may_tell = !is_success(answer.status) || answer.error_in_200;
  if (const auto error = may_tell ? parse_xml(document, answer.body, "Error") : pugi::xml_node()) {
    said.is_error = true;
    said.code = child_text(error, "Code");
    said.message = child_text(error, "Message");
    said.request_id = child_text(error, "RequestId");
  }
  if (said.code.empty()) said.code = answer.assumed_code;
  if (said.message.empty()) said.message = answer.error;
  if (said.request_id.empty()) said.request_id = answer.header("x-cos-request-id");
  return said;
}

// COS marks all that it answers with a request id. A status that would be believed and comes without one is that of a proxy,
// a gateway or a login page; redirects and what is tried again anyway need no mark.
bool is_of_somebody_else(const Answer& answer, const Said& said) {
  const bool believed = is_success(answer.status) || (answer.status >= 400 && answer.status < 500);
  return believed && said.request_id.empty();
}

// One line, printable, bounded: it goes into logs and status pages.
std::string on_one_line(std::string_view text) {
  std::string line(text.substr(0, kMaxLine));
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; }, ' ');
  return line;
}

std::string describe(const Answer& answer, const Said& said, const std::string& request) {
  std::string text = request + ": " + (answer.status == 0 ? "no answer" : fmt::format("HTTP {}", answer.status));
  if (!said.code.empty()) text += ' ' + on_one_line(said.code);
  if (!said.message.empty()) text += ": " + on_one_line(said.message);
  if (!said.request_id.empty()) text += " (request id " + on_one_line(said.request_id) + ')';
  return text;
}

std::int64_t retry_after_ms(const Answer& answer) {
  const auto seconds = parse_number(answer.header("retry-after")).value_or(0);
  return static_cast<std::int64_t>(std::min(seconds, kMaxRetryAfterSeconds)) * 1000;
}

std::string remedy_of(const Rule& rule, const std::string& bucket, const std::string& action, const std::string& policy,
                      const std::string& role) {
  return fmt::format(fmt::runtime(rule.remedy), fmt::arg("bucket", bucket), fmt::arg("action", action), fmt::arg("policy", policy),
                     fmt::arg("role", role.empty() ? "that the task names" : role));
}

}  // namespace

Failure classify(const Answer& answer, const std::string& request, const std::string& bucket) {
  if (answer.unsent) return *answer.unsent;
  Said said = read(answer);
  if (is_of_somebody_else(answer, said)) {
    said.code = kNotFromCos;
    said.message = "the answer has no x-cos-request-id: something else gave it in COS's place";
  } else if (is_success(answer.status) && !said.is_error && answer.assumed_code.empty()) {
    return {};
  }
  const bool expired = said.code == "AccessDenied" && said.message.find("Request has expired") != std::string::npos;
  const bool ended = said.code == "InvalidAccessKeyId" && answer.temporary;
  const Rule rule = rule_of(answer.status, expired ? "RequestExpired" : ended ? "ExpiredToken" : said.code);

  Failure failure;
  failure.outcome = rule.outcome;
  failure.reason = rule.reason;
  failure.code = said.code.empty() ? answer.error : said.code;
  failure.message = describe(answer, said, request);
  const std::string action = answer.action.empty() ? "access" : "name/" + answer.action;
  const std::string policy =
      answer.action.empty() || answer.resource.empty() ? "" : ": " + cam_policy({{answer.resource, {answer.action}}});
  failure.remedy = remedy_of(rule, bucket, action, policy, {});
  failure.retry_after_ms = retry_after_ms(answer);
  if (failure.reason == reasons::kAccessDenied) {
    failure.action = answer.action;
    failure.resource = answer.resource;
  }
  return failure;
}

Failure classify_api(const Answer& answer, const ApiError& error, const std::string& request, const std::string& role) {
  const Rule rule = rule_of_api(answer.status, error.code);
  const Said said{true, error.code, error.message.empty() ? answer.error : error.message, error.request_id};
  Failure failure;
  failure.outcome = rule.outcome;
  failure.reason = rule.reason;
  failure.code = error.code.empty() ? answer.error : error.code;
  failure.message = "no credentials: " + describe(answer, said, request);
  failure.remedy = remedy_of(rule, {}, {}, {}, role);
  failure.retry_after_ms = retry_after_ms(answer);
  return failure;
}

std::string cam_policy(const std::map<std::string, std::vector<std::string>>& actions_by_resource) {
  std::string statements;
  for (const auto& [resource, actions] : actions_by_resource) {
    std::string list;
    for (const auto& action : actions) list += fmt::format("{}\"name/{}\"", list.empty() ? "" : ",", action);
    statements += fmt::format(R"({}{{"effect":"allow","action":[{}],"resource":["{}"]}})", statements.empty() ? "" : ",", list, resource);
  }
  return fmt::format(R"({{"version":"2.0","statement":[{}]}})", statements);
}

}  // namespace ch::cos
