#include "rest/json.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/time.hpp"
#include "rest/runbook.hpp"

namespace ch::rest {

Json time_or_null(std::int64_t unix_ms) { return unix_ms > 0 ? Json(rfc3339(unix_ms)) : Json(); }
Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }
Json offset_or_null(std::int64_t offset) { return offset >= 0 ? Json(offset) : Json(); }

namespace {

double rounded(double rate) { return std::round(rate * 10) / 10; }

Json interruption_json(const std::optional<tasks::InterruptionStatus>& interruption) {
  if (!interruption) return nullptr;
  return {{"reason", interruption->reason},
          {"message", interruption->message},
          {"remedy", interruption->remedy},
          {"runbook", text_or_null(runbook_link(interruption->reason))},
          {"since", time_or_null(interruption->since_ms)},
          {"next_try", time_or_null(interruption->next_try_ms)}};
}

Json open_json(const std::optional<tasks::OpenObjectStatus>& open) {
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

Json partition_json(const tasks::PartitionStatus& partition) {
  return {{"topic", partition.topic},
          {"partition", partition.partition},
          {"runner", partition.runner},
          {"committed_offset", offset_or_null(partition.committed_offset)},
          {"position", offset_or_null(partition.position)},
          {"end_offset", offset_or_null(partition.end_offset)},
          {"lag", partition.lag},
          {"open", open_json(partition.open)},
          {"last_object", last_object_json(partition.last_object)},
          {"interruption", interruption_json(partition.interruption)}};
}

Json runner_json(const tasks::RunnerStatus& runner) {
  return {{"id", runner.id},
          {"host", runner.host},
          {"state", tasks::to_string(runner.state)},
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
  std::vector<const tasks::PartitionStatus*> sorted;
  for (const auto& runner : status.runners) {
    for (const auto& partition : runner.partitions) sorted.push_back(&partition);
  }
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
          {"state", tasks::to_string(status.state)},
          {"since", time_or_null(status.since_ms)},
          {"group_id", status.group_id},
          {"lag", status.lag},
          {"delay_ms", status.delay_ms},
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
  const auto granularity = config::parse_integer(value_of(task, definition, "time.granularity.minutes"));
  return {{"name", task.name},
          {"enabled", task.status.enabled},
          {"state", tasks::to_string(task.status.state)},
          {"since", time_or_null(task.status.since_ms)},
          {"lag", task.status.lag},
          {"delay_ms", task.status.delay_ms},
          {"records_per_second", rounded(task.status.records_per_second)},
          {"bytes_per_second", rounded(task.status.bytes_per_second)},
          {"memory_bytes", task.status.memory_bytes},
          {"interruption", interruption_json(task.status.interruption)},
          {"trace", trace_json(task.status)},
          {"last_object", last_object_json(task.status.last_object)},
          {"connector", value_of(task, definition, "connector.class")},
          {"topics", text_or_null(value_of(task, definition, "topics"))},
          {"bucket", text_or_null(value_of(task, definition, "cos.bucket"))},
          {"granularity_minutes", granularity ? Json(*granularity) : Json()}};
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
          {"host", event.host}};
}

Json events_json(const std::vector<store::Event>& events, std::int64_t after) {
  auto list = Json::array();
  for (const auto& event : events) list.push_back(event_json(event));
  return {{"events", std::move(list)}, {"next", events.empty() ? after : events.back().id}};
}

Json problems_json(const std::vector<KeyProblem>& problems) {
  auto list = Json::array();
  for (const auto& problem : problems) list.push_back({{"key", problem.key}, {"value", problem.value}, {"message", problem.message}});
  return list;
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

std::string json_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Response json_response(unsigned status, const Json& body) { return {status, {{"Content-Type", "application/json"}}, json_text(body)}; }

Response error_response(const Error& error) {
  const auto status = http_status(error.code);
  return json_response(status, {{"error_code", status}, {"message", error.message}, {"errors", problems_json(error.problems)}});
}

unsigned http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid:
      return 422;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::conflict:
      return 409;
    case ErrorCode::unavailable:
      return 503;
    case ErrorCode::timed_out:
      return 504;
    case ErrorCode::internal:
      break;
  }
  return 500;
}

std::string unknown_message(std::string_view what, const std::vector<std::string>& known, const std::string& name) {
  auto message = "unknown " + std::string(what);
  if (const auto near = config::nearest(name, known); !near.empty()) return message + "; did you mean " + near + "?";
  if (known.empty()) return message + "; there are none here";
  message += "; known are";
  for (const auto& one : known) message += (&one == &known.front() ? " " : ", ") + one;
  return message;
}

}  // namespace ch::rest
