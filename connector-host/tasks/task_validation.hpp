// From a task's configuration to what runs: every check of it, and the resolved form. Any thread; no I/O but reading
// what placeholders name.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/definition.hpp"
#include "config/host_config.hpp"
#include "plugins/registry.hpp"
#include "runner/runner.hpp"

namespace ch::tasks {

constexpr std::string_view kTopicsOrRegex = "exactly one of topics (a topic or a comma list) and topics.regex must be given";

class TaskValidation {
 public:
  TaskValidation(const config::HostConfig& host, const plugins::Registry& registry);

  // The common keys and those of the connector.
  const Result<config::Definition>& definition(const std::string& connector) const;
  std::vector<KeyProblem> check(const std::string& name, const Config& config) const;
  // The same for what a client sends: a mask in the place of a value means "as it is" and is replaced by what `kept`, the
  // task's present config, has there. Where that is nothing the mask is refused.
  std::vector<KeyProblem> admit(const std::string& name, Config& config, const Config& kept) const;
  // The part of it that says what is read: instance.id, topics, topics.regex, start.position.
  std::vector<KeyProblem> check_source(const Config& config) const;
  // Only for a config that passed check(): what a runner needs, without its callbacks and ids, and the ids of topics.
  runner::RunnerSpec resolve(const std::string& name, const Config& config) const;
  Config masked(const Config& config) const;

 private:
  const config::Instance* instance_of(const Config& config) const;
  std::vector<KeyProblem> check_resolved(const std::string& name, const Config& config) const;
  static std::vector<KeyProblem> check_consumer(const runner::RunnerSpec& spec);
  void check_common(const Config& config, std::vector<KeyProblem>& problems) const;
  runner::RunnerSpec resolve_placed(const std::string& name, const Config& config) const;

  const config::HostConfig& host_;
  const plugins::Registry& registry_;
  const config::Providers providers_;
  std::map<std::string, Result<config::Definition>, std::less<>> definitions_;  // by connector
  std::map<std::string, std::shared_ptr<ckafka::Instance>> ckafka_;             // by instance; null: without its API
};

std::vector<KeyProblem> check_name(const std::string& name);
// Names, or one regular expression that begins with ^. Only for a config that passed check() or check_source().
std::vector<std::string> wanted_topics(const Config& config);
std::vector<std::string> split_list(const std::string& text);  // at commas, blanks trimmed, empty parts left out

}  // namespace ch::tasks
