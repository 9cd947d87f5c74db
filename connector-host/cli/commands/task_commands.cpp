#include "cli/commands/task_commands.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/commands/task_file.hpp"
#include "cli/download.hpp"
#include "cli/duration.hpp"
#include "cli/progress.hpp"
#include "cli/views.hpp"

namespace ch::cli {
namespace {

using Json = nlohmann::json;
using Steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kProgressInterval{200};
constexpr std::chrono::seconds kWatchInterval{1};

std::string objects_path(const std::string& name, const ObjectsOptions& options, const std::string& after) {
  auto path = task_path(name, fmt::format("/objects?limit={}&order={}", options.limit, options.order));
  if (!options.topic.empty()) path += "&topic=" + percent_encoded(options.topic);
  if (options.partition) path += fmt::format("&partition={}", *options.partition);
  if (!after.empty()) path += "&after=" + percent_encoded(after);
  return path;
}

}  // namespace

TaskCommands::TaskCommands(Client client, ClientOptions options) : ClientCommand(std::move(client), std::move(options)) {}

int TaskCommands::write(Write how, const std::string& file, bool disabled) {
  const auto task = read_task_file(file);
  if (!task) return refuse(task.error().message);
  Json before;
  if (how == Write::update) {
    const auto there = client_.send("GET", task_path(task->name));
    if (!there) return unreachable(there.error());
    if (!there->ok()) return refuse(*there, task->name);
    before = there->json();
  }
  const auto body = disabled ? with_enabled(*task, false) : task->text;
  const auto answer = how == Write::create ? client_.send("POST", "/v1/tasks", body) : client_.send("PUT", task_path(task->name), body);
  if (!answer) return unreachable(answer.error());
  if (!answer->ok()) return refuse(*answer);
  const auto written = answer->json();
  if (!options_.wait) {
    tell_warnings(written);
    const auto updated = text_of(written, "updated_at");
    const auto* outcome = how == Write::create                                           ? "created"
                          : !updated.empty() && updated == text_of(before, "updated_at") ? "unchanged"
                                                                                         : "updated";
    fmt::print("{}", options_.json() ? json_view(written)
                                     : fmt::format("{}: {}, {}\n", safe(task->name), outcome, state_line(status_of(written))));
    return kDone;
  }
  Json status;
  const auto waited = await_written(task->name, written, *options_.wait, false, status);
  if (waited == kDone) print_state(task->name, status);
  return waited;
}

int TaskCommands::list() {
  return read("/v1/tasks", [&](const Json& body) { return tasks_view(body, screen_); });
}

int TaskCommands::show(const std::string& name) {
  return read(
      task_path(name), [](const Json& body) { return task_view(body); }, name);
}

int TaskCommands::status(const std::string& name) {
  return read(
      task_path(name, "/status"), [&](const Json& body) { return status_view(body, screen_, wall_ms()); }, name);
}

int TaskCommands::objects(const std::string& name, const ObjectsOptions& options) {
  if (!options.download.empty()) {
    auto all = options;
    all.order = "oldest";  // for the host the cheaper one
    return download_all(name, all);
  }
  std::string next;
  const int done = read(
      objects_path(name, options, options.after),
      [&](const Json& body) {
        next = text_of(body, "next");
        return objects_view(body, options.links, screen_);
      },
      name);
  if (!next.empty()) fmt::print(stderr, "there are more: --order {} --after {}\n", options.order, safe(next));
  return done;
}

// Page by page: links live for an hour, and a page is fetched long before that is over.
int TaskCommands::download_all(const std::string& name, const ObjectsOptions& options) {
  const auto terminal = error_terminal();
  std::uint64_t count = 0, bytes = 0, kept = 0;
  auto after = options.after;
  do {
    const auto answer = client_.send("GET", objects_path(name, options, after));
    if (!answer) return unreachable(answer.error());
    if (!answer->ok()) return refuse(*answer, name);
    const Json page = answer->json();
    for (const auto& object : page.value("objects", Json::array())) {
      const Download wanted{text_of(object, "key"), text_of(object, "url"), object.value("bytes", std::uint64_t{0})};
      const auto begin = Steady::now();
      auto told = begin;
      const auto progress = [&](std::uint64_t so_far) {
        const auto now = Steady::now();
        if (!terminal || now - told < kProgressInterval) return;
        told = now;
        const auto taken = std::chrono::duration_cast<std::chrono::milliseconds>(now - begin);
        fmt::print(stderr, "\r\x1b[K{}", progress_line(wanted.key, so_far, wanted.bytes, taken, *terminal));
      };
      const auto done = download(wanted, options.download, progress);
      if (terminal) fmt::print(stderr, "\r\x1b[K");
      if (!done) {
        fmt::print(stderr, "{}", refusal(fmt::format("{} could not be fetched: {}", wanted.key, done.error().message), {}));
        return kRefused;
      }
      if (!options_.json()) fmt::print("{}\n", safe((std::filesystem::path(options.download) / wanted.key).string()));
      if (!*done) {
        ++kept;
        continue;
      }
      ++count;
      bytes += wanted.bytes;
    }
    if (auto next = text_of(page, "next"); next.empty() || next != after) {
      after = std::move(next);
    } else {
      return refuse("the host's pages do not end: each names itself as the next one");
    }
  } while (!after.empty());
  if (options_.json()) {
    fmt::print("{}", json_view({{"folder", options.download}, {"objects", count}, {"bytes", bytes}, {"kept", kept}}));
  } else {
    fmt::print(stderr, "{} objects, {} bytes{}\n", count, bytes, kept > 0 ? fmt::format("; {} were there already", kept) : "");
  }
  return kDone;
}

int TaskCommands::topics(const std::string& instance) {
  Json instances = Json::array({instance});
  int status = kDone;
  if (instance.empty()) {
    const auto answer = client_.send("GET", "/v1/instances");  // the host asks all of them at once
    if (!answer) return unreachable(answer.error());
    if (!answer->ok() || !answer->json().is_object()) return refuse(*answer);
    instances = Json::array();
    for (const auto& one : answer->json().value("instances", Json::array())) {
      if (one.value("reachable", true)) {
        instances.push_back(one.at("id"));
        continue;
      }
      fmt::print(stderr, "{}", refusal(fmt::format("instance {}: {}", text_of(one, "id"), text_of(one, "message")), {}));
      status = kRefused;
    }
  }
  Json all = Json::array();
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
  if (status == kDone || !all.empty()) fmt::print("{}", options_.json() ? json_view({{"topics", all}}) : topics_view(all, screen_));
  return status;
}

int TaskCommands::watch(const std::string& name) {
  std::string last;
  while (true) {
    const auto answer = client_.send("GET", task_path(name, "/status"));
    if (!answer) return unreachable(answer.error());
    if (!answer->ok()) return refuse(*answer);
    const Json body = answer->json();
    const bool page = screen_.width > 0 && !options_.json();
    const auto moment = page ? std::optional(wall_ms()) : std::nullopt;  // a countdown would be news every second
    const auto now = options_.json() ? body.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n" : status_view(body, screen_, moment);
    if (now != last) {
      fmt::print("{}{}", page ? "\x1b[H\x1b[2J" : last.empty() || options_.json() ? "" : "\n", now);
      if (std::fflush(stdout) != 0) return kRefused;
    }
    last = now;
    std::this_thread::sleep_for(kWatchInterval);
  }
}

int TaskCommands::validate(const std::string& file, bool preflight) {
  const auto task = read_task_file(file);
  if (!task) return refuse(task.error().message);
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
