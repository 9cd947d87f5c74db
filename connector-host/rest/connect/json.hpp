// Kafka Connect's bodies (its version 4.3), made of ours. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/definition.hpp"
#include "rest/v1/json.hpp"
#include "tasks/status/task_status.hpp"

namespace ch::rest::connect {

// RUNNING, PAUSED, STOPPED: what the user wants of it. STOPPED only once everything is stored.
std::string_view connector_state(const tasks::TaskStatus& status);
// Whether it is a task there: also if its connector is on its way to STOPPED.
bool shown(const runner::RunnerStatus& runner);
// RUNNING (also one that stops), RESTARTING (one that stops to be made anew), PAUSED, UNASSIGNED (starting) or FAILED, with
// a trace. `enabled`: its task shall run.
std::string_view task_state(runner::State state, bool enabled);

Json info_json(const std::string& name, const Config& config, const tasks::TaskStatus& status);  // ConnectorInfo
struct About {
  std::string worker_id;
  std::string version;  // of the connector; may be empty
  bool enabled = true;  // the task shall run
};
Json state_json(const tasks::TaskStatus& status, const About& about);  // ConnectorStateInfo
Json task_state_json(const runner::RunnerStatus& runner, const About& about);
Json task_configs_json(const std::string& name, const Config& config, const tasks::TaskStatus& status);  // of /tasks
// With what clients expect of every configuration: the name, and the class also of a task that was made without one.
Config completed(const std::string& name, const Config& config);

Json key_json(const config::Key& key);  // ConfigKeyInfo
// Connect's key `name`, which is not in our config, and then the connector's.
std::vector<config::Key> keys_of(const config::Definition& definition);
// ConfigInfos. `config`: masked.
Json verdict_json(const std::string& connector, const config::Definition& definition, const Config& config,
                  const std::vector<KeyProblem>& problems);

}  // namespace ch::rest::connect
