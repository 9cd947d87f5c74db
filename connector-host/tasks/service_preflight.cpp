// Trying out whether a task may do what it must: asked for (validate), and in the background.
#include <fmt/format.h>

#include "base/log.hpp"
#include "tasks/service_impl.hpp"

namespace ch::tasks {

namespace {

constexpr std::chrono::milliseconds kPreflight{10000};

}  // namespace

std::vector<KeyProblem> TaskService::validate(const std::string& name, const Config& config, bool preflight) const {
  auto problems = impl_->validation.check(name, config);
  if (!problems.empty() || !preflight) return problems;
  auto spec = impl_->validation.resolve(name, config);
  if (const auto entry = impl_->find(name); entry != nullptr) spec.info.topic_ids = entry->record().topic_ids;
  return impl_->preflight(std::move(spec), true);
}

// `broker`: also what the runner of an enabled task finds out by itself.
std::vector<KeyProblem> TaskService::Impl::preflight(RunnerSpec spec, bool broker) const {
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
  if (auto spec = spec_of(record)) warnings = preflight(std::move(*spec), !enabled);  // else its state says what is wrong
  const bool again = enabled && !warnings.empty();
  const auto level = warnings.empty() ? log::Level::info : log::Level::warn;
  std::string message = "preflight: " + std::string(warnings.empty() ? "nothing is wrong any more" : "");
  for (const auto& warning : warnings) message += fmt::format("{}: {}; ", warning.key, warning.message);
  if (!entry->set_warnings(std::move(warnings), record.updated_ms)) return again;
  log::write(level, name, message);
  add_event(name, "preflight", message);
  return again;
}

}  // namespace ch::tasks
