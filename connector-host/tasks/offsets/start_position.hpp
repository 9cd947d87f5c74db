// Where a task begins: resolves `start.position` to an offset for every partition and commits these, so that a crash a
// millisecond later changes nothing (docs/delivery.md). Blocking; called on a runner's poll thread before it joins the group.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kafka/group_client.hpp"
#include "runner/runner.hpp"
#include "store/store.hpp"

namespace ch::tasks {

using SavedOffsets = std::map<kafka::TopicPartition, store::SavedOffset>;

struct StartPlan {
  std::optional<Interruption> trouble;
  std::uint64_t series = 1;
  std::vector<store::SavedOffset> fixed;  // what has been committed just now, by this host or another one that shares the task
  // What the broker has of partitions that this host knew nothing of. Kept before the task's series grows, since an older
  // series without it looks like a commit from before the rewind.
  std::vector<store::SavedOffset> believed;
  bool resolved = false;                // `start.position` was resolved now, for at least one partition
  std::optional<std::int64_t> skipped;  // what count_skipped() says of these; nothing: the broker could not tell in time
};

// Of a topic: offsets that hold records, at the most (compaction and transactions leave some without).
struct TopicRecords {
  std::string topic;
  std::int32_t partitions = 0;
  std::int64_t records = 0;
  std::optional<std::int64_t> skipped;  // those before the start position; nothing for `committed`, which is a group's
};

// What a task that begins now at `position` would find, and what of it would lie before its start.
kafka::Answer<std::vector<TopicRecords>> count_records(kafka::GroupClient& client, const std::map<std::string, std::int32_t>& topics,
                                                       const std::string& position);

// `record.start_position` is what was fixed before: "" = nothing yet; another value than `wanted` = a deliberate rewind,
// which begins a new series; `record.enabled_ms`: what `latest` means, 0: this moment; a partition that is in a series which the record
// does not know has been rewound by another host.
StartPlan fix_start_positions(kafka::GroupClient& client, const std::map<std::string, std::int32_t>& topics,
                              const store::TaskRecord& record, const std::string& wanted, const SavedOffsets& saved);

}  // namespace ch::tasks
