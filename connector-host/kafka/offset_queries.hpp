// Blocking questions to the brokers, for any client handle. Private to this room.
#pragma once

#include <functional>

#include "kafka/group_client.hpp"
#include "kafka/rdkafka_handles.hpp"

namespace ch::kafka::queries {

// What becomes of an answer when a partition has no leader, which alone knows its offsets.
enum class Leaderless { fails, is_unknown };  // unknown: -1

// Why a call failed, for a client that knows more of it than the call's code.
using Explain = std::function<Interruption(rd_kafka_resp_err_t code, std::string_view doing)>;

Answer<std::map<std::string, std::int32_t>> all_topics(rd_kafka_t* client, milliseconds timeout,
                                                       const Explain& explain);  // with their numbers of partitions
Answer<std::vector<PartitionOffset>> committed(rd_kafka_t* client, const std::vector<TopicPartition>& partitions, milliseconds timeout,
                                               const Explain& explain);
// `time`: Unix ms, or RD_KAFKA_OFFSET_BEGINNING / RD_KAFKA_OFFSET_END, which the protocol takes in its place.
Answer<std::vector<PartitionOffset>> offsets_at(rd_kafka_t* client, const std::vector<TopicPartition>& partitions, std::int64_t time,
                                                milliseconds timeout, const Explain& explain, Leaderless leaderless = Leaderless::fails);
// Offsets and metadata of an answer; the error of one partition is that of all.
Answer<std::vector<PartitionOffset>> from_list(const rd_kafka_topic_partition_list_t& list, std::string_view doing,
                                               Leaderless leaderless = Leaderless::fails);
PartitionList to_list(const std::vector<TopicPartition>& partitions);

}  // namespace ch::kafka::queries
