// Where a task begins: resolves `start.position` to an offset for every partition and commits these, so that a crash a
// millisecond later changes nothing (design.md 6). Blocking; called on a runner's poll thread before it joins the group.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kafka/group_client.hpp"
#include "store/store.hpp"
#include "tasks/runner.hpp"

namespace ch::tasks {

using SavedOffsets = std::map<kafka::TopicPartition, store::SavedOffset>;

struct StartPlan {
  std::optional<kafka::Trouble> trouble;
  std::uint64_t series = 1;
  std::vector<store::SavedOffset> fixed;  // what has been committed just now, by this host or another one that shares the task
  // What the broker has of partitions that this host knew nothing of. Kept before the task's series grows, since an older
  // series without it looks like a commit from before the rewind.
  std::vector<store::SavedOffset> believed;
};

// `record.start_position` is what was fixed before: "" = nothing yet; another value than `wanted` = a deliberate rewind,
// which begins a new series; a partition that is in a series which the record does not know has been rewound by another host.
StartPlan fix_start_positions(kafka::GroupClient& client, const std::map<std::string, std::int32_t>& topics,
                              const store::TaskRecord& record, const std::string& wanted, const SavedOffsets& saved);

}  // namespace ch::tasks
