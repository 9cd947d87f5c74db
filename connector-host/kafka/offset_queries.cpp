#include "kafka/offset_queries.hpp"

namespace ch::kafka::queries {

// Per-partition errors count: a call may succeed although one of its partitions failed.
Answer<std::vector<PartitionOffset>> from_list(const rd_kafka_topic_partition_list_t& list, std::string_view doing, Leaderless leaderless) {
  Answer<std::vector<PartitionOffset>> answer;
  for (int i = 0; i < list.cnt; ++i) {
    const auto& element = list.elems[i];
    if (element.err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE && leaderless == Leaderless::is_unknown) {
      answer.value.push_back({{element.topic, element.partition}, -1, ""});
      continue;
    }
    if (element.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      answer.trouble = trouble(element.err, std::string(doing) + " of " + element.topic + "-" + std::to_string(element.partition));
      return answer;
    }
    answer.value.push_back({{element.topic, element.partition}, element.offset < 0 ? -1 : element.offset, metadata_of(element)});
  }
  return answer;
}

Answer<std::map<std::string, std::int32_t>> all_topics(rd_kafka_t* client, milliseconds timeout, const Explain& explain) {
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto code = rd_kafka_metadata(client, 1, nullptr, &metadata, static_cast<int>(timeout.count()));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return {explain(code, "asking for the topics"), {}};
  const Metadata owned(metadata);
  Answer<std::map<std::string, std::int32_t>> answer;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const auto& topic = metadata->topics[i];
    if (topic.err == RD_KAFKA_RESP_ERR_NO_ERROR) answer.value.emplace(topic.topic, topic.partition_cnt);
  }
  return answer;
}

PartitionList to_list(const std::vector<TopicPartition>& partitions) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const auto& p : partitions) rd_kafka_topic_partition_list_add(list.get(), p.topic.c_str(), p.partition);
  return list;
}

Answer<std::vector<PartitionOffset>> committed(rd_kafka_t* client, const std::vector<TopicPartition>& partitions, milliseconds timeout,
                                               const Explain& explain) {
  if (partitions.empty()) return {};
  const auto list = to_list(partitions);
  const auto code = rd_kafka_committed(client, list.get(), static_cast<int>(timeout.count()));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return {explain(code, "reading the committed offsets"), {}};
  return from_list(*list, "reading the committed offset");
}

Answer<std::vector<PartitionOffset>> offsets_at(rd_kafka_t* client, const std::vector<TopicPartition>& partitions, std::int64_t time,
                                                milliseconds timeout, const Explain& explain, Leaderless leaderless) {
  if (partitions.empty()) return {};
  const auto list = to_list(partitions);
  for (int i = 0; i < list->cnt; ++i) list->elems[i].offset = time;
  const auto code = rd_kafka_offsets_for_times(client, list.get(), static_cast<int>(timeout.count()));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return {explain(code, "asking for offsets"), {}};
  return from_list(*list, "asking for the offset", leaderless);
}

}  // namespace ch::kafka::queries
