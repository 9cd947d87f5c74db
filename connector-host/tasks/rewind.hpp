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
#include "tasks/start_position.hpp"

namespace ch::tasks {

struct OffsetChange {
  kafka::TopicPartition where;
  std::optional<std::int64_t> offset;  // nothing: forgotten, as if nothing had ever been stored of this partition
};

// The metadata beside a committed offset is of an older series than what the host has kept (of the partition, or of the
// task): a late copy of a commit from before a rewind.
bool outlived(const std::string& metadata, const store::SavedOffset* kept, std::uint64_t series);

using Topics = std::map<std::string, std::int32_t>;  // with their numbers of partitions

std::vector<kafka::TopicPartition> all_partitions(const Topics& topics);

// What the task would go on from: the broker's offsets, and those that the host kept where the broker has none.
kafka::Answer<std::vector<kafka::PartitionOffset>> believed_offsets(kafka::GroupClient& client, const Topics& topics,
                                                                    const store::TaskRecord& record, const SavedOffsets& saved);

struct Rewound {
  std::uint64_t series = 1;
  SavedOffsets saved;  // all that is to be kept from now on
};

// Error: invalid with one problem a partition that is not there, or an offset outside of it; conflict if the group still
// has members after kGroupEmpties; unavailable. Then nothing has changed.
Result<Rewound> alter_offsets(kafka::GroupClient& client, const Topics& topics, const store::TaskRecord& record, const SavedOffsets& saved,
                              const std::vector<OffsetChange>& changes);
// Removes the consumer group: the next start resolves `start.position` anew.
Result<Rewound> reset_offsets(kafka::GroupClient& client, const Topics& topics, const store::TaskRecord& record);

// A runner's static membership ends with its session, 10 s after it has closed.
constexpr std::chrono::milliseconds kGroupEmpties{15000};

}  // namespace ch::tasks
