#include "cli/commands/client_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/text.hpp"
#include "cli/duration.hpp"
#include "cli/views.hpp"
#include "config/definition.hpp"

namespace ch::cli {

using Json = nlohmann::json;

namespace {

constexpr std::chrono::seconds kDeleteWait{30};  // a host takes this long to answer a DELETE without ?wait=

}  // namespace

std::string task_path(const std::string& name, const std::string& rest) { return "/v1/tasks/" + percent_encoded(name) + rest; }

std::string safe(const std::string& text) { return escaped(text, Escape::terminal); }

ClientCommand::ClientCommand(Client client, ClientOptions options)
    : client_(std::move(client)), options_(std::move(options)), screen_(standard_output()) {
  if (options_.output == "wide") screen_.width = 0;
}

ExitCode ClientCommand::unreachable(const Error& error) {
  fmt::print(stderr, "{}", refusal(error.message, {}));
  return kUnreachable;
}

ExitCode ClientCommand::refuse(const std::string& message) {
  fmt::print(stderr, "{}", refusal(message, {}));
  return kRefused;
}

ExitCode ClientCommand::misused(const std::string& message) {
  fmt::print(stderr, "{}", refusal(message, {}));
  return kUsage;
}

ExitCode ClientCommand::refuse(const Answer& answer, const std::string& task) {
  Json body = answer.json();
  if (answer.status == 401) {
    fmt::print(stderr, "{}", refusal(client_.not_admitted(), {}));
    return kNotAllowed;
  }
  if (text_of(body, "message").empty()) {
    fmt::print(stderr, "error: {} answers HTTP {} and not as a connector-host: is --url right?\n", client_.url(), answer.status);
    return kRefused;
  }
  if (const auto near = answer.status == 404 && !task.empty() ? nearest_task(task) : ""; !near.empty())
    body["message"] = fmt::format("{}; did you mean {}?", text_of(body, "message"), near);
  fmt::print(stderr, "{}", refusal(body));
  return exit_code_of(answer.status, options_.wait.has_value());
}

// Nothing is refused because of them: they do not change the exit status.
void ClientCommand::tell_warnings(const Json& answer, const std::string& task) {
  fmt::print(stderr, "{}{}", start_view(status_of(answer), task), warnings_view(status_of(answer), task));
}

void ClientCommand::print_state(const std::string& name, const Json& answer) const {
  if (options_.json()) {
    fmt::print("{}", json_view(answer));
  } else {
    const auto done = text_of(answer, "message");  // what a restart does
    fmt::print("{}: {}{}\n", safe(name), state_line(status_of(answer)), done.empty() ? "" : "; " + safe(done));
  }
}

std::string ClientCommand::nearest_task(const std::string& name) {
  const auto answer = client_.send("GET", "/v1/tasks");
  const auto body = answer ? answer->json() : Json();
  std::vector<std::string> names;
  if (!body.is_object()) return "";
  for (const auto& task : body.value("tasks", Json::array())) names.push_back(text_of(task, "name"));
  return config::nearest(name, names);
}

ExitCode ClientCommand::await(const std::string& name, const std::string& action, std::chrono::milliseconds wait, bool many, Json& status) {
  const auto answer = client_.send("POST", task_path(name, fmt::format("/{}?wait={}", action, exactly(wait))), "", wait);
  if (!answer) return unreachable(answer.error());
  if (answer->status == 409 && action == "enable") {
    fmt::print(stderr, "error: {}\n  connector-host task resume {}\n", safe(text_of(answer->json(), "message")), safe(name));
    return kConflict;
  }
  if (!answer->ok() && answer->status != 504) return refuse(*answer, name);
  status = answer->json();
  if (action == "enable") tell_warnings(status, many ? name : "");
  if (answer->ok()) return kDone;
  fmt::print(stderr, "error: {}: not yet after {}: {}\n", safe(name), exactly(*options_.wait), state_line(status_of(status)));
  return kWaitRanOut;
}

ExitCode ClientCommand::await_written(const std::string& name, const Json& task, std::chrono::milliseconds wait, bool many, Json& status) {
  const bool paused = text_of(status_of(task), "state") == "PAUSED";
  if (!paused && text_of(status_of(task), "enabled") == "true")
    return await(name, "enable", wait, many, status);  // which tells the warnings
  tell_warnings(task, many ? name : "");
  return await(name, paused ? "pause" : "disable", wait, many, status);
}

ExitCode ClientCommand::remove(const std::string& name, bool discard, Json& status) {
  std::string query = discard ? "?discard=true" : "";
  if (options_.wait) query += fmt::format("{}wait={}", query.empty() ? "?" : "&", exactly(*options_.wait));
  const auto answer = client_.send("DELETE", task_path(name, query), "", options_.wait.value_or(kDeleteWait));
  if (!answer) return unreachable(answer.error());
  if (!answer->ok()) return refuse(*answer, name);
  status = answer->status == 202 ? answer->json() : Json();
  if (answer->status != 202 || !options_.wait) return kDone;
  fmt::print(stderr, "error: {}: not gone after {}: {}\n", safe(name), exactly(*options_.wait), state_line(status_of(status)));
  return kWaitRanOut;
}

void ClientCommand::tell_removed(const std::string& name, const Json& status) {
  fmt::print("{}: {}\n", safe(name), status.is_null() ? "deleted" : "being deleted, " + state_line(status_of(status)));
}

ExitCode ClientCommand::ask_tasks(Json& tasks) {
  const auto answer = client_.send("GET", "/v1/tasks");
  if (!answer) return unreachable(answer.error());
  const auto body = answer->json();
  if (!answer->ok() || !body.is_object()) return refuse(*answer);
  tasks = body.value("tasks", Json::array());
  return kDone;
}

std::optional<ExitCode> ClientCommand::unless_confirmed(const std::string& question, bool yes) {
  if (yes) return std::nullopt;
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0)
    return misused("nothing was changed: give --yes, as there is no terminal to ask");
  fmt::print(stderr, "{} [y/N] ", question);
  std::fflush(stderr);
  std::string said;
  std::getline(std::cin, said);
  if (said == "y" || said == "Y" || said == "yes") return std::nullopt;
  return refuse("nothing was changed");
}

int ClientCommand::read(const std::string& path, const std::function<std::string(Json&)>& view, const std::string& task) {
  const auto answer = client_.send("GET", path);
  if (!answer) return unreachable(answer.error());
  if (!answer->ok()) return refuse(*answer, task);
  Json body = answer->json();
  if (!body.is_object()) return refuse(*answer);
  const auto shown = view(body);
  fmt::print("{}", options_.json() ? json_view(body) : shown);
  return kDone;
}

}  // namespace ch::cli
