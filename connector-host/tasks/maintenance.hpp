// What must be done once a day: an empty group's offsets expire (offsets.retention.minutes, 7 days by default), so those
// of disabled tasks are committed again. A thread of its own, since it asks brokers.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "tasks/rewind.hpp"
#include "tasks/task_entry.hpp"

namespace ch::tasks {

// Commits once more what the task would go on from: an offset that somebody set meanwhile stays as it is. Does nothing while
// the group has members.
std::optional<kafka::Trouble> commit_again(kafka::GroupClient& client, const store::TaskRecord& record, const SavedOffsets& saved);

class Maintenance {
 public:
  Maintenance(std::function<std::vector<std::shared_ptr<TaskEntry>>()> entries, const Validation& validation);

 private:
  void run(const std::stop_token& stop);
  void keep_offsets(const TaskEntry& entry) const;

  std::function<std::vector<std::shared_ptr<TaskEntry>>()> entries_;
  const Validation& validation_;
  std::jthread thread_;
};

}  // namespace ch::tasks
