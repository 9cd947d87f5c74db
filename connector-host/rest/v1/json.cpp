#include "rest/v1/json.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "rest/core/runbook.hpp"

namespace ch::rest {

namespace {

constexpr std::int64_t kMinuteMs = 60000;
constexpr std::size_t kMatchedNames = 20;  // of a task's topics, in a list of tasks

template <class T>
Json number_or_null(const std::optional<T>& number) {
  return number ? Json(*number) : Json();
}

double rounded(double rate) { return std::round(rate * 10) / 10; }

Json interruption_json(const std::optional<runner::InterruptionStatus>& interruption) {
  if (!interruption) return nullptr;
  Json out = {{"reason", interruption->reason},
              {"message", interruption->message},
              {"remedy", interruption->remedy},
              {"runbook", text_or_null(runbook_link(interruption->reason))},
              {"since", time_or_null(interruption->since_ms)},
              {"next_try", time_or_null(interruption->next_try_ms)}};
  if (interruption->partitions > 0) {
    out["partitions"] = interruption->partitions;
    out["of_partitions"] = interruption->of_partitions;
  }
  return out;
}

Json open_json(const std::optional<runner::OpenObjectStatus>& open) {
  if (!open) return nullptr;
  return {{"start_offset", open->start_offset}, {"records", open->records}, {"bytes", open->bytes}, {"due_at", time_or_null(open->due_ms)}};
}

Json last_object_json(const std::optional<StoredObject>& object) {
  if (!object) return nullptr;
  return {{"key", object->key},
          {"start_offset", object->start_offset},
          {"end_offset", object->end_offset},
          {"records", object->records},
          {"bytes", object->bytes},
          {"stored_at", time_or_null(object->stored_ms)}};
}

Json partition_json(const runner::PartitionStatus& partition) {
  return {{"topic", partition.topic},
          {"partition", partition.partition},
          {"runner", number_or_null(partition.runner)},
          {"committed_offset", offset_or_null(partition.committed_offset)},
          {"position", offset_or_null(partition.position)},
          {"end_offset", offset_or_null(partition.end_offset)},
          {"end_offset_at", time_or_null(partition.end_offset_at_ms)},
          {"lag", number_or_null(partition.lag)},
          {"delay_ms", number_or_null(partition.delay_ms)},
          {"open", open_json(partition.open)},
          {"last_object", last_object_json(partition.last_object)},
          {"interruption", interruption_json(partition.interruption)}};
}

Json runner_json(const runner::RunnerStatus& runner) {
  return {{"id", runner.id},
          {"host", runner.host},
          {"state", runner::to_string(runner.state)},
          {"since", time_or_null(runner.since_ms)},
          {"trace", text_or_null(runner.trace)},
          {"interruption", interruption_json(runner.interruption)}};
}

Json trace_json(const tasks::TaskStatus& status) {
  for (const auto& runner : status.runners) {
    if (!runner.trace.empty()) return runner.trace;
  }
  return nullptr;
}

Json partitions_json(const tasks::TaskStatus& status) {
  std::vector<const runner::PartitionStatus*> sorted;
  for (const auto& runner : status.runners) {
    for (const auto& partition : runner.partitions) sorted.push_back(&partition);
  }
  for (const auto& partition : status.at_rest) sorted.push_back(&partition);
  std::sort(sorted.begin(), sorted.end(),
            [](const auto* a, const auto* b) { return std::tie(a->topic, a->partition) < std::tie(b->topic, b->partition); });
  auto out = Json::array();
  for (const auto* partition : sorted) out.push_back(partition_json(*partition));
  return out;
}

// The value a task has for this key: its own, else the default.
std::string value_of(const tasks::TaskView& task, const config::Definition* definition, std::string_view key) {
  if (const auto own = task.config.find(key); own != task.config.end()) return own->second;
  const auto* known = definition == nullptr ? nullptr : definition->find(key);
  return known != nullptr && known->has_default ? known->default_value : "";
}

// How often an object is stored of what comes: rotate.interval.ms rules where it is given.
std::optional<std::int64_t> interval_ms(const tasks::TaskView& task, const config::Definition* definition) {
  if (const auto own = config::parse_integer(value_of(task, definition, "rotate.interval.ms")); own && *own > 0) return own;
  const auto minutes = config::parse_integer(value_of(task, definition, "time.granularity.minutes"));
  return minutes ? std::optional(*minutes * kMinuteMs) : std::nullopt;
}

// Names as given, or the pattern between slashes.
Json topics_text(const tasks::TaskView& task, const config::Definition* definition) {
  const auto pattern = value_of(task, definition, "topics.regex");
  return pattern.empty() ? text_or_null(value_of(task, definition, "topics")) : Json("/" + pattern + "/");
}

Json matched_json(const std::optional<std::vector<std::string>>& topics) {
  if (!topics) return nullptr;
  auto names = Json::array();
  for (std::size_t i = 0; i < topics->size() && i < kMatchedNames; ++i) names.push_back((*topics)[i]);
  return {{"count", topics->size()}, {"names", std::move(names)}};
}

Json key_json(const config::Key& key) {
  static constexpr const char* kTypes[] = {"string", "integer", "bytes", "boolean", "list", "password"};
  return {{"name", key.name},
          {"type", kTypes[static_cast<std::size_t>(key.type)]},
          {"default", key.has_default ? Json(key.default_value) : Json()},
          {"required", key.required},
          {"choices", key.choices},
          {"min", key.minimum ? Json(*key.minimum) : Json()},
          {"max", key.maximum ? Json(*key.maximum) : Json()},
          {"unit", text_or_null(key.unit)},
          {"group", key.group},
          {"order", key.order},
          {"importance", key.importance},
          {"documentation", key.documentation}};
}

}  // namespace

Json status_json(const tasks::TaskStatus& status) {
  auto runners = Json::array();
  for (const auto& runner : status.runners) runners.push_back(runner_json(runner));
  return {{"name", status.name},
          {"enabled", status.enabled},
          {"state", runner::to_string(status.state)},
          {"deleting", status.deleting},
          {"since", time_or_null(status.since_ms)},
          {"group_id", status.group_id},
          {"lag", number_or_null(status.lag)},
          {"delay_ms", number_or_null(status.delay_ms)},
          {"starts_behind", number_or_null(status.starts_behind)},
          {"records_per_second", rounded(status.records_per_second)},
          {"bytes_per_second", rounded(status.bytes_per_second)},
          {"memory_bytes", status.memory_bytes},
          {"interruption", interruption_json(status.interruption)},
          {"warnings", problems_json(status.warnings)},
          {"runners", std::move(runners)},
          {"partitions", partitions_json(status)}};
}

Json task_json(const tasks::TaskView& task) {
  return {{"name", task.name},
          {"enabled", task.status.enabled},
          {"config", task.config},
          {"topic_ids", task.topic_ids},
          {"created_at", time_or_null(task.created_ms)},
          {"updated_at", time_or_null(task.updated_ms)},
          {"status", status_json(task.status)}};
}

Json task_summary_json(const tasks::TaskView& task, const config::Definition* definition) {
  const auto interval = interval_ms(task, definition);
  return {{"name", task.name},
          {"enabled", task.status.enabled},
          {"state", runner::to_string(task.status.state)},
          {"deleting", task.status.deleting},
          {"since", time_or_null(task.status.since_ms)},
          {"lag", number_or_null(task.status.lag)},
          {"delay_ms", number_or_null(task.status.delay_ms)},
          {"records_per_second", rounded(task.status.records_per_second)},
          {"bytes_per_second", rounded(task.status.bytes_per_second)},
          {"memory_bytes", task.status.memory_bytes},
          {"interruption", interruption_json(task.status.interruption)},
          {"trace", trace_json(task.status)},
          {"last_object", last_object_json(task.status.last_object)},
          {"connector", value_of(task, definition, "connector.class")},
          {"topics", topics_text(task, definition)},
          {"matched_topics", matched_json(task.status.topics)},
          {"bucket", text_or_null(value_of(task, definition, "cos.bucket"))},
          {"granularity_minutes", interval && *interval % kMinuteMs == 0 ? Json(*interval / kMinuteMs) : Json()},
          {"rotate_interval_ms", number_or_null(interval)}};
}

Json objects_json(const ObjectPage& page) {
  auto objects = Json::array();
  for (const auto& object : page.objects) {
    objects.push_back({{"key", object.key},
                       {"topic", object.topic},
                       {"partition", object.partition},
                       {"start_offset", object.start_offset},
                       {"end_offset", object.end_offset},
                       {"records", object.records},
                       {"bytes", object.bytes},
                       {"stored_at", time_or_null(object.stored_ms)},
                       {"url", text_or_null(object.url)},
                       {"url_expires_at", time_or_null(object.url_expires_ms)}});
  }
  return {{"objects", std::move(objects)}, {"next", text_or_null(page.next)}};
}

Json event_json(const store::Event& event) {
  return {{"id", event.id},
          {"task", event.task},
          {"time", time_or_null(event.time_ms)},
          {"kind", event.kind},
          {"state", text_or_null(event.state)},
          {"reason", text_or_null(event.reason)},
          {"message", event.message},
          {"remedy", text_or_null(event.remedy)},
          {"host", event.host},
          {"count", event.count},
          {"first", time_or_null(event.first_ms)}};
}

Json events_json(const std::vector<store::Event>& events, std::int64_t after) {
  auto list = Json::array();
  for (const auto& event : events) list.push_back(event_json(event));
  return {{"events", std::move(list)}, {"next", events.empty() ? after : events.back().id}};
}

Json keys_json(const config::Definition& definition) {
  auto list = Json::array();
  for (const auto& key : definition.keys()) list.push_back(key_json(key));
  return list;
}

Json memory_json(const tasks::TaskService::Memory& memory) { return {{"used_bytes", memory.used}, {"limit_bytes", memory.limit}}; }

Json instances_json(const std::vector<tasks::TaskService::InstanceView>& instances) {
  auto list = Json::array();
  for (const auto& instance : instances) {
    list.push_back({{"id", instance.id},
                    {"region", text_or_null(instance.region)},
                    {"reachable", instance.reachable},
                    {"message", text_or_null(instance.message)}});
  }
  return list;
}

Json topics_json(const std::vector<tasks::TaskService::TopicView>& topics) {
  auto list = Json::array();
  for (const auto& topic : topics) list.push_back({{"name", topic.name}, {"partitions", topic.partitions}, {"tasks", topic.tasks}});
  return list;
}

Json records_json(const tasks::TaskService::RecordCounts& counts) {
  auto list = Json::array();
  std::int64_t records = 0;
  std::optional<std::int64_t> skipped = 0;
  for (const auto& topic : counts.topics) {
    records += topic.records;
    skipped = skipped && topic.skipped ? std::optional(*skipped + *topic.skipped) : std::nullopt;
    list.push_back(
        {{"name", topic.topic}, {"partitions", topic.partitions}, {"records", topic.records}, {"skipped", number_or_null(topic.skipped)}});
  }
  return {{"records", records}, {"skipped", number_or_null(skipped)}, {"topics", std::move(list)}, {"missing", counts.missing}};
}

}  // namespace ch::rest
