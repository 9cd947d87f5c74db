#include "support/kafka/admin.hpp"

#include <algorithm>
#include <span>

#include "support/process/eventually.hpp"

namespace ch::test {
namespace {

constexpr int kLimitMs = 30000;
constexpr std::chrono::seconds kSettleLimit{15};  // a static member's session after it has gone

// The first error among the topics of an admin call's result.
rd_kafka_resp_err_t topic_error(const rd_kafka_topic_result_t** topics, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto error = rd_kafka_topic_result_error(topics[i]); error != RD_KAFKA_RESP_ERR_NO_ERROR) return error;
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace

KafkaAdmin::KafkaAdmin(const std::string& bootstrap)
    : bootstrap_(bootstrap), client_(make_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", bootstrap}, {"log_level", "2"}})) {}

Handle<rd_kafka_event_t> KafkaAdmin::result_of(rd_kafka_queue_t* queue, const std::string& what) {
  Handle<rd_kafka_event_t> event(rd_kafka_queue_poll(queue, kLimitMs));
  if (event == nullptr) throw std::runtime_error(what + ": no answer");
  expect_ok(rd_kafka_event_error(event.get()), what);
  return event;
}

void KafkaAdmin::create_topic(const std::string& name, std::int32_t partitions, const std::map<std::string, std::string>& config,
                              int replicas) {
  char reason[256];
  Handle<rd_kafka_NewTopic_t> topic(rd_kafka_NewTopic_new(name.c_str(), partitions, replicas, reason, sizeof reason));
  if (topic == nullptr) throw std::runtime_error(reason);
  for (const auto& [key, value] : config) expect_ok(rd_kafka_NewTopic_set_config(topic.get(), key.c_str(), value.c_str()), key);
  Handle<rd_kafka_queue_t> queue(rd_kafka_queue_new(client_.get()));
  rd_kafka_NewTopic_t* topics[] = {topic.get()};
  rd_kafka_CreateTopics(client_.get(), topics, 1, nullptr, queue.get());
  const auto event = result_of(queue.get(), "creating topic " + name);
  std::size_t count = 0;
  const auto** results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  expect_ok(topic_error(results, count), "creating topic " + name);
  wait_until_led(name, partitions);
}

void KafkaAdmin::configure_topic(const std::string& name, const std::map<std::string, std::string>& config) {
  Handle<rd_kafka_ConfigResource_t> resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
  for (const auto& [key, value] : config) expect_ok(rd_kafka_ConfigResource_set_config(resource.get(), key.c_str(), value.c_str()), key);
  Handle<rd_kafka_queue_t> queue(rd_kafka_queue_new(client_.get()));
  rd_kafka_ConfigResource_t* list[] = {resource.get()};
  rd_kafka_AlterConfigs(client_.get(), list, 1, nullptr, queue.get());
  const auto event = result_of(queue.get(), "configuring topic " + name);
  std::size_t count = 0;
  const auto** results = rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) expect_ok(rd_kafka_ConfigResource_error(results[i]), "configuring topic " + name);
}

void KafkaAdmin::delete_topic(const std::string& name) {
  Handle<rd_kafka_DeleteTopic_t> topic(rd_kafka_DeleteTopic_new(name.c_str()));
  Handle<rd_kafka_queue_t> queue(rd_kafka_queue_new(client_.get()));
  rd_kafka_DeleteTopic_t* topics[] = {topic.get()};
  rd_kafka_DeleteTopics(client_.get(), topics, 1, nullptr, queue.get());
  const auto event = result_of(queue.get(), "deleting topic " + name);
  std::size_t count = 0;
  const auto** results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()), &count);
  expect_ok(topic_error(results, count), "deleting topic " + name);
}

void KafkaAdmin::add_partitions(const std::string& name, std::int32_t total) {
  char reason[256];
  Handle<rd_kafka_NewPartitions_t> partitions(
      rd_kafka_NewPartitions_new(name.c_str(), static_cast<std::size_t>(total), reason, sizeof reason));
  if (partitions == nullptr) throw std::runtime_error(reason);
  Handle<rd_kafka_queue_t> queue(rd_kafka_queue_new(client_.get()));
  rd_kafka_NewPartitions_t* list[] = {partitions.get()};
  rd_kafka_CreatePartitions(client_.get(), list, 1, nullptr, queue.get());
  const auto event = result_of(queue.get(), "adding partitions to " + name);
  std::size_t count = 0;
  const auto** results = rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event.get()), &count);
  expect_ok(topic_error(results, count), "adding partitions to " + name);
  wait_until_led(name, total);
}

void KafkaAdmin::delete_group(const std::string& group) {
  Handle<rd_kafka_DeleteGroup_t> one(rd_kafka_DeleteGroup_new(group.c_str()));
  Handle<rd_kafka_queue_t> queue(rd_kafka_queue_new(client_.get()));
  rd_kafka_DeleteGroup_t* list[] = {one.get()};
  // Its last member may still be leaving.
  const bool done = eventually(kSettleLimit, [&] {
    rd_kafka_DeleteGroups(client_.get(), list, 1, nullptr, queue.get());
    const auto event = result_of(queue.get(), "deleting group " + group);
    std::size_t count = 0;
    const auto** results = rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event.get()), &count);
    return count == 1 && rd_kafka_group_result_error(results[0]) == nullptr;
  });
  if (!done) throw std::runtime_error("group " + group + " cannot be deleted");
}

void KafkaAdmin::set_offset(const std::string& group, const std::string& topic, std::int32_t partition, std::int64_t offset) {
  const Handle<rd_kafka_topic_partition_list_t> wanted(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(wanted.get(), topic.c_str(), partition)->offset = offset;
  Handle<rd_kafka_AlterConsumerGroupOffsets_t> one(rd_kafka_AlterConsumerGroupOffsets_new(group.c_str(), wanted.get()));
  Handle<rd_kafka_queue_t> queue(rd_kafka_queue_new(client_.get()));
  rd_kafka_AlterConsumerGroupOffsets_t* list[] = {one.get()};
  const bool done = eventually(kSettleLimit, [&] {
    rd_kafka_AlterConsumerGroupOffsets(client_.get(), list, 1, nullptr, queue.get());
    const Handle<rd_kafka_event_t> event(rd_kafka_queue_poll(queue.get(), kLimitMs));
    return event != nullptr && rd_kafka_event_error(event.get()) == RD_KAFKA_RESP_ERR_NO_ERROR &&
           committed(group, topic, partition + 1).back().offset == offset;
  });
  if (!done) throw std::runtime_error("the offset of group " + group + " cannot be set");
}

void KafkaAdmin::delete_records(const std::string& topic, std::int32_t partition, std::int64_t before) {
  const Handle<rd_kafka_topic_partition_list_t> bounds(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(bounds.get(), topic.c_str(), partition)->offset = before;
  Handle<rd_kafka_DeleteRecords_t> one(rd_kafka_DeleteRecords_new(bounds.get()));
  Handle<rd_kafka_queue_t> queue(rd_kafka_queue_new(client_.get()));
  rd_kafka_DeleteRecords_t* list[] = {one.get()};
  rd_kafka_DeleteRecords(client_.get(), list, 1, nullptr, queue.get());
  (void)result_of(queue.get(), "deleting records of " + topic);
}

void KafkaAdmin::wait_until_led(const std::string& name, std::int32_t partitions) {
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  const auto led = [&](std::int32_t partition) {
    std::int64_t low = 0, high = 0;
    has_topic(name);  // asks for the metadata anew: the client would go by what it knew
    error = rd_kafka_query_watermark_offsets(client_.get(), name.c_str(), partition, &low, &high, kLimitMs);
    return error == RD_KAFKA_RESP_ERR_NO_ERROR;
  };
  for (std::int32_t p = 0; p < partitions; ++p) {
    if (!eventually(std::chrono::milliseconds(kLimitMs), [&] { return led(p); })) expect_ok(error, "waiting for a leader of " + name);
  }
}

bool KafkaAdmin::has_topic(const std::string& name) {
  const rd_kafka_metadata_t* metadata = nullptr;
  expect_ok(rd_kafka_metadata(client_.get(), 1, nullptr, &metadata, kLimitMs), "metadata");
  const rd_kafka_metadata_topic_t* begin = metadata->topics;
  const bool found =
      std::any_of(begin, begin + metadata->topic_cnt, [&](const rd_kafka_metadata_topic_t& topic) { return name == topic.topic; });
  rd_kafka_metadata_destroy(metadata);
  return found;
}

int KafkaAdmin::brokers() {
  const rd_kafka_metadata_t* metadata = nullptr;
  expect_ok(rd_kafka_metadata(client_.get(), 1, nullptr, &metadata, kLimitMs), "metadata");
  const int count = metadata->broker_cnt;
  rd_kafka_metadata_destroy(metadata);
  return count;
}

std::int32_t KafkaAdmin::leader(const std::string& topic, std::int32_t partition) {
  const rd_kafka_metadata_t* metadata = nullptr;
  expect_ok(rd_kafka_metadata(client_.get(), 1, nullptr, &metadata, kLimitMs), "metadata");
  std::int32_t found = -1;
  for (const auto& one : std::span(metadata->topics, static_cast<std::size_t>(metadata->topic_cnt))) {
    if (topic != one.topic) continue;
    for (const auto& part : std::span(one.partitions, static_cast<std::size_t>(one.partition_cnt)))
      if (part.id == partition) found = part.leader;
  }
  rd_kafka_metadata_destroy(metadata);
  return found;
}

std::vector<CommittedOffset> KafkaAdmin::committed(const std::string& group, const std::string& topic, std::int32_t partitions) {
  auto& client = groups_[group];
  if (client == nullptr)
    client = make_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", bootstrap_}, {"group.id", group}, {"log_level", "2"}});
  Handle<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(partitions));
  for (std::int32_t p = 0; p < partitions; ++p) rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), p);
  // A broker that has just started does not know its groups yet.
  auto error = RD_KAFKA_RESP_ERR_NO_ERROR;
  eventually(kSettleLimit, [&] {
    error = rd_kafka_committed(client.get(), list.get(), kLimitMs);
    return error != RD_KAFKA_RESP_ERR_NOT_COORDINATOR && error != RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS &&
           error != RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE;
  });
  expect_ok(error, "committed offsets of " + group);
  std::vector<CommittedOffset> result(static_cast<std::size_t>(partitions));
  for (int i = 0; i < list->cnt; ++i) {
    const auto& entry = list->elems[i];
    expect_ok(entry.err, "committed offset of " + group);
    auto& out = result.at(static_cast<std::size_t>(entry.partition));
    if (entry.offset >= 0) out.offset = entry.offset;
    out.metadata.assign(static_cast<const char*>(entry.metadata), entry.metadata_size);
  }
  return result;
}

std::vector<Watermarks> KafkaAdmin::watermarks(const std::string& topic, std::int32_t partitions) {
  std::vector<Watermarks> result;
  for (std::int32_t p = 0; p < partitions; ++p) {
    Watermarks marks;
    expect_ok(rd_kafka_query_watermark_offsets(client_.get(), topic.c_str(), p, &marks.low, &marks.high, kLimitMs), "offsets of " + topic);
    result.push_back(marks);
  }
  return result;
}

std::int64_t KafkaAdmin::lag(const std::string& group, const std::string& topic, std::int32_t partitions) {
  const auto offsets = committed(group, topic, partitions);
  const auto marks = watermarks(topic, partitions);
  std::int64_t sum = 0;
  for (std::size_t p = 0; p < offsets.size(); ++p) sum += marks[p].high - std::max(offsets[p].offset, marks[p].low);
  return sum;
}

}  // namespace ch::test
