#include "cli/commands/apply_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/views.hpp"
#include "config/host_config.hpp"

namespace ch::cli {
namespace {

using Json = nlohmann::json;

enum class Outcome { unchanged, created, changed };

const char* name_of(Outcome outcome) {
  return outcome == Outcome::created ? "created" : outcome == Outcome::changed ? "changed" : "unchanged";
}

// "created 1, changed 2, unchanged 27, deleted 3"; what is 0 is left out.
std::string summary(const std::map<std::string, std::size_t>& counts) {
  std::string out;
  for (const char* what : {"created", "changed", "unchanged", "deleted"}) {
    if (const auto found = counts.find(what); found != counts.end() && found->second > 0)
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", what, found->second);
  }
  return out;
}

std::optional<bool> enabled_in(const TaskFile& task) {
  const auto json = Json::parse(task.text);
  if (!json.contains("enabled") || !json.at("enabled").is_boolean()) return std::nullopt;
  return json.at("enabled").get<bool>();
}

}  // namespace

// What becomes of one task.
struct ApplyCommand::Plan {
  TaskFile task;
  Json before;  // as the host shows it; null: there is none
  std::vector<KeyChange> changes;
  Json after = {};  // as the host has answered

  Outcome outcome() const { return before.is_null() ? Outcome::created : changes.empty() ? Outcome::unchanged : Outcome::changed; }
  const Json& now() const { return after.is_null() ? before : after; }
};

ApplyCommand::ApplyCommand(Client client, ClientOptions options) : ClientCommand(std::move(client), std::move(options)) {}

ExitCode ApplyCommand::ask_connectors(Json& connectors) {
  const auto answer = client_.send("GET", "/v1/connectors");
  if (!answer) return unreachable(answer.error());
  if (!answer->ok()) return refuse(*answer);
  connectors = answer->json();
  return kDone;
}

// What would change, if the host would take it.
ExitCode ApplyCommand::plan(Plan& plan, const Json& connectors) {
  const auto there = client_.send("GET", task_path(plan.task.name));
  if (!there) return unreachable(there.error());
  if (!there->ok() && there->status != 404) return refuse(*there);
  if (there->ok()) plan.before = there->json();
  const auto answer = client_.send("POST", "/v1/validate", plan.task.text);
  if (!answer) return unreachable(answer.error());
  if (!answer->ok()) return refuse(*answer);
  auto verdict = answer->json();
  if (text_of(verdict, "valid") != "true") {
    verdict["message"] = fmt::format("{}: the task {} would be refused", plan.task.where, plan.task.name);
    fmt::print(stderr, "{}", refusal(verdict));
    return kRefused;
  }
  const auto after = config_of(plan.task);
  const auto own = text_of(after, "connector.class");
  const auto secret = secret_keys(connectors, own.empty() ? config::connector_of({}) : own);
  plan.changes = changes_of(plan.before.is_null() ? Json() : plan.before.value("config", Json::object()), after, secret);
  if (const auto compared = verdict.find("changes"); compared != verdict.end())  // the host has compared secrets, too
    std::erase_if(plan.changes,
                  [&](const KeyChange& one) { return std::find(compared->begin(), compared->end(), one.key) == compared->end(); });
  const auto status = status_of(plan.before);
  const auto wanted = enabled_in(plan.task);
  const auto paused = text_of(status, "state") == "PAUSED";
  const auto now = paused ? "paused" : text_of(status, "enabled");
  if (!plan.before.is_null() && wanted && now != (*wanted ? "true" : "false"))
    plan.changes.push_back({"enabled", now, *wanted ? "true" : "false"});
  return kDone;
}

// Of every one that would be refused it is said why.
ExitCode ApplyCommand::plan_all(std::vector<Plan>& plans) {
  Json connectors;
  if (const auto failed = ask_connectors(connectors); failed != kDone) return failed;
  auto status = kDone;
  for (auto& one : plans) {
    const auto judged = plan(one, connectors);
    if (judged != kDone) status = judged;
    if (judged != kDone && judged != kRefused) return judged;
  }
  if (status != kDone && plans.size() > 1) fmt::print(stderr, "nothing was changed\n");
  return status;
}

ExitCode ApplyCommand::unnamed(const std::vector<Plan>& plans, std::vector<std::string>& names) {
  Json tasks;
  if (const auto asked = ask_tasks(tasks); asked != kDone) return asked;
  for (const auto& task : tasks) {
    const auto name = text_of(task, "name");
    if (std::none_of(plans.begin(), plans.end(), [&](const Plan& plan) { return plan.task.name == name; })) names.push_back(name);
  }
  return kDone;
}

ExitCode ApplyCommand::carry_out(Plan& plan) {
  if (plan.outcome() == Outcome::unchanged) return kDone;
  const auto answer = client_.send("PUT", task_path(plan.task.name), plan.task.text);
  if (!answer) return unreachable(answer.error());
  if (!answer->ok()) return refuse(*answer);
  plan.after = answer->json();
  return kDone;
}

ExitCode ApplyCommand::prune(const std::vector<std::string>& names, Json& deleted) {
  auto status = kDone;
  for (const auto& name : names) {
    Json still;
    const auto removed = remove(name, false, still);
    if (removed == kNoSuchTask) continue;
    if (removed != kDone) status = removed;
    if (removed != kDone) continue;
    deleted.push_back(name);
    if (!options_.json()) tell_removed(name, still);
  }
  return status;
}

// For all together as long as --wait says.
ExitCode ApplyCommand::await_all(std::vector<Plan>& plans, bool one) {
  TimeLeft left(*options_.wait);
  auto status = kDone;
  for (auto& plan : plans) {
    Json state;
    const auto waited = await_written(plan.task.name, plan.now(), left(), !one, state);
    if (waited != kDone) status = waited;
    if (waited == kDone && (one || !options_.json())) print_state(plan.task.name, state);
  }
  return status;
}

void ApplyCommand::tell(const Plan& plan, bool dry_run) const {
  const auto* outcome = name_of(plan.outcome());
  const auto state = dry_run ? "" : ", " + state_line(status_of(plan.now()));
  fmt::print("{}: {}{}{}\n", safe(plan.task.name), dry_run && plan.outcome() != Outcome::unchanged ? "would be " : "", outcome, state);
  if (!plan.before.is_null()) fmt::print("{}", changes_view(plan.changes));
}

// A task by itself: as JSON it is what the host answers.
void ApplyCommand::tell_one(const Plan& plan, bool dry_run) const {
  if (!options_.json()) return tell(plan, dry_run);
  const Json planned = {{"name", plan.task.name}, {"exists", !plan.before.is_null()}, {"changes", changes_json(plan.changes)}};
  if (dry_run || !options_.wait) fmt::print("{}", json_view(dry_run ? planned : plan.now()));
}

void ApplyCommand::tell_all(const std::vector<Plan>& plans, const Json& deleted, bool dry_run) const {
  std::map<std::string, std::size_t> counts = {{"deleted", deleted.size()}};
  auto tasks = Json::array();
  for (const auto& plan : plans) {
    ++counts[name_of(plan.outcome())];
    const auto changes = plan.before.is_null() ? Json::array() : changes_json(plan.changes);
    tasks.push_back({{"name", plan.task.name}, {"result", name_of(plan.outcome())}, {"changes", changes}});
  }
  for (const auto& name : deleted) tasks.push_back({{"name", name}, {"result", "deleted"}, {"changes", Json::array()}});
  if (options_.json()) {
    fmt::print("{}", json_view({{"tasks", tasks}, {"dry_run", dry_run}}));
  } else {
    fmt::print("{}{}\n", dry_run ? "would be: " : "", summary(counts));
  }
}

int ApplyCommand::apply(const std::vector<std::string>& paths, const ApplyOptions& options) {
  auto tasks = read_task_files(paths);
  if (!tasks) return refuse(tasks.error().message);
  if (tasks->empty()) return refuse("there is no task in what was named");
  std::error_code error;
  const bool one = paths.size() == 1 && tasks->size() == 1 && !options.prune && !std::filesystem::is_directory(paths.front(), error);
  std::vector<Plan> plans;
  for (auto& task : *tasks) {
    if (options.enabled) task.text = with_enabled(task, *options.enabled);
    plans.push_back({std::move(task), {}, {}});
  }
  if (const auto judged = plan_all(plans); judged != kDone) return judged;
  std::vector<std::string> others;
  if (options.prune) {
    if (const auto asked = unnamed(plans, others); asked != kDone) return asked;
  }
  for (const auto& name : others)
    fmt::print(stderr, "no file names the task {}: it {} deleted\n", safe(name), options.dry_run ? "would be" : "is to be");
  if (!options.dry_run && !others.empty()) {
    if (const auto refused = unless_confirmed(fmt::format("Delete {} tasks?", others.size()), options.yes)) return *refused;
  }

  for (auto& plan : plans) {
    if (const auto done = options.dry_run ? kDone : carry_out(plan); done != kDone) {
      if (!one) fmt::print(stderr, "stopped at {}: what comes behind it is as it was\n", plan.task.where);
      return done;
    }
    if (!options_.wait && !plan.after.is_null()) tell_warnings(plan.after, one ? "" : plan.task.name);
    if (one) tell_one(plan, options.dry_run);
    if (!one && !options_.json() && plan.outcome() != Outcome::unchanged) tell(plan, options.dry_run);
  }
  Json deleted = Json::array();
  auto status = options.dry_run ? kDone : prune(others, deleted);
  if (!one) tell_all(plans, options.dry_run ? Json(others) : deleted, options.dry_run);
  if (status == kDone && options_.wait && !options.dry_run) status = await_all(plans, one);
  return status;
}

int ApplyCommand::set(const std::string& name, const std::vector<std::string>& assignments, bool dry_run) {
  if (assignments.empty())
    return misused(fmt::format("say what is to change: connector-host task set {} KEY=VALUE, or KEY= to remove a key", safe(name)));
  Json wanted = Json::object();
  for (const auto& assignment : assignments) {
    const auto middle = assignment.find('=');
    if (middle == std::string::npos || middle == 0)
      return misused(fmt::format("'{}' is no change: write KEY=VALUE, or KEY= to remove it", assignment));
    const auto value = assignment.substr(middle + 1);
    wanted[assignment.substr(0, middle)] = value.empty() ? Json() : Json(value);
  }
  const auto there = client_.send("GET", task_path(name));
  if (!there) return unreachable(there.error());
  if (!there->ok()) return refuse(*there, name);
  auto config = there->json().value("config", Json::object());  // its masks stand for what is there
  config.merge_patch(wanted);
  std::vector<Plan> plans = {{{name, Json({{"name", name}, {"config", config}}).dump(), "task set"}, {}, {}}};
  auto& plan = plans.front();
  if (const auto judged = plan_all(plans); judged != kDone) return judged;
  if (!dry_run && plan.outcome() != Outcome::unchanged) {
    const auto answer = client_.send("PATCH", task_path(name), Json({{"config", wanted}}).dump());
    if (!answer) return unreachable(answer.error());
    if (!answer->ok()) return refuse(*answer);
    plan.after = answer->json();
    if (!options_.wait) tell_warnings(plan.after);
  }
  tell_one(plan, dry_run);
  return dry_run || !options_.wait ? kDone : await_all(plans, true);
}

}  // namespace ch::cli
