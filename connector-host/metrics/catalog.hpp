// Every metric that the host shows, in one table: code, docs/metrics.md and tests read it here. Constant; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace ch::metrics {

enum class Type { counter, gauge, histogram };

// Of the task's work, counted as it happens. Each in the order of the table.
enum class Id : std::size_t {
  records_read,
  bytes_read,
  objects_stored,
  records_stored,
  bytes_stored,
  commits,
  commits_refused,
  assignments,
  revocations,
  rejoins,
  failures,
  records_rejected,
  interruptions,
  rotations,
  retries,
  connector_events,
  object_store_seconds,
  request_seconds,
  clock_skew,  // the last of the task's own
  // of the host
  rest_requests,
  rest_seconds,
  // looked up when /metrics is asked
  task_enabled,
  task_state,
  task_interrupted,
  task_lag,
  task_delay,
  task_memory,
  task_partitions,
  task_last_stored,
  partition_committed,
  partition_end,
  partition_end_seen,
  partition_lag,
  partitions_left_out,
  memory_used,
  memory_limit,
  log_lines,
  log_dropped,
  hanging_threads,
  build_info,
  resident_memory,
  cpu_seconds,
  open_fds,
  max_fds,
  threads,
  start_time,
  // Kafka Connect's names
  kc_worker_connectors,
  kc_worker_tasks,
  kc_assigned_connectors,
  kc_assigned_tasks,
  kc_rebalancing,
  kc_connector_status,
  kc_task_status,
  kc_total_tasks,
  kc_running_tasks,
  kc_paused_tasks,
  kc_failed_tasks,
  kc_unassigned_tasks,
  kc_partition_count,
  kc_read_total,
  kc_read_rate,
  kc_send_total,
  kc_send_rate,
  kc_active_count,
  kc_lag_max,
  kc_commit_total,
  kc_commit_success,
  kc_commit_failure,
  kc_record_errors,
  kc_records_skipped,
  kc_dead_letters,
  kc_total_retries,
  kc_record_failures,
  count
};

struct Metric {
  Id id;
  Type type;
  const char* name;
  std::array<const char*, 3> labels;  // nullptr: none
  const char* help;
};

constexpr std::size_t kMetrics = static_cast<std::size_t>(Id::count);

std::span<const Metric> catalog();  // kMetrics of them, in the order of Id
const Metric& metric(Id id);
std::span<const double> buckets();  // of all histograms, seconds

std::string markdown();  // docs/metrics.md

}  // namespace ch::metrics
