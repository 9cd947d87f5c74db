// How a session reads: buffers to the connector, where a partition goes on, and who has to wait for whom. Poll thread.
#pragma once

#include <optional>
#include <set>
#include <span>

#include "runner/assigned_partition.hpp"
#include "runner/session_context.hpp"
#include "runner/session_report.hpp"

namespace ch::runner {

class RecordPump {
 public:
  RecordPump(const SessionContext& context, AssignedPartitions& partitions, SessionEnd& end, Ticks& ticks, SessionReport& report)
      : context_(context), consumer_(context.consumer), partitions_(partitions), end_(end), ticks_(ticks), report_(report) {}

  // Not before `after`; what was fetched meanwhile is as old.
  void go_on_at(AssignedPartition& partition, std::int64_t offset, Instant after);
  void retry();  // nobody waits any longer with going on
  // Both tell whether there was something to do. A task that is paused is read while it is `flushing`.
  bool seek();
  bool read(bool flushing);
  // Told until something of it has been read, be it its end: librdkafka does not tell that a partition has got a leader.
  void wait_for_leader(AssignedPartition& partition);
  void forget(ch_partition_id id) { seeking_.erase(id); }

 private:
  bool read(ch_partition_id id, AssignedPartition& partition);
  std::size_t offer(ch_partition_id id, AssignedPartition& partition, std::span<const ch_record> records);
  void take_end(ch_partition_id id, AssignedPartition& partition, std::int64_t end_of_partition);
  void cannot_read_on(AssignedPartition& partition, const Interruption& what);
  void make_way();
  void count_taken(std::span<const ch_record> records);

  const SessionContext& context_;
  kafka::Consumer& consumer_;
  AssignedPartitions& partitions_;
  SessionEnd& end_;
  Ticks& ticks_;
  SessionReport& report_;
  std::set<ch_partition_id> seeking_;  // or paused
  std::optional<Instant> resting_since_;
};

}  // namespace ch::runner
