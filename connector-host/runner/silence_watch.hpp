// Looks for partitions of which Kafka has more than it gives us while we would take it, and says why: a transaction that
// is open, a quota, a broker that sends nothing. Poll thread.
#pragma once

#include <string>

#include "runner/assigned_partition.hpp"
#include "runner/session_context.hpp"
#include "runner/session_report.hpp"

namespace ch::runner {

class SilenceWatch {
 public:
  SilenceWatch(const SessionContext& context, AssignedPartitions& partitions, SessionReport& report)
      : context_(context), consumer_(context.consumer), partitions_(partitions), report_(report) {}
  void look();  // once a second

 private:
  std::string waiting(const AssignedPartition& partition) const;
  void waits_for_transaction(AssignedPartition& partition, milliseconds silent);
  void is_throttled(AssignedPartition& partition, const kafka::Throttled& throttled);
  void gets_nothing(AssignedPartition& partition, milliseconds silent);

  const SessionContext& context_;
  kafka::Consumer& consumer_;
  AssignedPartitions& partitions_;
  SessionReport& report_;
  Instant due_;
  Instant moved_at_;  // when a record came, or an end, of any partition
};

}  // namespace ch::runner
