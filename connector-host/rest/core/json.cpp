#include "rest/core/json.hpp"

#include <nlohmann/json.hpp>

#include "base/time.hpp"
#include "config/definition.hpp"

namespace ch::rest {

Json time_or_null(std::int64_t unix_ms) { return unix_ms > 0 ? Json(rfc3339(unix_ms)) : Json(); }
Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }
Json offset_or_null(std::int64_t offset) { return offset >= 0 ? Json(offset) : Json(); }

Json problems_json(const std::vector<KeyProblem>& problems) {
  auto list = Json::array();
  for (const auto& problem : problems) list.push_back({{"key", problem.key}, {"value", problem.value}, {"message", problem.message}});
  return list;
}

std::string json_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Response json_response(unsigned status, const Json& body) { return {status, {{"Content-Type", "application/json"}}, json_text(body)}; }

Response error_response(const Error& error) {
  const auto status = http_status(error.code);
  return json_response(status, {{"error_code", status}, {"message", error.message}, {"errors", problems_json(error.problems)}});
}

unsigned http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid:
      return 422;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::conflict:
      return 409;
    case ErrorCode::unavailable:
      return 503;
    case ErrorCode::timed_out:
      return 504;
    case ErrorCode::internal:
      break;
  }
  return 500;
}

std::string unknown_message(std::string_view what, const std::vector<std::string>& known, const std::string& name) {
  auto message = "unknown " + std::string(what);
  if (const auto near = config::nearest(name, known); !near.empty()) return message + "; did you mean " + near + "?";
  if (known.empty()) return message + "; there are none here";
  message += "; known are";
  for (const auto& one : known) message += (&one == &known.front() ? " " : ", ") + one;
  return message;
}

}  // namespace ch::rest
