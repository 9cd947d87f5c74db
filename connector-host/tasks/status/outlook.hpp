// What is known of a task's partitions beside what its runners say: how far they go, and since when their first record waits
// that is not stored. Completes a status with it. What is not known, or not any more, stays empty there. No I/O, no lock.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kafka/types.hpp"
#include "tasks/offsets/start_position.hpp"
#include "tasks/status/task_status.hpp"

namespace ch::tasks {

class Outlook {
 public:
  static constexpr std::chrono::seconds kCurrent{30};  // an end that was seen longer ago is the last known one

  struct Now {
    runner::Moment moment;
    std::int64_t wall_ms = 0;
  };
  struct Seen {
    kafka::TopicPartition where;
    std::int64_t end = -1;                  // -1: the broker could not tell
    std::optional<std::int64_t> committed;  // of a task at rest
  };

  // What brokers have said of all partitions of the task's topics.
  void see(const std::vector<Seen>& partitions, runner::Moment at);
  // The time of the first record at or behind `from`, as Unix time; <= 0: it has none.
  void see_first(const kafka::TopicPartition& where, std::int64_t from, std::int64_t time_ms, const Now& now);

  // Fills in lag and delay of the partitions and of the task. Partitions of a task that owns none, since it is at rest or its
  // runners cannot join, are added: with what was committed last.
  void complete(TaskStatus& status, const SavedOffsets& saved, const Now& now);

  // Of partitions that stood at the last complete(): where the first record is whose time is not known. At most `limit`.
  std::vector<kafka::PartitionOffset> to_look_up(std::size_t limit) const;

 private:
  struct Known {
    std::int64_t end = -1;
    runner::Moment end_seen;
    std::optional<std::int64_t> committed;
    std::optional<runner::Moment> whole;   // when everything was stored, as far as is known
    std::optional<runner::Moment> behind;  // since when it is known that something is not, and nothing better
    std::int64_t first_from = -1;          // what is committed
    std::optional<runner::Moment> first;   // since when the record there waits
    std::int64_t look_up = -1;
  };

  void complete(runner::PartitionStatus& partition, const runner::RunnerStatus* runner, const TaskStatus& status, const Now& now);
  void add_at_rest(TaskStatus& status, const SavedOffsets& saved) const;

  std::map<kafka::TopicPartition, Known> known_;
  std::optional<std::vector<std::string>> topics_;  // as see() was told last
};

}  // namespace ch::tasks
