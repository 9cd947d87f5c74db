#include "cli/commands/state_commands.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/views.hpp"

namespace ch::cli {
namespace {

using Json = nlohmann::json;

bool is_pattern(const std::string& name) { return name.find_first_of("*?[") != std::string::npos; }

bool matches(const std::string& pattern, const std::string& name) { return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0; }

}  // namespace

bool Selection::by_name() const { return !all && state.empty() && std::none_of(names.begin(), names.end(), is_pattern); }

StateCommands::StateCommands(Client client, ClientOptions options) : ClientCommand(std::move(client), std::move(options)) {}

// A name or a pattern that nothing answers to is an error; that no task is in the state is not.
ExitCode StateCommands::choose(const Selection& selection, std::vector<std::string>& names) {
  if (selection.by_name()) {
    for (const auto& name : selection.names) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    return names.empty() ? misused("name a task, a pattern such as 'billing-*', --state or --all") : kDone;
  }
  if (selection.all && !selection.names.empty()) return misused("--all goes without names");
  Json tasks;
  if (const auto asked = ask_tasks(tasks); asked != kDone) return asked;
  for (const auto& pattern : selection.names) {
    if (std::any_of(tasks.begin(), tasks.end(), [&](const Json& task) { return matches(pattern, text_of(task, "name")); })) continue;
    fmt::print(stderr, "{}", refusal("no task is called " + pattern, {}));
    return kNoSuchTask;
  }
  for (const auto& task : tasks) {
    const auto name = text_of(task, "name");
    const bool named = selection.names.empty() || std::any_of(selection.names.begin(), selection.names.end(),
                                                              [&](const auto& pattern) { return matches(pattern, name); });
    if (named && (selection.state.empty() || text_of(status_of(task), "state") == selection.state)) names.push_back(name);
  }
  if (names.empty()) fmt::print(stderr, "no task {}: nothing to do\n", selection.state.empty() ? "is there" : "is " + selection.state);
  return kDone;
}

ExitCode StateCommands::send(const std::string& action, const std::string& name, Json& status) {
  const auto answer = client_.send("POST", task_path(name, "/" + action));
  if (!answer) return unreachable(answer.error());
  if (!answer->ok()) return refuse(*answer, name);
  status = answer->json();
  return kDone;
}

void StateCommands::print_all(const Json& statuses) const {
  if (options_.json()) fmt::print("{}", json_view({{"tasks", statuses}}));
}

// Of many all are asked before any is waited for. What fails for one does not keep the others; the exit status is the last failure's.
int StateCommands::act(const std::string& action, const Selection& selection) {
  std::vector<std::string> names;
  if (const auto chosen = choose(selection, names); chosen != kDone) return chosen;
  const bool one = selection.by_name() && names.size() == 1;
  auto result = kDone;
  Json statuses = Json::array();
  const auto told = [&](const std::string& name, const Json& status) {
    if (one || !options_.json()) print_state(name, status);
    statuses.push_back(status);
  };
  std::vector<std::string> asked;
  for (const auto& name : names) {
    if (one && options_.wait) {
      asked.push_back(name);
      continue;
    }
    Json status;
    const auto sent = send(action, name, status);
    if (sent == kUnreachable) return sent;
    if (sent != kDone) result = sent;
    if (sent != kDone) continue;
    asked.push_back(name);
    if (options_.wait) continue;
    if (action == "enable") tell_warnings(status, one ? "" : name);
    told(name, status);
    if (action == "enable" && text_of(status_of(status), "state") == "PAUSED")
      fmt::print(stderr, "note: it is paused; connector-host task resume {} goes on\n", safe(name));
  }
  TimeLeft left(options_.wait.value_or(std::chrono::milliseconds(0)));
  for (const auto& name : options_.wait ? asked : std::vector<std::string>()) {
    Json status;
    const auto waited = await(name, action == "restart" && !one ? "enable" : action, left(), !one, status);  // not restarted twice
    if (waited != kDone) result = waited;
    if (waited == kDone) told(name, status);
  }
  if (!one) print_all(statuses);
  return result;
}

int StateCommands::remove(const Selection& selection, bool discard, bool yes) {
  std::vector<std::string> names;
  if (const auto chosen = choose(selection, names); chosen != kDone) return chosen;
  if (!selection.by_name() && !names.empty()) {
    for (const auto& name : names) fmt::print(stderr, "{} is to be deleted\n", safe(name));
    if (const auto refused = unless_confirmed(fmt::format("Delete {} tasks?", names.size()), yes)) return *refused;
  }
  const bool one = selection.by_name() && names.size() == 1;
  auto result = kDone;
  Json gone = Json::array();
  for (const auto& name : names) {
    Json still;
    const auto removed = ClientCommand::remove(name, discard, still);
    if (removed == kUnreachable) return removed;
    if (removed != kDone) result = removed;
    if (removed != kDone) continue;
    const Json said = still.is_null() ? Json({{"name", name}, {"deleted", true}}) : still;
    gone.push_back(said);
    if (!options_.json()) {
      tell_removed(name, still);
    } else if (one) {
      fmt::print("{}", json_view(said));
    }
  }
  if (!one) print_all(gone);
  return result;
}

}  // namespace ch::cli
