// Which committed offsets of a task are believed, and how they are altered on purpose (Kafka Connect's offsets API).
// Altering begins a new series: an intent from before it does not come back, the audit does not undo it, and a late copy
// of an older commit is told by its series. Blocking; for a task without runners.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "kafka/group_client.hpp"
#include "store/store.hpp"
#include "tasks/offsets/start_position.hpp"

namespace ch::tasks {

struct OffsetChange {
  kafka::TopicPartition where;
  std::optional<std::int64_t> offset;  // nothing: forgotten, as if nothing had ever been stored of this partition
};

using Topics = std::map<std::string, std::int32_t>;  // with their numbers of partitions

std::vector<kafka::TopicPartition> all_partitions(const Topics& topics);

// What the task would go on from: the broker's offsets, and those that the host kept where the broker has none.
kafka::Answer<std::vector<kafka::PartitionOffset>> believed_offsets(kafka::GroupClient& client, const Topics& topics,
                                                                    const store::TaskRecord& record, const SavedOffsets& saved);

struct Rewound {
  std::uint64_t series = 1;
  SavedOffsets saved;  // all that is to be kept from now on
};

// How long to wait for the group to become empty, and whose members it is that may still be in it. Runners leave when they
// stop; one that died is a member until its session times out.
struct Patience {
  std::chrono::milliseconds at_most{15000};
  std::string own_member;  // how this host's instance ids begin
};
Patience patience(const kafka::Properties& cluster, const kafka::Properties& overrides, const std::string& host_id);

// Error: invalid with one problem a partition that is not there, or an offset outside of it; unavailable, also if the group
// still has members. Then nothing has changed.
Result<Rewound> alter_offsets(kafka::GroupClient& client, const Topics& topics, const store::TaskRecord& record, const SavedOffsets& saved,
                              const std::vector<OffsetChange>& changes, const Patience& patience);
// Removes the consumer group: the next start resolves `start.position` anew.
Result<Rewound> reset_offsets(kafka::GroupClient& client, const Topics& topics, const store::TaskRecord& record, const Patience& patience);

}  // namespace ch::tasks
