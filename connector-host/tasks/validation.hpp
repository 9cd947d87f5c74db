// From a task's configuration to what runs: every check of it, and the resolved form. Any thread; no I/O but reading
// what placeholders name.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/definition.hpp"
#include "config/host_config.hpp"
#include "plugins/registry.hpp"
#include "tasks/runner.hpp"

namespace ch::tasks {

constexpr std::string_view kDefaultConnector = "cos-sink";

class Validation {
 public:
  Validation(const config::HostConfig& host, const plugins::Registry& registry);

  // The common keys and those of the connector.
  const Result<config::Definition>& definition(const std::string& connector) const;
  std::vector<KeyProblem> check(const std::string& name, const Config& config) const;
  // Only for a config that passed check(): what a runner needs, without its callbacks and ids, and the ids of topics.
  RunnerSpec resolve(const std::string& name, const Config& config) const;
  Config masked(const Config& config) const;
  // What a task's placeholders stand for now, in a form that tells a change: empty if it has none.
  Config secrets(const Config& config) const;

 private:
  const config::Instance* instance_of(const Config& config) const;
  std::vector<KeyProblem> check_resolved(const std::string& name, const Config& config) const;
  void check_common(const Config& config, std::vector<KeyProblem>& problems) const;
  RunnerSpec resolve_placed(const std::string& name, const Config& config) const;

  const config::HostConfig& host_;
  const plugins::Registry& registry_;
  const config::Providers providers_;
  std::map<std::string, Result<config::Definition>, std::less<>> definitions_;  // by connector
  std::map<std::string, std::shared_ptr<ckafka::Instance>> ckafka_;             // by instance; null: without its API
};

std::vector<KeyProblem> check_name(const std::string& name);
std::vector<std::string> split_list(const std::string& text);  // at commas, blanks trimmed, empty parts left out

}  // namespace ch::tasks
