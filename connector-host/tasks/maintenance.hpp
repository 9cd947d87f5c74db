// What must be done once a day: an empty group's offsets expire (offsets.retention.minutes, 7 days by default), so those
// of disabled tasks are committed again. A thread of its own, since it asks brokers.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "tasks/task_entry.hpp"

namespace ch::tasks {

class Maintenance {
 public:
  Maintenance(std::function<std::vector<std::shared_ptr<TaskEntry>>()> entries, const Validation& validation);

 private:
  void run(const std::stop_token& stop);
  void commit_again(const TaskEntry& entry) const;

  std::function<std::vector<std::shared_ptr<TaskEntry>>()> entries_;
  const Validation& validation_;
  std::jthread thread_;
};

}  // namespace ch::tasks
