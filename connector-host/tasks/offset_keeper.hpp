// What must be done once a day: an empty group's offsets expire (offsets.retention.minutes, 7 days by default), so those
// of disabled tasks are committed again. A thread of its own, since it asks brokers.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "tasks/managed_task.hpp"
#include "tasks/offsets/offset_changes.hpp"

namespace ch::tasks {

// OffsetCommits once more what the task would go on from: an offset that somebody set meanwhile stays as it is. Does nothing while
// the group has members.
std::optional<Interruption> commit_again(kafka::GroupClient& client, const store::TaskRecord& record, const SavedOffsets& saved);

class OffsetKeeper {
 public:
  OffsetKeeper(std::function<std::vector<std::shared_ptr<ManagedTask>>()> entries, const TaskValidation& validation);

 private:
  void run(const std::stop_token& stop);
  void keep_offsets(const ManagedTask& entry) const;

  std::function<std::vector<std::shared_ptr<ManagedTask>>()> entries_;
  const TaskValidation& validation_;
  std::jthread thread_;
};

}  // namespace ch::tasks
