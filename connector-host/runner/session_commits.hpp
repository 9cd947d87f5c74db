// A session's commits, from what the connector asks for to the answer that it gets: requests wait for dead letters before
// them (ErrantRecords), are sent when they are due (CommitScheduler), one commit at a time, and what is answered is told.
// What comes for an assignment that has ended is dropped. Poll thread.
#pragma once

#include <string>
#include <vector>

#include "runner/assigned_partition.hpp"
#include "runner/commit_scheduler.hpp"
#include "runner/errant_records.hpp"
#include "runner/session_context.hpp"
#include "runner/session_report.hpp"

namespace ch::runner {

class SessionCommits {
 public:
  SessionCommits(const SessionContext& context, AssignedPartitions& partitions, SessionEnd& end, Ticks& ticks, SessionReport& report,
                 ErrantRecords& errant, CommitScheduler& scheduler)
      : context_(context),
        consumer_(context.consumer),
        partitions_(partitions),
        end_(end),
        ticks_(ticks),
        report_(report),
        errant_(errant),
        scheduler_(scheduler) {}

  void request(ch_partition_id id, std::int64_t offset, std::string state, bool urgent);
  void release(ch_partition_id id, ErrantRecords::Commit commit);  // the dead letters before it are acknowledged
  void send(bool everything);                                      // what is due; `everything`: lazy ones too
  void answered(const std::vector<kafka::CommitResult>& results);
  void look();           // ends the session when answers do not come, or another consumer may fare better
  bool settled() const;  // no commit is requested or under way

 private:
  void look_at(ch_partition_id id);

  const SessionContext& context_;
  kafka::Consumer& consumer_;
  AssignedPartitions& partitions_;
  SessionEnd& end_;
  Ticks& ticks_;
  SessionReport& report_;
  ErrantRecords& errant_;
  CommitScheduler& scheduler_;
};

}  // namespace ch::runner
