#include "cli/task_commands.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/text.hpp"
#include "cli/download.hpp"
#include "cli/duration.hpp"
#include "cli/task_file.hpp"
#include "cli/views.hpp"

namespace ch::cli {
namespace {

using Json = nlohmann::json;
using Steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kProgressInterval{200};
constexpr std::chrono::seconds kWatchInterval{1};
constexpr std::chrono::seconds kDeleteWait{30};  // a host takes this long to answer a DELETE without ?wait=

std::string task_path(const std::string& name, const std::string& rest = "") { return "/v1/tasks/" + percent_encoded(name) + rest; }

Json names_of(const Json& answer, const std::string& list, const std::string& key) {
  Json out = Json::array();
  for (const auto& item : answer.value(list, Json::array())) out.push_back(text_of(item, key));
  return out;
}

std::string safe(const std::string& text) { return escaped(text, Escape::terminal); }

std::string objects_path(const std::string& name, const ObjectsOptions& options, const std::string& after) {
  auto path = task_path(name, fmt::format("/objects?limit={}", options.limit));
  if (!options.topic.empty()) path += "&topic=" + percent_encoded(options.topic);
  if (options.partition) path += fmt::format("&partition={}", *options.partition);
  if (!after.empty()) path += "&after=" + percent_encoded(after);
  return path;
}

}  // namespace

TaskCommands::TaskCommands(Client client, ClientOptions options)
    : client_(std::move(client)), options_(std::move(options)), screen_(standard_output()) {}

ExitCode TaskCommands::unreachable(const Error& error) const {
  fmt::print(stderr, "{}", refusal(error.message, {}));
  return kUnreachable;
}

ExitCode TaskCommands::refuse(const Answer& answer) const {
  const Json body = answer.json();
  if (text_of(body, "message").empty()) {
    fmt::print(stderr, "error: {} answers HTTP {} and not as a connector-host: is --url right?\n", client_.url(), answer.status);
    return kRefused;
  }
  fmt::print(stderr, "{}", refusal(body));
  return exit_code_of(answer.status, options_.wait.has_value());
}

// Nothing is refused because of them: they do not change the exit status.
void TaskCommands::tell_warnings(const Json& answer) { fmt::print(stderr, "{}", warnings_view(status_of(answer))); }

void TaskCommands::print_state(const std::string& name, const Json& answer) const {
  if (options_.json()) {
    fmt::print("{}", json_view(answer));
  } else {
    fmt::print("{}: {}\n", safe(name), state_line(status_of(answer)));
  }
}

ExitCode TaskCommands::await(const std::string& name, const std::string& action) {
  const auto answer =
      client_.send("POST", task_path(name, fmt::format("/{}?wait={}", action, in_seconds(*options_.wait))), "", *options_.wait);
  if (!answer) return unreachable(answer.error());
  if (!answer->ok() && answer->status != 504) return refuse(*answer);
  if (action == "enable") tell_warnings(answer->json());
  if (answer->ok()) {
    print_state(name, answer->json());
    return kDone;
  }
  fmt::print(stderr, "error: {}: not yet after {}: {}\n", safe(name), in_seconds(*options_.wait), state_line(status_of(answer->json())));
  return kWaitRanOut;
}

int TaskCommands::write(Write how, const std::string& file, bool disabled) {
  const auto task = read_task_file(file);
  if (!task) {
    fmt::print(stderr, "{}", refusal(task.error().message, {}));
    return kRefused;
  }
  if (how == Write::update) {
    const auto there = client_.send("GET", task_path(task->name));
    if (!there) return unreachable(there.error());
    if (!there->ok()) return refuse(*there);
  }
  const auto body = disabled ? with_enabled(*task, false) : task->text;
  const auto answer = how == Write::create ? client_.send("POST", "/v1/tasks", body) : client_.send("PUT", task_path(task->name), body);
  if (!answer) return unreachable(answer.error());
  return answer->ok() ? report_written(*task, *answer) : refuse(*answer);
}

int TaskCommands::report_written(const TaskFile& task, const Answer& answer) {
  tell_warnings(answer.json());
  if (options_.wait) return await_written(task.name, answer.json());
  if (options_.json()) {
    fmt::print("{}", json_view(answer.json()));
  } else {
    fmt::print("{}: {}, {}\n", safe(task.name), answer.status == 201 ? "created" : "updated", state_line(status_of(answer.json())));
  }
  return kDone;
}

int TaskCommands::apply(const std::string& file, bool disabled, bool dry) {
  const auto task = read_task_file(file);
  if (!task) {
    fmt::print(stderr, "{}", refusal(task.error().message, {}));
    return kRefused;
  }
  const auto there = client_.send("GET", task_path(task->name));
  if (!there) return unreachable(there.error());
  const bool exists = there->status != 404;
  if (exists && !there->ok()) return refuse(*there);
  const auto connectors = client_.send("GET", "/v1/connectors");
  if (!connectors) return unreachable(connectors.error());
  if (!connectors->ok()) return refuse(*connectors);
  const Json after = config_of(*task);
  const auto own = text_of(after, "connector.class");
  const auto secret = secret_keys(connectors->json(), own.empty() ? "cos-sink" : own);
  const auto changes = changes_of(exists ? there->json().value("config", Json::object()) : Json(), after, secret);
  if (dry) return dry_run(*task, exists, changes);

  const auto answer = client_.send("PUT", task_path(task->name), disabled ? with_enabled(*task, false) : task->text);
  if (!answer) return unreachable(answer.error());
  if (!answer->ok()) return refuse(*answer);
  if (exists && !options_.json()) fmt::print("{}", changes_view(changes));
  return report_written(*task, *answer);
}

int TaskCommands::dry_run(const TaskFile& task, bool exists, const std::vector<KeyChange>& changes) {
  const auto verdict = client_.send("POST", "/v1/validate", task.text);
  if (!verdict) return unreachable(verdict.error());
  if (!verdict->ok()) return refuse(*verdict);
  Json body = verdict->json();
  const bool valid = text_of(body, "valid") == "true";
  if (valid && options_.json()) {
    fmt::print("{}", json_view({{"name", task.name}, {"exists", exists}, {"changes", changes_json(changes)}}));
  } else if (valid) {
    fmt::print("{}: {}\n{}", safe(task.name),
               !exists           ? "would be created"
               : changes.empty() ? "nothing would change"
                                 : "would be updated",
               changes_view(changes));
  }
  body["message"] = "the task " + task.name + " would be refused";
  if (!valid) fmt::print(stderr, "{}", refusal(body));
  return valid ? kDone : kRefused;
}

// The change has come true when the task runs with it, or when it has come to rest.
ExitCode TaskCommands::await_written(const std::string& name, const Json& task) {
  const auto state = text_of(status_of(task), "state");
  if (state == "PAUSED") return await(name, "pause");
  return await(name, text_of(status_of(task), "enabled") == "true" ? "enable" : "disable");
}

template <class View>
int TaskCommands::read(const std::string& path, View&& view) {
  const auto answer = client_.send("GET", path);
  if (!answer) return unreachable(answer.error());
  if (!answer->ok()) return refuse(*answer);
  const Json body = answer->json();
  if (body.is_null()) return refuse(*answer);
  fmt::print("{}", options_.json() ? json_view(body) : view(body));
  return kDone;
}

int TaskCommands::list() {
  return read("/v1/tasks", [&](const Json& body) { return tasks_view(body, screen_); });
}

int TaskCommands::show(const std::string& name) {
  return read(task_path(name), [](const Json& body) { return task_view(body); });
}

int TaskCommands::status(const std::string& name) {
  return read(task_path(name, "/status"), [&](const Json& body) { return status_view(body, screen_); });
}

int TaskCommands::events(const std::string& name, std::int64_t after, int limit) {
  return read(task_path(name, fmt::format("/events?after={}&limit={}", after, limit)),
              [&](const Json& body) { return events_view(body, screen_); });
}

int TaskCommands::objects(const std::string& name, const ObjectsOptions& options) {
  if (!options.download.empty()) return download_all(name, options);
  std::string next;
  const int done = read(objects_path(name, options, options.after), [&](const Json& body) {
    next = text_of(body, "next");
    return objects_view(body, options.links, screen_);
  });
  if (!next.empty()) fmt::print(stderr, "there are more: --after {}\n", safe(next));
  return done;
}

// Page by page: links live for an hour, and a page is fetched long before that is over.
int TaskCommands::download_all(const std::string& name, const ObjectsOptions& options) {
  const bool shows_progress = ::isatty(STDERR_FILENO) != 0;
  std::uint64_t count = 0, bytes = 0;
  auto after = options.after;
  do {
    const auto answer = client_.send("GET", objects_path(name, options, after));
    if (!answer) return unreachable(answer.error());
    if (!answer->ok()) return refuse(*answer);
    const Json page = answer->json();
    for (const auto& object : page.value("objects", Json::array())) {
      const Download wanted{text_of(object, "key"), text_of(object, "url"), object.value("bytes", std::uint64_t{0})};
      auto told = Steady::now();
      const auto progress = [&](std::uint64_t so_far) {
        if (!shows_progress || Steady::now() - told < kProgressInterval) return;
        told = Steady::now();
        fmt::print(stderr, "\r\x1b[K{}: {} of {} bytes", safe(wanted.key), so_far, wanted.bytes);
      };
      const auto done = download(wanted, options.download, progress);
      if (shows_progress) fmt::print(stderr, "\r\x1b[K");
      if (!done) {
        fmt::print(stderr, "{}", refusal(fmt::format("{} could not be fetched: {}", wanted.key, done.error().message), {}));
        return kRefused;
      }
      if (!options_.json()) fmt::print("{}\n", safe((std::filesystem::path(options.download) / wanted.key).string()));
      ++count;
      bytes += wanted.bytes;
    }
    after = text_of(page, "next");
  } while (!after.empty());
  if (options_.json()) {
    fmt::print("{}", json_view({{"folder", options.download}, {"objects", count}, {"bytes", bytes}}));
  } else {
    fmt::print(stderr, "{} objects, {} bytes\n", count, bytes);
  }
  return kDone;
}

int TaskCommands::topics(const std::string& instance) {
  Json instances = Json::array({instance});
  if (instance.empty()) {
    const auto answer = client_.send("GET", "/v1/instances");
    if (!answer) return unreachable(answer.error());
    if (!answer->ok() || !answer->json().is_object()) return refuse(*answer);
    instances = names_of(answer->json(), "instances", "id");
  }
  Json all = Json::array();
  int status = kDone;
  for (const auto& id : instances) {
    const auto answer = client_.send("GET", "/v1/instances/" + percent_encoded(id.get<std::string>()) + "/topics");
    if (!answer) return unreachable(answer.error());
    if (!answer->ok()) {
      refuse(*answer);
      status = kRefused;
      continue;
    }
    for (auto& topic : answer->json().value("topics", Json::array())) {
      topic["instance"] = id;
      all.push_back(std::move(topic));
    }
  }
  if (status == kDone) fmt::print("{}", options_.json() ? json_view({{"topics", all}}) : topics_view(all, screen_));
  return status;
}

int TaskCommands::act(const std::string& action, const std::string& name) {
  if (options_.wait) return await(name, action);
  const auto answer = client_.send("POST", task_path(name, "/" + action));
  if (!answer) return unreachable(answer.error());
  if (!answer->ok()) return refuse(*answer);
  print_state(name, answer->json());
  return kDone;
}

int TaskCommands::remove(const std::string& name, bool discard) {
  std::string query = discard ? "?discard=true" : "";
  if (options_.wait) query += fmt::format("{}wait={}", query.empty() ? "?" : "&", in_seconds(*options_.wait));
  const auto answer = client_.send("DELETE", task_path(name, query), "", options_.wait.value_or(kDeleteWait));
  if (!answer) return unreachable(answer.error());
  if (!answer->ok()) return refuse(*answer);
  const Json body = answer->json();
  if (answer->status != 202) {
    fmt::print("{}", options_.json() ? json_view({{"name", name}, {"deleted", true}}) : safe(name) + ": deleted\n");
    return kDone;
  }
  if (!options_.wait) {
    fmt::print("{}", options_.json() ? json_view(body) : fmt::format("{}: being deleted, {}\n", safe(name), state_line(status_of(body))));
    return kDone;
  }
  fmt::print(stderr, "error: {}: not gone after {}: {}\n", safe(name), in_seconds(*options_.wait), state_line(status_of(body)));
  return kWaitRanOut;
}

int TaskCommands::watch(const std::string& name) {
  std::string last;
  while (true) {
    const auto answer = client_.send("GET", task_path(name, "/status"));
    if (!answer) return unreachable(answer.error());
    if (!answer->ok()) return refuse(*answer);
    const Json body = answer->json();
    const auto now = options_.json() ? body.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n" : status_view(body, screen_);
    if (now != last) {
      const bool page = screen_.width > 0 && !options_.json();
      fmt::print("{}{}", page ? "\x1b[H\x1b[2J" : last.empty() || options_.json() ? "" : "\n", now);
      if (std::fflush(stdout) != 0) return kRefused;
    }
    last = now;
    std::this_thread::sleep_for(kWatchInterval);
  }
}

int TaskCommands::validate(const std::string& file, bool preflight) {
  const auto task = read_task_file(file);
  if (!task) {
    fmt::print(stderr, "{}", refusal(task.error().message, {}));
    return kRefused;
  }
  const auto answer = client_.send("POST", preflight ? "/v1/validate?preflight=true" : "/v1/validate", task->text);
  if (!answer) return unreachable(answer.error());
  if (!answer->ok()) return refuse(*answer);
  Json body = answer->json();
  const bool valid = text_of(body, "valid") == "true";
  if (options_.json()) {
    fmt::print("{}", json_view(body));
  } else if (valid) {
    fmt::print("{}: valid\n", safe(task->name));
  }
  body["message"] = "the task " + task->name + " is not valid";
  if (!valid) fmt::print(stderr, "{}", refusal(body));
  return valid ? kDone : kRefused;
}

}  // namespace ch::cli
