#include "rest/connect/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/time.hpp"
#include "config/overrides.hpp"
#include "tasks/task_validation.hpp"

namespace ch::rest::connect {

namespace {

using runner::State;

constexpr const char* kClass = "connector.class";
constexpr const char* kCommon = "Common";

// The first line and those that begin with "Caused by" are what user interfaces show of a trace.
std::string trace_of(const runner::RunnerStatus& runner) {
  if (runner.state == State::failed) return fmt::format("connector-host: FAILED\nCaused by: {}", runner.trace);
  auto why = runner.interruption;
  for (const auto& partition : runner.partitions) {
    if (!why) why = partition.interruption;
  }
  if (!why) return "connector-host: INTERRUPTED: see its status under /v1/tasks";
  const auto next = why->next_try_ms > 0 ? "; next try at " + rfc3339(why->next_try_ms) : "";
  return fmt::format("connector-host: INTERRUPTED since {}: it goes on by itself{}\nCaused by: {}: {}\n\tremedy: {}",
                     rfc3339(why->since_ms), next, why->reason, why->message, why->remedy);
}

std::string_view type_name(const config::Key& key) {
  constexpr std::int64_t int_max = 2147483647;
  switch (key.type) {
    case config::Type::integer:
      return key.maximum && *key.maximum <= int_max ? "INT" : "LONG";
    case config::Type::boolean:
      return "BOOLEAN";
    case config::Type::list:
      return "LIST";
    case config::Type::password:
      return "PASSWORD";
    case config::Type::bytes:  // "64MiB" is no number to a form
    case config::Type::string:
      break;
  }
  return "STRING";
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

Json value_json(const std::string& name, const Json& value, const Json& choices, const std::vector<KeyProblem>& problems) {
  auto errors = Json::array();
  for (const auto& problem : problems) {
    if (problem.key == name) errors.push_back(problem.message);
  }
  return {{"name", name}, {"value", value}, {"recommended_values", choices}, {"errors", std::move(errors)}, {"visible", true}};
}

}  // namespace

std::string_view connector_state(const tasks::TaskStatus& status) {
  if (!status.enabled) return status.state == State::disabled ? "STOPPED" : "RUNNING";
  return status.paused ? "PAUSED" : "RUNNING";
}

bool shown(const runner::RunnerStatus& runner) { return runner.state != State::disabled; }

std::string_view task_state(State state, bool enabled) {
  switch (state) {
    case State::running:
      return "RUNNING";
    case State::stopping:
      return enabled ? "RESTARTING" : "RUNNING";
    case State::paused:
      return "PAUSED";
    case State::starting:
    case State::disabled:
      return "UNASSIGNED";
    case State::interrupted:
    case State::failed:
      break;
  }
  return "FAILED";
}

Config completed(const std::string& name, const Config& config) {
  auto out = config;
  out["name"] = name;
  out.emplace(kClass, config::connector_of(config));
  return out;
}

Json info_json(const std::string& name, const Config& config, const tasks::TaskStatus& status) {
  auto list = Json::array();
  for (const auto& runner : status.runners) {
    if (shown(runner)) list.push_back({{"connector", name}, {"task", runner.id}});
  }
  return {{"name", name}, {"config", completed(name, config)}, {"tasks", std::move(list)}, {"type", "sink"}};
}

Json task_state_json(const runner::RunnerStatus& runner, const About& about) {
  const auto state = task_state(runner.state, about.enabled);
  Json out = {{"id", runner.id}, {"state", state}, {"worker_id", runner.host.empty() ? about.worker_id : runner.host}};
  if (state == "FAILED") out["trace"] = trace_of(runner);
  if (!about.version.empty()) out["version"] = about.version;
  return out;
}

Json state_json(const tasks::TaskStatus& status, const About& about) {
  Json connector = {{"state", connector_state(status)}, {"worker_id", about.worker_id}};
  if (!about.version.empty()) connector["version"] = about.version;
  auto list = Json::array();
  for (const auto& runner : status.runners) {
    if (shown(runner)) list.push_back(task_state_json(runner, about));
  }
  return {{"name", status.name}, {"connector", std::move(connector)}, {"tasks", std::move(list)}, {"type", "sink"}};
}

Json task_configs_json(const std::string& name, const Config& config, const tasks::TaskStatus& status) {
  auto list = Json::array();
  for (const auto& runner : status.runners) {
    if (!shown(runner)) continue;
    auto own = completed(name, config);
    own["task.class"] = "runner";
    list.push_back({{"id", {{"connector", name}, {"task", runner.id}}}, {"config", std::move(own)}});
  }
  return list;
}

// `order` was renamed in 4.2; clients read the one or the other.
Json key_json(const config::Key& key) {
  return {{"name", key.name},
          {"type", type_name(key)},
          {"required", key.required},
          {"default_value", key.has_default ? Json(key.default_value) : Json()},
          {"importance", upper(key.importance)},
          {"documentation", key.documentation},
          {"group", key.group},
          {"order", key.order},
          {"order_in_group", key.order},
          {"width", "MEDIUM"},
          {"display_name", key.name},
          {"dependents", Json::array()}};
}

std::vector<config::Key> keys_of(const config::Definition& definition) {
  config::Key name;
  name.name = "name";
  name.required = true;
  name.group = kCommon;
  name.importance = "high";
  name.documentation = "Name of the task.";
  std::vector<config::Key> out = {name};
  out.insert(out.end(), definition.keys().begin(), definition.keys().end());
  return out;
}

// Clients fail at a key without a definition, as Kafka Connect gives it for keys that it does not know.
config::Key made_up(const std::string& name) {
  const bool override = name.starts_with(config::kConsumerOverride);
  config::Key key;
  key.name = name;
  key.group = override ? "Consumer overrides" : "Unknown";
  key.importance = "low";
  key.documentation = override ? "A property of librdkafka, for this task's consumers." : "Not a key of this connector.";
  return key;
}

Json verdict_json(const std::string& connector, const config::Definition& definition, const Config& config,
                  const std::vector<KeyProblem>& problems) {
  auto groups = Json::array();
  auto values = Json::array();
  std::set<std::string> known;
  for (const auto& key : keys_of(definition)) {
    known.insert(key.name);
    if (std::find(groups.begin(), groups.end(), key.group) == groups.end()) groups.push_back(key.group);
    const auto given = config.find(key.name);
    const auto value = given != config.end() ? Json(given->second) : key.has_default ? Json(key.default_value) : Json();
    values.push_back({{"definition", key_json(key)}, {"value", value_json(key.name, value, Json(key.choices), problems)}});
  }
  std::set<std::string> others;
  for (const auto& [key, value] : config) others.insert(key);
  for (const auto& problem : problems) others.insert(problem.key);
  for (const auto& key : others) {
    if (known.contains(key)) continue;
    const auto made = made_up(key);
    if (std::find(groups.begin(), groups.end(), made.group) == groups.end()) groups.push_back(made.group);
    const auto given = config.find(key);
    values.push_back({{"definition", key_json(made)},
                      {"value", value_json(key, given == config.end() ? Json() : Json(given->second), Json::array(), problems)}});
  }
  return {{"name", connector}, {"error_count", problems.size()}, {"groups", std::move(groups)}, {"configs", std::move(values)}};
}

}  // namespace ch::rest::connect
