#include "runner/host_table.hpp"

#include <connector_host/connector.hpp>

#include "base/log.hpp"
#include "kafka/consumer.hpp"
#include "runner/offset_metadata.hpp"

namespace ch::runner {

void HostTable::log(void* context, std::int32_t level, ch_string message) {
  auto& self = of(context);
  const auto text = view(message);
  if (level >= CH_LOG_ERROR) {
    const MutexLock lock(self.mutex_);
    self.last_error_ = text;
  }
  const auto our_level = level <= CH_LOG_DEBUG  ? log::Level::debug
                         : level == CH_LOG_INFO ? log::Level::info
                         : level == CH_LOG_WARN ? log::Level::warn
                                                : log::Level::error;
  if (log::enabled(log::room_named("connectors"), our_level)) log::write(our_level, self.task_, text);
}

std::int32_t HostTable::request_commit(void* context, ch_partition_id partition, std::int64_t offset, ch_string state,
                                       std::int32_t urgency) {
  auto& self = of(context);
  if (state.size > kMaxState || offset < 0) {
    log::error(self.task_, "the connector asked to commit offset {} with a state of {} characters; at most {} can be kept", offset,
               state.size, kMaxState);
    return CH_INVALID;
  }
  if (self.session_ != nullptr) self.session_->request_commit(partition, offset, std::string(view(state)), urgency == CH_COMMIT_NOW);
  return CH_OK;
}

HostTable::HostTable(std::string task, Budget& budget, UploadPool& pool, metrics::TaskMetrics& metrics, const Clock& clock)
    : task_(std::move(task)), clock_(clock), budget_(budget), pool_(pool), metrics_(metrics) {
  table_.struct_size = sizeof(ch_host);
  table_.context = this;
  table_.log = &HostTable::log;
  table_.now_ms = [](void* context) { return of(context).clock_.wall_ms(); };
  table_.submit = [](void* context, ch_job_fn run, ch_job_fn done, void* job) -> std::int32_t {
    return of(context).pool_.submit(run, done, job) ? CH_OK : CH_BUSY;
  };
  table_.request_commit = &HostTable::request_commit;
  table_.resume = [](void* context, ch_partition_id partition, std::int64_t offset) -> std::int32_t {
    if (offset < 0) return CH_INVALID;
    if (auto* session = of(context).session_) session->resume(partition, offset);
    return CH_OK;
  };
  table_.interrupted = [](void* context, ch_partition_id partition, const ch_interruption* what) {
    auto* session = of(context).session_;
    if (session == nullptr) return;
    session->interrupted(
        partition, {std::string(view(what->reason)), std::string(view(what->message)), std::string(view(what->remedy)), what->next_try_ms});
  };
  table_.recovered = [](void* context, ch_partition_id partition) {
    if (auto* session = of(context).session_) session->recovered(partition);
  };
  table_.reserve = [](void* context, std::uint64_t bytes) -> std::int32_t {
    if (of(context).budget_.reserve(bytes)) return CH_OK;
    ++of(context).memory_refusals_;
    return CH_BUSY;
  };
  table_.release = [](void* context, std::uint64_t bytes) { of(context).budget_.release(bytes); };
  table_.stored = [](void* context, ch_partition_id partition, const ch_object* object) {
    if (auto* session = of(context).session_) session->stored(partition, *object);
  };
  table_.headers = [](void* context, const ch_record* record, ch_header_fn each, void* user) -> std::int32_t {
    const auto read = kafka::each_header(*record, each, user);
    if (!read) log::warn(of(context).task_, "{}", read.error().message);
    return read ? CH_OK : CH_INVALID;
  };
  table_.reject = [](void* context, ch_partition_id partition, const ch_record* record, ch_string why) -> std::int32_t {
    auto& self = of(context);
    if (self.session_ == nullptr) return CH_BUSY;
    try {  // nothing thrown may cross the connector's frames
      return self.session_->reject(partition, *record, std::string(view(why)));
    } catch (const std::exception& error) {
      log::error(self.task_, "a record cannot be rejected now: {}", error.what());
      return CH_BUSY;
    }
  };
  table_.count = [](void* context, ch_string name, double amount) { of(context).metrics_.connector_count(view(name), amount); };
  table_.observe = [](void* context, ch_string name, double value) { of(context).metrics_.connector_observe(view(name), value); };
  table_.gauge = [](void* context, ch_string name, double value) { of(context).metrics_.connector_gauge(view(name), value); };
}

std::string HostTable::last_error() const {
  const MutexLock lock(mutex_);
  return last_error_;
}

}  // namespace ch::runner
