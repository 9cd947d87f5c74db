// Trying out whether a task may do what it must: asked for (validate), and in the background.
#include <fmt/format.h>

#include <iterator>

#include "base/log.hpp"
#include "tasks/same_names.hpp"
#include "tasks/task_service_impl.hpp"

namespace ch::tasks {

namespace {

constexpr std::chrono::milliseconds kPreflight{10000};
constexpr std::size_t kCollisionsTold = 3;

// In order; keys that are only in one of the two count.
std::vector<std::string> changed_keys(const Config& before, const Config& after) {
  std::vector<std::string> out;
  auto both = after;
  both.insert(before.begin(), before.end());
  for (const auto& [key, value] : both) {
    const auto was = before.find(key);
    if (was == before.end() || !after.contains(key) || was->second != value) out.push_back(key);
  }
  return out;
}

}  // namespace

TaskService::Verdict TaskService::validate(const std::string& name, const Config& given, bool preflight) const {
  const auto entry = impl_->find(name);
  const auto present = entry == nullptr ? store::TaskRecord{} : entry->record();
  auto config = given;
  Verdict verdict{impl_->validation.admit(name, config, present.config), {}};
  if (!verdict.problems.empty()) return verdict;
  if (entry != nullptr) verdict.changes = changed_keys(present.config, config);
  if (!preflight) return verdict;
  auto spec = impl_->validation.resolve(name, config);
  spec.info.topic_ids = present.topic_ids;
  verdict.problems = impl_->collisions(name, config);
  auto found = impl_->preflight(std::move(spec), true);
  verdict.problems.insert(verdict.problems.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
  return verdict;
}

std::vector<KeyProblem> TaskService::Impl::collisions(const std::string& name, const Config& config) const {
  const auto& definition = validation.definition(config::connector_of(config));
  if (!definition) return {};
  std::string places;
  for (const auto& key : definition->keys()) {
    if (key.places_objects) places += (places.empty() ? "" : ", ") + key.name;
  }
  std::vector<KeyProblem> problems;
  for (const auto& other : all()) {
    const auto record = other->record();
    if (record.name == name || record.target == store::Target::deleted || problems.size() == kCollisionsTold) continue;
    const auto topic = stored_twice(config, record.config, *definition);
    if (topic.empty()) continue;
    const bool expression = kafka::is_expression({topic});
    problems.push_back({expression ? "topics.regex" : "topics", topic,
                        fmt::format("task {} stores it under the same names in the same place, so that one of the two will stand with "
                                    "object_conflict: give one of them another value of {}",
                                    record.name, places)});
  }
  return problems;
}

// `broker`: also what the runner of an enabled task finds out by itself.
std::vector<KeyProblem> TaskService::Impl::preflight(runner::RunnerSpec spec, bool broker) const {
  std::vector<KeyProblem> problems;
  const auto instance = [&](const std::string& message) { problems.push_back({"instance.id", spec.info.instance, message}); };
  const bool by_name = !kafka::is_expression(spec.topics);
  for (std::size_t i = 0; by_name && spec.ckafka != nullptr && i < spec.topics.size(); ++i) {
    if (spec.info.topic_ids.contains(spec.topics[i])) continue;
    auto id = spec.ckafka->topic_id(spec.topics[i]);
    if (!id.trouble) spec.info.topic_ids[spec.topics[i]] = id.value;
    if (id.trouble && broker) instance(kafka::to_text(*id.trouble));
    if (id.trouble) return problems;  // the folder is not known
  }
  problems = spec.connector->preflight(spec.info, kPreflight);
  if (!broker) return problems;
  const auto client = kafka::GroupClient::make(spec.cluster(), spec.group_id, "connector-host-preflight");
  if (!client) {
    instance(client.error().message);
    return problems;
  }
  const auto topics = (*client)->all_topics(kPreflight / 2);
  if (topics.trouble) {
    instance(kafka::to_text(*topics.trouble));
  } else if (by_name) {
    std::vector<kafka::TopicPartition> first;
    for (const auto& topic : spec.topics) {
      if (!topics.value.contains(topic)) problems.push_back({"topics", topic, "does not exist in instance " + spec.info.instance});
      if (topics.value.contains(topic)) first.push_back({topic, 0});
    }
    // Whoever may not use the group may not ask for its offsets either.
    if (const auto group = (*client)->committed(first, kPreflight / 2); group.trouble) instance(kafka::to_text(*group.trouble));
  }
  return problems;
}

// One that runs in the background. True: something is wrong with a task that is enabled.
bool TaskService::Impl::preflight(const std::string& name) {
  const auto entry = find(name);
  if (entry == nullptr) return false;
  const auto record = entry->record();
  if (record.target == store::Target::deleted) return false;
  const bool enabled = record.target != store::Target::disabled;
  std::vector<KeyProblem> warnings;
  if (auto spec = spec_of(record)) {
    warnings = preflight(std::move(*spec), !enabled);
  } else {
    warnings.push_back({"config", "", "could not be tried out, since it is not valid as things are: the task's state says why"});
  }
  auto others = collisions(name, record.config);
  warnings.insert(warnings.begin(), std::make_move_iterator(others.begin()), std::make_move_iterator(others.end()));
  const bool again = enabled && !warnings.empty();
  const auto level = warnings.empty() ? log::Level::info : log::Level::warn;
  std::string message = "preflight: " + std::string(warnings.empty() ? "nothing is wrong any more" : "");
  for (const auto& warning : warnings)
    message += fmt::format("{}{}: {}", &warning == &warnings.front() ? "" : "; ", warning.key, warning.message);
  if (!entry->set_warnings(std::move(warnings), record.updated_ms)) return again;
  log::write(level, name, message);
  add_event(name, "preflight", message);
  return again;
}

}  // namespace ch::tasks
