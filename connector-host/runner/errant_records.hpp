// What becomes of records that cannot be stored (errors.*). One for each session; poll thread.
//
// A commit that covers a rejected record waits until the dead-letter topic has acknowledged it: else a crash between the
// two would lose it. Of one partition several commits may wait, each for the records before it.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kafka/dead_letters.hpp"
#include "runner/assigned_partition.hpp"
#include "runner/record_pump.hpp"
#include "runner/session_context.hpp"
#include "runner/session_report.hpp"

namespace ch::runner {

class ErrantRecords {
 public:
  ErrantRecords(const SessionContext& context, AssignedPartitions& partitions, SessionEnd& end, SessionReport& report, RecordPump& pump)
      : context_(context), partitions_(partitions), end_(end), report_(report), pump_(pump) {}

  // What ch_host.reject answers. A record that must not be passed over stops its partition.
  std::int32_t reject(ch_partition_id id, const ch_record& record, const std::string& why);

  struct Commit {
    std::int64_t offset = 0;
    std::string state;
    bool urgent = false;
  };
  // True: the commit is kept until serve() gives it back.
  bool hold(ch_partition_id id, const Commit& commit);
  bool holds(ch_partition_id id) const { return held_.contains(id); }
  void serve(const std::function<void(ch_partition_id, Commit)>& release);
  // The dead-letter topic is not there, or there is no client for it: the session ends, so that its records are read again.
  void look_at_topic();
  bool idle() const;  // nothing waits but what a refused dead letter holds up
  // The dead letter of one record is not taken: its partition must stop, the others need not.
  bool buries() const { return dead_letters_ != nullptr; }
  bool stuck() const { return dead_letters_ != nullptr && dead_letters_->stuck(); }  // for no reason of a record's
  std::vector<ch_partition_id> refused() const;                                      // partitions
  void forget(ch_partition_id id);

 private:
  enum class Verdict { passed_over, busy, stop, stop_too_large };  // the latter: no dead letter can be so large
  struct Held {
    std::uint64_t behind = 0;  // number of the dead letter that it waits for
    Commit commit;
  };
  static constexpr std::size_t kMaxHeld = 16;  // of a partition; then the latest replaces the one before it

  Verdict judge(ch_partition_id id, const kafka::TopicPartition& where, const ch_record& record, const std::string& why);
  void stop_at(AssignedPartition& assigned, std::int64_t offset, const std::string& why, const std::string& remedy);
  void wait_for_dead_letter(ch_partition_id id, AssignedPartition& assigned);
  std::optional<kafka::DeadLetters::Refusal> refusal_of(ch_partition_id id) const;
  Result<kafka::DeadLetters::Sent> bury(ch_partition_id id, const kafka::TopicPartition& where, const ch_record& record,
                                        const std::string& why);
  void report(const kafka::TopicPartition& where, const ch_record& record, const std::string& why);

  const SessionContext& context_;
  AssignedPartitions& partitions_;
  SessionEnd& end_;
  SessionReport& report_;
  RecordPump& pump_;
  std::unique_ptr<kafka::DeadLetters> dead_letters_;  // from the first one on
  std::map<ch_partition_id, std::deque<Held>> held_;
  std::optional<Interruption> refused_;
  std::uint64_t count_ = 0;
  std::uint64_t next_event_ = 1;
};

}  // namespace ch::runner
