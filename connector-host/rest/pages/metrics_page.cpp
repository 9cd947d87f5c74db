#include "rest/pages/metrics_page.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <numeric>

#include "base/log.hpp"
#include "metrics/process.hpp"
#include "rest/connect/json.hpp"

namespace ch::rest {
namespace {

using metrics::Id;
using metrics::Sample;
using runner::State;

// What Kafka Connect's REST API calls it, in the lower case of its metrics.
std::string lower(std::string_view state) {
  std::string out(state);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}
std::string connect_status(const tasks::TaskStatus& task, State state) { return lower(connect::task_state(state, task.enabled)); }

class Page {
 public:
  void add(const tasks::TaskStatus& task, const metrics::TaskMetrics* counted);
  void add(Id id, std::vector<std::string> labels, double value) { samples_.push_back({id, std::move(labels), value}); }
  std::vector<Sample> finish();

 private:
  void add_partition(const std::string& task, const runner::PartitionStatus& partition);
  void add_partitions(const tasks::TaskStatus& task);
  void add_connect(const tasks::TaskStatus& task, const metrics::TaskMetrics* counted);
  void add_runner(const tasks::TaskStatus& task, const runner::RunnerStatus& runner);

  std::vector<Sample> samples_;
  std::size_t tasks_ = 0;
  std::size_t runners_ = 0;
  std::size_t partitions_ = 0;
  std::size_t left_out_ = 0;
  bool rebalancing_ = false;
};

void Page::add(const tasks::TaskStatus& task, const metrics::TaskMetrics* counted) {
  ++tasks_;
  const auto& name = task.name;
  add(Id::task_enabled, {name}, task.enabled ? 1 : 0);
  add(Id::task_state, {name, std::string(runner::to_string(task.state))}, 1);
  if (task.interruption) add(Id::task_interrupted, {name, task.interruption->reason}, 1);
  if (task.lag) add(Id::task_lag, {name}, static_cast<double>(*task.lag));
  if (task.delay_ms) add(Id::task_delay, {name}, static_cast<double>(*task.delay_ms) / 1000);
  add(Id::task_memory, {name}, static_cast<double>(task.memory_bytes));
  if (task.last_object) add(Id::task_last_stored, {name}, static_cast<double>(task.last_object->stored_ms) / 1000);
  add_partitions(task);
  add_connect(task, counted);
}

void Page::add_partition(const std::string& task, const runner::PartitionStatus& partition) {
  if (partitions_ == kMaxPartitionSeries) {
    ++left_out_;
    return;
  }
  ++partitions_;
  const std::vector<std::string> labels = {task, partition.topic, std::to_string(partition.partition)};
  if (partition.committed_offset >= 0) add(Id::partition_committed, labels, static_cast<double>(partition.committed_offset));
  if (partition.end_offset >= 0) add(Id::partition_end, labels, static_cast<double>(partition.end_offset));
  if (partition.end_offset_at_ms > 0) add(Id::partition_end_seen, labels, static_cast<double>(partition.end_offset_at_ms) / 1000);
  if (partition.lag) add(Id::partition_lag, labels, static_cast<double>(*partition.lag));
}

void Page::add_partitions(const tasks::TaskStatus& task) {
  std::size_t own = 0;
  for (const auto& runner : task.runners) {
    own += runner.partitions.size();
    for (const auto& partition : runner.partitions) add_partition(task.name, partition);
  }
  for (const auto& partition : task.at_rest) add_partition(task.name, partition);
  add(Id::task_partitions, {task.name}, static_cast<double>(own));
}

void Page::add_connect(const tasks::TaskStatus& task, const metrics::TaskMetrics* counted) {
  const auto& name = task.name;
  std::map<std::string, int> runners;
  for (const auto& runner : task.runners) {
    if (connect::shown(runner)) ++runners[connect_status(task, runner.state)];
  }
  const auto total = std::accumulate(runners.begin(), runners.end(), 0, [](int sum, const auto& one) { return sum + one.second; });
  runners_ += static_cast<std::size_t>(total);
  add(Id::kc_connector_status, {name, lower(connect::connector_state(task))}, 1);
  add(Id::kc_total_tasks, {name}, total);
  add(Id::kc_running_tasks, {name}, runners["running"]);
  add(Id::kc_paused_tasks, {name}, runners["paused"]);
  add(Id::kc_failed_tasks, {name}, runners["failed"]);
  add(Id::kc_unassigned_tasks, {name}, runners["unassigned"] + runners["restarting"]);
  const double buried = counted != nullptr ? counted->total(Id::records_rejected, "dead_letter") : 0;
  const double skipped = counted != nullptr ? counted->total(Id::records_rejected, "skipped") : 0;
  add(Id::kc_record_errors, {name}, counted != nullptr ? counted->total(Id::records_rejected) : 0);
  add(Id::kc_records_skipped, {name}, skipped + buried);
  add(Id::kc_dead_letters, {name}, buried);
  add(Id::kc_total_retries, {name}, counted != nullptr ? counted->total(Id::retries) : 0);
  add(Id::kc_record_failures, {name}, counted != nullptr ? counted->total(Id::failures) : 0);
  for (const auto& runner : task.runners) {
    if (connect::shown(runner)) add_runner(task, runner);
  }
}

void Page::add_runner(const tasks::TaskStatus& task, const runner::RunnerStatus& runner) {
  const std::vector<std::string> labels = {task.name, std::to_string(runner.id)};
  add(Id::kc_task_status, {labels[0], labels[1], connect_status(task, runner.state)}, 1);
  double active = 0;
  std::optional<std::int64_t> lag;
  bool known = true;
  for (const auto& partition : runner.partitions) {
    if (partition.position >= 0 && partition.committed_offset >= 0)
      active += static_cast<double>(std::max<std::int64_t>(partition.position - partition.committed_offset, 0));
    known = known && partition.lag;
    lag = std::max(lag, partition.lag);
  }
  add(Id::kc_partition_count, labels, static_cast<double>(runner.partitions.size()));
  add(Id::kc_read_total, labels, static_cast<double>(runner.totals.records));
  add(Id::kc_send_total, labels, static_cast<double>(runner.totals.records));
  add(Id::kc_read_rate, labels, runner.records_per_second);
  add(Id::kc_send_rate, labels, runner.records_per_second);
  add(Id::kc_active_count, labels, active);
  if (known && lag) add(Id::kc_lag_max, labels, static_cast<double>(*lag));
  add(Id::kc_commit_total, labels, static_cast<double>(runner.totals.commits));
  if (const auto commits = static_cast<double>(runner.totals.commits + runner.totals.commits_refused); commits > 0) {
    add(Id::kc_commit_success, labels, static_cast<double>(runner.totals.commits) / commits);
    add(Id::kc_commit_failure, labels, static_cast<double>(runner.totals.commits_refused) / commits);
  }
  if (runner.state == State::starting || runner.state == State::stopping) rebalancing_ = true;
}

std::vector<Sample> Page::finish() {
  add(Id::partitions_left_out, {}, static_cast<double>(left_out_));
  add(Id::kc_worker_connectors, {}, static_cast<double>(tasks_));
  add(Id::kc_worker_tasks, {}, static_cast<double>(runners_));
  add(Id::kc_assigned_connectors, {}, static_cast<double>(tasks_));
  add(Id::kc_assigned_tasks, {}, static_cast<double>(runners_));
  add(Id::kc_rebalancing, {}, rebalancing_ ? 1 : 0);
  return std::move(samples_);
}

}  // namespace

std::string metrics_page(const tasks::TaskService& service, const std::string& version, const std::string& commit) {
  Page page;
  auto& counted = service.metrics();
  for (const auto& task : service.statuses()) page.add(task, counted.find(task.name).get());
  const auto memory = service.memory();
  page.add(Id::memory_used, {}, static_cast<double>(memory.used));
  page.add(Id::memory_limit, {}, static_cast<double>(memory.limit));
  page.add(Id::build_info, {version, commit}, 1);
  static constexpr const char* kLevels[] = {"debug", "info", "warn", "error"};
  const auto lines = log::line_counts();
  for (std::size_t i = 0; i < lines.size(); ++i) page.add(Id::log_lines, {kLevels[i]}, static_cast<double>(lines[i]));
  page.add(Id::log_dropped, {}, static_cast<double>(log::dropped_lines()));
  page.add(Id::hanging_threads, {}, static_cast<double>(service.hanging_threads()));
  for (auto& sample : metrics::process_samples()) page.add(sample.id, std::move(sample.labels), sample.value);
  return counted.text(page.finish());
}

}  // namespace ch::rest
