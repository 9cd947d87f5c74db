// Blocking questions to the brokers, for any client handle. Private to this room.
#pragma once

#include "kafka/group_client.hpp"
#include "kafka/handles.hpp"

namespace ch::kafka::queries {

// What becomes of an answer when a partition has no leader, which alone knows its offsets.
enum class Leaderless { fails, is_unknown };  // unknown: -1

Answer<std::vector<PartitionOffset>> committed(rd_kafka_t* client, const std::vector<TopicPartition>& partitions, milliseconds timeout);
// `time`: Unix ms, or RD_KAFKA_OFFSET_BEGINNING / RD_KAFKA_OFFSET_END, which the protocol takes in its place.
Answer<std::vector<PartitionOffset>> offsets_at(rd_kafka_t* client, const std::vector<TopicPartition>& partitions, std::int64_t time,
                                                milliseconds timeout, Leaderless leaderless = Leaderless::fails);
PartitionList to_list(const std::vector<TopicPartition>& partitions);

}  // namespace ch::kafka::queries
