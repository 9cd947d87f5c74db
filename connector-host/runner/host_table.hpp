// The host's half of the plugin boundary for one task object: turns the function table of plugin.h into calls on the
// session that runs, if one does. Poll thread, except log, now_ms, release, count, observe and gauge.
#pragma once

#include <connector_host/connector.hpp>
#include <string>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "metrics/metrics.hpp"
#include "runner/budget.hpp"
#include "runner/upload_pool.hpp"

namespace ch::runner {

// What a connector may ask of the session that runs.
class SessionCalls {
 public:
  virtual ~SessionCalls() = default;
  virtual void request_commit(ch_partition_id partition, std::int64_t offset, std::string state, bool urgent) = 0;
  virtual void resume(ch_partition_id partition, std::int64_t offset) = 0;
  virtual void interrupted(ch_partition_id partition, Interruption what) = 0;
  virtual void recovered(ch_partition_id partition) = 0;
  virtual std::int32_t reject(ch_partition_id partition, const ch_record& record, const std::string& why) = 0;
  virtual void stored(ch_partition_id partition, const ch_object& object) = 0;
};

class HostTable {
 public:
  HostTable(std::string task, Budget& budget, UploadPool& pool, metrics::TaskMetrics& metrics, const Clock& clock = system_clock());
  HostTable(const HostTable&) = delete;
  HostTable& operator=(const HostTable&) = delete;

  const ch_host& table() const { return table_; }
  void set_session(SessionCalls* session) { session_ = session; }
  std::uint64_t memory_refusals() const { return memory_refusals_; }
  std::string last_error() const;  // what the connector logged last as an error: the trace of a failed runner

 private:
  static HostTable& of(void* context) { return *static_cast<HostTable*>(context); }
  static void log(void* context, std::int32_t level, ch_string message);
  static std::int32_t request_commit(void* context, ch_partition_id partition, std::int64_t offset, ch_string state, std::int32_t urgency);

  std::string task_;
  const Clock& clock_;
  Budget& budget_;
  UploadPool& pool_;
  metrics::TaskMetrics& metrics_;
  SessionCalls* session_ = nullptr;
  std::uint64_t memory_refusals_ = 0;
  mutable Mutex mutex_;
  std::string last_error_ CH_GUARDED_BY(mutex_);
  ch_host table_{};
};

}  // namespace ch::runner
