// What a session says of itself: its state and status, its events, and why it or its partitions are interrupted. Of several
// layers that stop a partition the first is told, and one cause is told once however many partitions it stops. Poll thread.
#pragma once

#include <optional>
#include <string>

#include "base/log.hpp"
#include "runner/assigned_partition.hpp"
#include "runner/causes.hpp"
#include "runner/commit_scheduler.hpp"
#include "runner/rate.hpp"
#include "runner/session_context.hpp"

namespace ch::runner {

class SessionReport {
 public:
  SessionReport(const SessionContext& context, AssignedPartitions& partitions, SessionEnd& end, const CommitScheduler& commits);

  // One of the things that stop a partition begins, or goes on. `kept`: its layer, of those of the partition.
  void begin(AssignedPartition& partition, std::optional<InterruptionStatus>& kept, Interruption what, std::int64_t since_ms);
  void end(AssignedPartition& partition, std::optional<InterruptionStatus>& kept);
  // What the connector says, or is said in its place. Id 0: of the whole task.
  void interrupted(ch_partition_id id, Interruption what);  // 0: all of them
  void recovered(ch_partition_id id);                       // it need not wait with going on either
  void forget(ch_partition_id id) { causes_.forget(id); }
  void tell_causes(bool all);  // that are due

  // Of the cluster. Brokers tell only that they do not answer; CKafka may tell why, and when that is over.
  void trouble(const Interruption& what);
  void reachable();
  bool in_trouble() const { return trouble_.has_value(); }
  void look_at_instance();               // now and then
  void look_again_at(Instant settings);  // when the cluster's settings are looked at next

  void stored(ch_partition_id id, const ch_object& object);
  void event(const std::string& kind, const InterruptionStatus* what, const std::string& message);
  log::Subject subject(ch_partition_id id) const;  // of a log line; the task if the partition is not ours

  void set_joined(bool joined) { joined_ = joined; }
  void publish();
  void publish_if_due(bool busy);  // there is much to do

 private:
  State state() const;
  bool changed_state(Instant now, bool busy);
  RunnerStatus snapshot();
  PartitionStatus describe(ch_partition_id id, AssignedPartition& partition);
  void set_trouble(const Interruption& what);
  void tell(const log::Subject& about, const InterruptionStatus& what);
  void tell_cause(const std::string& reason);
  std::optional<InterruptionStatus> worst_interruption() const;
  Instant now() const { return context_.now(); }

  const SessionContext& context_;
  const std::string task_;
  AssignedPartitions& partitions_;
  SessionEnd& end_;
  const CommitScheduler& commits_;
  Causes causes_;                                   // of interruptions in partitions_
  std::optional<InterruptionStatus> trouble_;       // of the cluster
  std::optional<InterruptionStatus> interruption_;  // of the whole task, from the connector
  bool joined_ = false;
  Instant looked_;  // whether the instance is isolated
  Instant settings_due_;
  Instant published_;
  Instant state_seen_;
  State published_state_ = State::starting;
  std::int64_t state_since_ms_;
  Rate record_rate_;
  Rate byte_rate_;
};

}  // namespace ch::runner
