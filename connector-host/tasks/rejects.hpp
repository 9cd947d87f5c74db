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
#include "tasks/runner.hpp"

namespace ch::tasks {

class Rejects {
 public:
  using Event = std::function<void(const std::string& message)>;
  Rejects(const RunnerSpec& spec, std::function<void()> wake, Event event);

  enum class Verdict { passed_over, busy, stop, stop_too_large };  // the latter: no dead letter can be so large
  Verdict reject(ch_partition_id id, const kafka::TopicPartition& where, const ch_record& record, const std::string& why);

  struct Commit {
    std::int64_t offset = 0;
    std::string state;
    bool urgent = false;
  };
  // True: the commit is kept until serve() gives it back.
  bool hold(ch_partition_id id, const Commit& commit);
  bool holds(ch_partition_id id) const { return held_.contains(id); }
  void serve(const std::function<void(ch_partition_id, Commit)>& release);
  bool idle() const;  // nothing waits but what a refused dead letter holds up
  // The dead letter of one record is refused: its partition must stop, the others need not.
  bool buries() const { return dead_letters_ != nullptr; }
  std::optional<kafka::DeadLetters::Refusal> refusal(ch_partition_id id) const;
  void forget(ch_partition_id id);
  // The dead-letter topic cannot be written: the session must end, so that its records are read again.
  std::optional<kafka::Trouble> trouble() const;
  std::uint64_t count() const { return count_; }

 private:
  struct Held {
    std::uint64_t behind = 0;  // number of the dead letter that it waits for
    Commit commit;
  };
  static constexpr std::size_t kMaxHeld = 16;  // of a partition; then the latest replaces the one before it

  Result<kafka::DeadLetters::Sent> bury(ch_partition_id id, const kafka::TopicPartition& where, const ch_record& record,
                                        const std::string& why);
  void report(const kafka::TopicPartition& where, const ch_record& record, const std::string& why);

  const RunnerSpec& spec_;
  std::function<void()> wake_;
  Event event_;
  std::unique_ptr<kafka::DeadLetters> dead_letters_;  // from the first one on
  std::map<ch_partition_id, std::deque<Held>> held_;
  std::optional<kafka::Trouble> refused_;
  std::uint64_t count_ = 0;
  std::uint64_t next_event_ = 1;
};

}  // namespace ch::tasks
