#include <fmt/format.h>

#include <algorithm>

#include "rest/connect/routes.hpp"
#include "tasks/task_validation.hpp"

namespace ch::rest::connect {

namespace {

constexpr const char* kUnknownClass = "Failed to find any class that implements Connector and which name matches";

std::string invalid_message(const Error& error) {
  if (error.problems.empty()) return error.message;
  const auto problems = as_connect_counts(error.problems);
  std::string out = fmt::format("Connector configuration is invalid and contains the following {} error(s):", problems.size());
  for (const auto& problem : problems) {
    if (problem.key == "connector.class") return fmt::format("{} {}: {}", kUnknownClass, problem.value, problem.message);
    out += problem.value.empty() ? fmt::format("\n{}: {}", problem.key, problem.message)
                                 : fmt::format("\nInvalid value {} for configuration {}: {}", problem.value, problem.key, problem.message);
  }
  return out + "\nYou can also find the above list of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`";
}

}  // namespace

std::vector<KeyProblem> as_connect_counts(std::vector<KeyProblem> problems) {
  const auto found = std::find_if(problems.begin(), problems.end(), [](const KeyProblem& problem) {
    return problem.key == "topics" && problem.message == tasks::kTopicsOrRegex;
  });
  if (found != problems.end()) problems.insert(found + 1, {"topics.regex", "", found->message});
  return problems;
}

Response refused(const Error& error) { return plain_error(400, error.message); }
Response not_found(const std::string& message) { return plain_error(404, message); }

Response error_answer(const Error& error) {
  switch (error.code) {
    case ErrorCode::invalid:
      return plain_error(400, invalid_message(error));
    case ErrorCode::not_found:
      return not_found(error.message);
    case ErrorCode::conflict:
      return plain_error(409, error.message);
    case ErrorCode::unavailable:
    case ErrorCode::timed_out:
    case ErrorCode::internal:
      break;
  }
  return plain_error(500, error.message);  // Kafka Connect knows no 503 for these
}

Response error_answer(const Error& error, const std::string& missing) {
  return error.code == ErrorCode::not_found ? not_found(missing) : error_answer(error);
}

}  // namespace ch::rest::connect
