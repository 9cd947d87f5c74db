#include "metrics/catalog.hpp"

#include <fmt/format.h>

#include <iterator>

namespace ch::metrics {
namespace {

// clang-format off
constexpr Metric kCatalog[] = {
    {Id::records_read, Type::counter, "connector_host_records_read_total", {"task"}, "Records that the connector has taken."},
    {Id::bytes_read, Type::counter, "connector_host_read_bytes_total", {"task"}, "Bytes of their keys and values."},
    {Id::objects_stored, Type::counter, "connector_host_objects_stored_total", {"task"}, "Objects that became visible, or were found to be there after a takeover."},
    {Id::records_stored, Type::counter, "connector_host_records_stored_total", {"task"}, "Records in these objects."},
    {Id::bytes_stored, Type::counter, "connector_host_stored_bytes_total", {"task"}, "Bytes of these objects."},
    {Id::commits, Type::counter, "connector_host_commits_total", {"task"}, "Offsets and states that the group coordinator has acknowledged, one for each partition."},
    {Id::commits_refused, Type::counter, "connector_host_commits_refused_total", {"task"}, "Commits that were refused; they are sent again."},
    {Id::assignments, Type::counter, "connector_host_partitions_assigned_total", {"task"}, "Partitions that the group coordinator has assigned."},
    {Id::revocations, Type::counter, "connector_host_partitions_revoked_total", {"task"}, "Partitions that were taken away or lost."},
    {Id::rejoins, Type::counter, "connector_host_rejoins_total", {"task"}, "Consumers made anew, to rule out that a commit was sent twice or after a time-out."},
    {Id::failures, Type::counter, "connector_host_runner_failures_total", {"task"}, "Runners that failed and were started again."},
    {Id::records_rejected, Type::counter, "connector_host_records_rejected_total", {"task", "outcome"}, "Records that could not be stored: skipped, dead_letter (to errors.deadletterqueue.topic.name), or failed (errors.tolerance=none)."},
    {Id::interruptions, Type::counter, "connector_host_interruptions_total", {"task", "reason"}, "Interruptions that began, by reason (docs/runbook.md)."},
    {Id::rotations, Type::counter, "connector_host_rotations_total", {"task", "reason"}, "Objects that were cut: granularity, bytes, records, idle, flush (disable, stop) or memory (early, the budget was spent)."},
    {Id::retries, Type::counter, "connector_host_retries_total", {"task", "class"}, "Requests that failed and are tried again, by the reason that an interruption would have."},
    {Id::connector_events, Type::counter, "connector_host_connector_events_total", {"task", "name"}, "What a connector counts by names of its own; see its documentation."},
    {Id::object_store_seconds, Type::histogram, "connector_host_object_store_seconds", {"task"}, "From the cut of an object until it is visible: commit of the intent, upload, retries."},
    {Id::request_seconds, Type::histogram, "connector_host_upload_job_seconds", {"task"}, "A job of the upload pool: a request to the object store."},
    {Id::clock_skew, Type::gauge, "connector_host_clock_skew_seconds", {"task"}, "The object store's clock minus this host's, as its answers tell; requests are signed by the store's. Absent before the first answer."},
    {Id::rest_requests, Type::counter, "connector_host_rest_requests_total", {"method", "code"}, "Requests answered by the REST API."},
    {Id::rest_seconds, Type::histogram, "connector_host_rest_request_seconds", {}, "Time that a request took; those that wait or follow count until they were set aside."},
    {Id::task_enabled, Type::gauge, "connector_host_task_enabled", {"task"}, "1 if the task is enabled or paused, 0 if it is disabled."},
    {Id::task_state, Type::gauge, "connector_host_task_state", {"task", "state"}, "1 for the state that the task has: DISABLED, STARTING, RUNNING, PAUSED, INTERRUPTED, STOPPING, FAILED."},
    {Id::task_interrupted, Type::gauge, "connector_host_task_interrupted", {"task", "reason"}, "1 while the task is interrupted for this reason."},
    {Id::task_lag, Type::gauge, "connector_host_task_lag_records", {"task"}, "Records that are not stored yet. Absent while it is not known, such as without a broker: unknown is not 0."},
    {Id::task_delay, Type::gauge, "connector_host_task_delay_seconds", {"task"}, "Age of the oldest record that is not stored yet, or, where that is not known, for how long nothing has been stored: it grows while the task stands, paused and disabled ones, too. 0 if all is stored; absent while nothing is known. Up to the granularity is as it should be."},
    {Id::task_memory, Type::gauge, "connector_host_task_memory_bytes", {"task"}, "Records in flight, of buffer.memory."},
    {Id::task_partitions, Type::gauge, "connector_host_task_partitions", {"task"}, "Partitions that this host owns."},
    {Id::task_last_stored, Type::gauge, "connector_host_task_last_object_timestamp_seconds", {"task"}, "When an object was stored last, Unix time; absent before the first."},
    {Id::partition_committed, Type::gauge, "connector_host_partition_committed_offset", {"task", "topic", "partition"}, "Everything before it is stored."},
    {Id::partition_end, Type::gauge, "connector_host_partition_end_offset", {"task", "topic", "partition"}, "End of the partition in Kafka, as last seen."},
    {Id::partition_end_seen, Type::gauge, "connector_host_partition_end_seen_timestamp_seconds", {"task", "topic", "partition"}, "When that was, Unix time."},
    {Id::partition_lag, Type::gauge, "connector_host_partition_lag_records", {"task", "topic", "partition"}, "Records of the partition that are not stored yet. Absent while it is not known."},
    {Id::partitions_left_out, Type::gauge, "connector_host_partitions_left_out", {}, "Partitions beyond 2000, which have no series of their own."},
    {Id::memory_used, Type::gauge, "connector_host_memory_used_bytes", {}, "Records in flight of all tasks."},
    {Id::memory_limit, Type::gauge, "connector_host_memory_limit_bytes", {}, "memory.limit: what they may take together."},
    {Id::log_lines, Type::counter, "connector_host_log_lines_total", {"level"}, "Log lines, with those that were kept back because they repeat."},
    {Id::log_dropped, Type::counter, "connector_host_log_lines_dropped_total", {}, "Log lines that were dropped, as whoever reads standard error did not keep up."},
    {Id::hanging_threads, Type::gauge, "connector_host_hanging_threads", {}, "Threads that have not come round for 30 s: poll threads of runners, and the supervisor."},
    {Id::build_info, Type::gauge, "connector_host_build_info", {"version", "commit"}, "1; which version runs."},
    {Id::resident_memory, Type::gauge, "process_resident_memory_bytes", {}, "Resident memory of the process."},
    {Id::cpu_seconds, Type::counter, "process_cpu_seconds_total", {}, "Processor time spent, user and system."},
    {Id::open_fds, Type::gauge, "process_open_fds", {}, "Open file descriptors."},
    {Id::max_fds, Type::gauge, "process_max_fds", {}, "How many there may be."},
    {Id::threads, Type::gauge, "process_threads", {}, "Threads of the process."},
    {Id::start_time, Type::gauge, "process_start_time_seconds", {}, "When the process started, Unix time."},
    {Id::kc_worker_connectors, Type::gauge, "kafka_connect_worker_connector_count", {}, "Tasks of this host (Kafka Connect: connectors)."},
    {Id::kc_worker_tasks, Type::gauge, "kafka_connect_worker_task_count", {}, "Runners of this host (Kafka Connect: tasks)."},
    {Id::kc_assigned_connectors, Type::gauge, "kafka_connect_coordinator_assigned_connectors", {}, "Tasks of this host."},
    {Id::kc_assigned_tasks, Type::gauge, "kafka_connect_coordinator_assigned_tasks", {}, "Runners of this host."},
    {Id::kc_rebalancing, Type::gauge, "kafka_connect_worker_rebalance_rebalancing", {}, "1 while a runner joins or leaves its consumer group. A task that does so stops no other."},
    {Id::kc_connector_status, Type::gauge, "kafka_connect_connector_status", {"connector", "status"}, "1 for the status that the connector has: running, paused, stopped (everything is stored). As at /connectors."},
    {Id::kc_task_status, Type::gauge, "kafka_connect_connector_task_status", {"connector", "task", "status"}, "1 for the status that the runner has: running, paused, unassigned (starting), failed. As at /connectors."},
    {Id::kc_total_tasks, Type::gauge, "kafka_connect_worker_connector_total_task_count", {"connector"}, "Runners of the connector in this host."},
    {Id::kc_running_tasks, Type::gauge, "kafka_connect_worker_connector_running_task_count", {"connector"}, "Those that run."},
    {Id::kc_paused_tasks, Type::gauge, "kafka_connect_worker_connector_paused_task_count", {"connector"}, "Those that are paused."},
    {Id::kc_failed_tasks, Type::gauge, "kafka_connect_worker_connector_failed_task_count", {"connector"}, "Those that are interrupted or failed."},
    {Id::kc_unassigned_tasks, Type::gauge, "kafka_connect_worker_connector_unassigned_task_count", {"connector"}, "Those that start."},
    {Id::kc_partition_count, Type::gauge, "kafka_connect_sink_task_partition_count", {"connector", "task"}, "Partitions assigned."},
    {Id::kc_read_total, Type::counter, "kafka_connect_sink_task_sink_record_read_total", {"connector", "task"}, "Records read since the runner began."},
    {Id::kc_read_rate, Type::gauge, "kafka_connect_sink_task_sink_record_read_rate", {"connector", "task"}, "Records read in a second, lately."},
    {Id::kc_send_total, Type::counter, "kafka_connect_sink_task_sink_record_send_total", {"connector", "task"}, "Records given to the connector since the runner began; the same, since nothing transforms them."},
    {Id::kc_send_rate, Type::gauge, "kafka_connect_sink_task_sink_record_send_rate", {"connector", "task"}, "Records given to the connector in a second, lately."},
    {Id::kc_active_count, Type::gauge, "kafka_connect_sink_task_sink_record_active_count", {"connector", "task"}, "Records taken by the connector and not committed yet."},
    {Id::kc_lag_max, Type::gauge, "kafka_connect_sink_task_sink_record_lag_max", {"connector", "task"}, "Largest lag of a partition, in records; absent while that of one is not known."},
    {Id::kc_commit_total, Type::counter, "kafka_connect_sink_task_offset_commit_completion_total", {"connector", "task"}, "Commits acknowledged since the runner began."},
    {Id::kc_commit_success, Type::gauge, "kafka_connect_connector_task_offset_commit_success_percentage", {"connector", "task"}, "Part of the commits that were acknowledged, 0 to 1; absent before the first."},
    {Id::kc_commit_failure, Type::gauge, "kafka_connect_connector_task_offset_commit_failure_percentage", {"connector", "task"}, "Part of the commits that were refused, 0 to 1; absent before the first."},
    {Id::kc_record_errors, Type::gauge, "kafka_connect_task_error_total_record_errors", {"connector"}, "Records that could not be stored."},
    {Id::kc_records_skipped, Type::gauge, "kafka_connect_task_error_total_records_skipped", {"connector"}, "Those that were passed over, to the dead-letter topic or not."},
    {Id::kc_dead_letters, Type::gauge, "kafka_connect_task_error_deadletterqueue_produce_requests", {"connector"}, "Those that were sent to the dead-letter topic."},
    {Id::kc_total_retries, Type::gauge, "kafka_connect_task_error_total_retries", {"connector"}, "Requests of the connector that were tried again."},
    {Id::kc_record_failures, Type::gauge, "kafka_connect_task_error_total_record_failures", {"connector"}, "Times that the connector failed."},
};
// clang-format on
static_assert(std::size(kCatalog) == kMetrics);

constexpr bool in_order() {
  for (std::size_t i = 0; i < kMetrics; ++i) {
    if (static_cast<std::size_t>(kCatalog[i].id) != i) return false;
  }
  return true;
}
static_assert(in_order());

// From what a local object store takes to what only retries explain.
constexpr double kBuckets[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

constexpr const char* kTypes[] = {"counter", "gauge", "histogram"};

std::string labels(const Metric& one) {
  std::string out;
  for (const char* label : one.labels) {
    if (label != nullptr) out += fmt::format("{}`{}`", out.empty() ? "" : ", ", label);
  }
  return out;
}

}  // namespace

std::span<const Metric> catalog() { return kCatalog; }
const Metric& metric(Id id) { return kCatalog[static_cast<std::size_t>(id)]; }
std::span<const double> buckets() { return kBuckets; }

std::string markdown() {
  std::string out =
      "# Metrics\n\nGenerated from `connector-host/metrics/catalog.cpp`; a test compares them.\n\n"
      "`GET /metrics` answers in Prometheus's text format. Units are seconds, bytes, records. Series are bounded: `task` by the number\n"
      "of tasks, `reason` and `class` by the list of reasons ([runbook](runbook.md)), partitions by 2000 a host, and what a connector\n"
      "names by itself by 32 a task. A task's series go when it is deleted. `examples/monitoring/` has a scrape configuration, alerts and "
      "a\n"
      "Grafana board. Metrics named `kafka_connect_` are those that Kafka Connect has through Strimzi's JMX rules, so that a board made\n"
      "for it goes on working; a `connector` there is a task here, and its `task` is a runner.\n";
  const auto section = [&](std::string_view title, std::string_view prefix) {
    out += fmt::format("\n## {}\n\n| metric | type | labels | |\n|---|---|---|---|\n", title);
    for (const auto& one : kCatalog) {
      if (std::string_view(one.name).substr(0, prefix.size()) != prefix) continue;
      out += fmt::format("| `{}` | {} | {} | {} |\n", one.name, kTypes[static_cast<std::size_t>(one.type)], labels(one), one.help);
    }
  };
  section("The host and its tasks", "connector_host_");
  section("The process", "process_");
  section("Kafka Connect's names", "kafka_connect_");
  return out;
}

}  // namespace ch::metrics
