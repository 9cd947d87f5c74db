#include "tasks/same_names.hpp"

#include "base/regex.hpp"
#include "kafka/client_config.hpp"
#include "tasks/task_validation.hpp"

namespace ch::tasks {

namespace {

std::string value_of(const Config& config, const config::Key& key) {
  const auto found = config.find(key.name);
  return found == config.end() ? key.default_value : found->second;
}

// Both may be a topic's name, or an expression for names.
bool overlap(const std::string& one, const std::string& other) {
  if (one == other) return true;
  if (kafka::is_expression({one}) == kafka::is_expression({other})) return false;
  const auto& expression = kafka::is_expression({one}) ? one : other;
  const auto compiled = Regex::compile(expression);
  return compiled && compiled->matches(&expression == &one ? other : one);
}

}  // namespace

std::string stored_twice(const Config& one, const Config& other, const config::Definition& definition) {
  bool placed = false;
  for (const auto& key : definition.keys()) {
    const bool source = key.name == "instance.id" || key.name == "connector.class";
    if (!source && !key.places_objects) continue;
    const auto value = value_of(one, key);
    if (value != value_of(other, key) || (!source && value.find("{task}") != std::string::npos)) return "";
    placed = placed || !source;
  }
  if (!placed) return "";
  for (const auto& topic : wanted_topics(one)) {
    for (const auto& its : wanted_topics(other)) {
      if (overlap(topic, its)) return topic;
    }
  }
  return "";
}

}  // namespace ch::tasks
