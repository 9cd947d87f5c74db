// One consumer's life within a runner, from joining the group to leaving it. All on the poll thread.
//
// Division of labour: the connector decides what becomes an object and where to go on; the session tells it what it owns, and
// calls its parts in turn. These read (RecordPump), commit what is asked (SessionCommits), keep what cannot be stored
// (ErrantRecords), look for what does not come (SilenceWatch) and say how it is (SessionReport). Every call that names a
// partition names an assignment of it; what comes for one that has ended is dropped.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "kafka/consumer.hpp"
#include "kafka/made_with.hpp"
#include "runner/assigned_partition.hpp"
#include "runner/commit_scheduler.hpp"
#include "runner/errant_records.hpp"
#include "runner/record_pump.hpp"
#include "runner/session_commits.hpp"
#include "runner/session_context.hpp"
#include "runner/session_report.hpp"
#include "runner/silence_watch.hpp"

namespace ch::runner {

class SinkSession final : private kafka::Listener, public SessionCalls {
 public:
  using Context = SessionContext;  // outlives it
  using Outcome = SessionOutcome;
  using End = SessionOutcome::End;

  explicit SinkSession(const Context& context);
  ~SinkSession() override;
  Outcome run();

  void request_commit(ch_partition_id id, std::int64_t offset, std::string state, bool urgent) override;
  void resume(ch_partition_id id, std::int64_t offset) override;
  void interrupted(ch_partition_id id, Interruption what) override;
  void recovered(ch_partition_id id) override;
  std::int32_t reject(ch_partition_id id, const ch_record& record, const std::string& why) override;
  void stored(ch_partition_id id, const ch_object& object) override;

 private:
  void on_assigned(std::vector<kafka::Assignment>& partitions) override;
  void on_revoked(const std::vector<ch_partition_id>& partitions, bool lost) override;
  void on_committed(const std::vector<kafka::CommitResult>& results) override;
  void on_trouble(const Interruption& trouble) override;
  void on_reachable() override;
  void on_rejoin_needed(const std::string& why) override;
  void on_topics_changed() override;

  bool loop_once();
  void adopt(kafka::Assignment& assignment);
  void look_at_settings();
  void halt(AssignedPartition& partition, const std::string& message);
  void open_new();
  void serve_errant();
  bool finished_storing();
  void give_up_all(bool lost);
  void give_up(const std::vector<ch_partition_id>& partitions, bool lost);
  Outcome leave(Outcome outcome);
  std::chrono::milliseconds time_to_wait() const;

  Instant now() const { return context_.now(); }

  Context context_;
  const std::string task_;
  const kafka::MadeWith made_with_;
  kafka::Consumer& consumer_;
  SessionEnd end_;
  Ticks ticks_;
  CommitScheduler scheduler_;
  AssignedPartitions partitions_;
  SessionReport report_;
  RecordPump pump_;
  SilenceWatch silence_;
  ErrantRecords errant_;
  SessionCommits commits_;
  std::vector<ch_partition_id> to_open_;  // assigned, and the connector has not been told
  bool flushing_ = false;
  bool progress_ = false;
  bool other_topics_ = false;  // it comes again as another member
  Instant settings_due_;
};

}  // namespace ch::runner
