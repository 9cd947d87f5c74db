#include "kafka/group_client.hpp"

#include <stdexcept>

#include "base/regex.hpp"
#include "kafka/queries.hpp"

namespace ch::kafka {

bool is_expression(const std::vector<std::string>& wanted) { return wanted.size() == 1 && wanted.front().starts_with("^"); }

std::map<std::string, std::int32_t> matching(const std::map<std::string, std::int32_t>& topics, const std::vector<std::string>& wanted) {
  std::map<std::string, std::int32_t> out;
  if (!is_expression(wanted)) {
    for (const auto& name : wanted) {
      if (const auto found = topics.find(name); found != topics.end()) out.insert(*found);
    }
    return out;
  }
  const auto pattern = Regex::compile(wanted.front());  // validation has refused what does not compile
  for (const auto& topic : topics) {
    if (pattern && pattern->found_in(topic.first)) out.insert(topic);
  }
  return out;
}

struct GroupClient::Impl {
  ClientHandle client;
  std::string group_id;
  std::string refusal;  // what a broker said to who we are; a call that it refuses only times out

  static void on_error(rd_kafka_t*, int code, const char* reason, void* opaque) {
    if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL) static_cast<Impl*>(opaque)->refusal = reason;
  }
  Trouble why(rd_kafka_resp_err_t code, std::string_view doing) {
    rd_kafka_poll(client.get(), 0);  // calls on_error
    return refusal.empty() ? trouble(code, doing) : trouble(RD_KAFKA_RESP_ERR__AUTHENTICATION, doing, refusal);
  }
};

namespace {

// Of a request that removes something. True: done; false: the group has members.
Answer<bool> removed(rd_kafka_resp_err_t code, const char* doing) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
    case RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
      return {{}, true};
    case RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP:
    case RD_KAFKA_RESP_ERR_GROUP_SUBSCRIBED_TO_TOPIC:
      return {{}, false};
    default:
      return {trouble(code, doing), false};
  }
}

rd_kafka_resp_err_t result_of(const rd_kafka_group_result_t& group) {
  const auto* error = rd_kafka_group_result_error(&group);
  if (error != nullptr) return rd_kafka_error_code(error);
  const auto* partitions = rd_kafka_group_result_partitions(&group);
  for (int i = 0; partitions != nullptr && i < partitions->cnt; ++i) {
    if (partitions->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) return partitions->elems[i].err;
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace

GroupClient::GroupClient(const Properties& cluster, const std::string& group_id, const std::string& client_id) : impl_(new Impl) {
  impl_->group_id = group_id;
  auto conf = make_conf(lookup_properties(cluster, group_id, client_id));
  if (!conf) throw std::runtime_error(conf.error().message);
  rd_kafka_conf_set_opaque(conf->get(), impl_.get());
  rd_kafka_conf_set_error_cb(conf->get(), &Impl::on_error);
  const auto client = make_client(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) throw std::runtime_error(client.error().message);
  impl_->client.reset(*client);
}

Result<std::unique_ptr<GroupClient>> GroupClient::make(const Result<Properties>& cluster, const std::string& group_id,
                                                       const std::string& client_id) {
  if (!cluster) return tl::unexpected(cluster.error());
  try {
    return std::make_unique<GroupClient>(*cluster, group_id, client_id);
  } catch (const std::runtime_error& error) {
    return fail(ErrorCode::unavailable, error.what());
  }
}

// It never joined the group, so there is nothing to leave.
GroupClient::~GroupClient() {
  if (impl_->client != nullptr) rd_kafka_destroy_flags(impl_->client.release(), RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

Answer<bool> GroupClient::create_topic(const std::string& name, int replication_factor, milliseconds timeout) {
  const std::string doing = "creating topic " + name;
  char text[512];
  const std::unique_ptr<rd_kafka_NewTopic_t, Deleter<rd_kafka_NewTopic_destroy>> topic(
      rd_kafka_NewTopic_new(name.c_str(), 1, replication_factor, text, sizeof text));
  if (topic == nullptr) return {Trouble{"topic_missing", doing + ": " + text, "Correct errors.deadletterqueue.topic.*.", false}, false};
  const Queue queue(rd_kafka_queue_new(impl_->client.get()));
  rd_kafka_NewTopic_t* topics[] = {topic.get()};
  rd_kafka_CreateTopics(impl_->client.get(), topics, 1, nullptr, queue.get());
  const Event event(rd_kafka_queue_poll(queue.get(), static_cast<int>(timeout.count())));
  if (event == nullptr) return {trouble(RD_KAFKA_RESP_ERR__TIMED_OUT, doing), false};
  auto code = rd_kafka_event_error(event.get());
  const char* why = rd_kafka_event_error_string(event.get());
  std::size_t count = 0;
  if (const auto* result = rd_kafka_event_CreateTopics_result(event.get()); result != nullptr && code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const auto* const* list = rd_kafka_CreateTopics_result_topics(result, &count);
    if (count == 1) code = rd_kafka_topic_result_error(list[0]);
    if (count == 1 && code != RD_KAFKA_RESP_ERR_NO_ERROR) why = rd_kafka_topic_result_error_string(list[0]);
  }
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return {{}, true};
  auto out = trouble(code, doing, why);
  if (out.reason != "broker_auth") out.reason = "topic_missing";
  out.remedy =
      "Create the dead-letter topic, or correct errors.deadletterqueue.topic.name and .replication.factor (1 in a cluster of one broker).";
  return {std::move(out), false};
}

Answer<std::string> GroupClient::cluster_id(milliseconds timeout) {
  char* id = rd_kafka_clusterid(impl_->client.get(), static_cast<int>(timeout.count()));
  if (id == nullptr) return {impl_->why(RD_KAFKA_RESP_ERR__TIMED_OUT, "asking for the cluster id"), {}};
  std::string value(id);
  rd_kafka_mem_free(impl_->client.get(), id);
  return {{}, std::move(value)};
}

Answer<std::map<std::string, std::int32_t>> GroupClient::all_topics(milliseconds timeout) {
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto code = rd_kafka_metadata(impl_->client.get(), 1, nullptr, &metadata, static_cast<int>(timeout.count()));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return {impl_->why(code, "asking for the topics"), {}};
  const Metadata owned(metadata);
  Answer<std::map<std::string, std::int32_t>> answer;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const auto& topic = metadata->topics[i];
    if (topic.err == RD_KAFKA_RESP_ERR_NO_ERROR) answer.value.emplace(topic.topic, topic.partition_cnt);
  }
  return answer;
}

Answer<std::map<std::string, std::int32_t>> GroupClient::partitions(const std::vector<std::string>& topics, milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  Answer<std::map<std::string, std::int32_t>> answer;
  for (const auto& name : topics) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
    rd_kafka_topic_t* topic = rd_kafka_topic_new(impl_->client.get(), name.c_str(), nullptr);
    if (topic == nullptr) return {trouble(rd_kafka_last_error(), "asking for topic " + name), {}};
    const std::unique_ptr<rd_kafka_topic_t, Deleter<rd_kafka_topic_destroy>> owned_topic(topic);
    const rd_kafka_metadata_t* metadata = nullptr;
    const auto code =
        rd_kafka_metadata(impl_->client.get(), 0, topic, &metadata, static_cast<int>(std::max<std::int64_t>(left.count(), 1)));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return {trouble(code, "asking for topic " + name), {}};
    const Metadata owned(metadata);
    if (metadata->topic_cnt != 1) return {trouble(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "Topic " + name), {}};
    const auto& found = metadata->topics[0];
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return {trouble(found.err, "Topic " + name), {}};
    answer.value.emplace(name, found.partition_cnt);
  }
  return answer;
}

Answer<std::vector<PartitionOffset>> GroupClient::committed(const std::vector<TopicPartition>& partitions, milliseconds timeout) {
  return queries::committed(impl_->client.get(), partitions, timeout);
}

Answer<std::vector<PartitionOffset>> GroupClient::watermarks(const std::vector<TopicPartition>& partitions, Watermark which,
                                                             milliseconds timeout) {
  const auto time = which == Watermark::low ? RD_KAFKA_OFFSET_BEGINNING : RD_KAFKA_OFFSET_END;
  return queries::offsets_at(impl_->client.get(), partitions, time, timeout);
}

Answer<std::vector<PartitionOffset>> GroupClient::at_time(const std::vector<TopicPartition>& partitions, std::int64_t unix_ms,
                                                          milliseconds timeout) {
  return queries::offsets_at(impl_->client.get(), partitions, unix_ms, timeout);
}

Answer<bool> GroupClient::commit(const std::vector<PartitionOffset>& offsets, milliseconds timeout) {
  if (offsets.empty()) return {{}, true};
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const auto& o : offsets) {
    auto* element = rd_kafka_topic_partition_list_add(list.get(), o.where.topic.c_str(), o.where.partition);
    element->offset = o.offset;
    set_metadata(*element, o.metadata);
  }
  const Queue queue(rd_kafka_queue_new(impl_->client.get()));
  const auto asked = rd_kafka_commit_queue(impl_->client.get(), list.get(), queue.get(), nullptr, nullptr);
  if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) return {trouble(asked, "committing start offsets"), false};
  const Event event(rd_kafka_queue_poll(queue.get(), static_cast<int>(timeout.count())));
  if (event == nullptr) return {trouble(RD_KAFKA_RESP_ERR__TIMED_OUT, "committing start offsets"), false};
  auto code = rd_kafka_event_error(event.get());
  const auto* result = rd_kafka_event_topic_partition_list(event.get());
  for (int i = 0; result != nullptr && code == RD_KAFKA_RESP_ERR_NO_ERROR && i < result->cnt; ++i) code = result->elems[i].err;
  if (code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID || code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
      code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS) {
    return {{}, false};
  }
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return {trouble(code, "committing start offsets"), false};
  return {{}, true};
}

Answer<bool> GroupClient::forget(const std::vector<TopicPartition>& partitions, milliseconds timeout) {
  if (partitions.empty()) return {{}, true};
  constexpr const char* doing = "removing committed offsets";
  const auto list = queries::to_list(partitions);
  const std::unique_ptr<rd_kafka_DeleteConsumerGroupOffsets_t, Deleter<rd_kafka_DeleteConsumerGroupOffsets_destroy>> asked(
      rd_kafka_DeleteConsumerGroupOffsets_new(impl_->group_id.c_str(), list.get()));
  const Queue queue(rd_kafka_queue_new(impl_->client.get()));
  auto* one = asked.get();
  rd_kafka_DeleteConsumerGroupOffsets(impl_->client.get(), &one, 1, nullptr, queue.get());
  const Event event(rd_kafka_queue_poll(queue.get(), static_cast<int>(timeout.count())));
  if (event == nullptr) return {trouble(RD_KAFKA_RESP_ERR__TIMED_OUT, doing), false};
  auto code = rd_kafka_event_error(event.get());
  const auto* result = rd_kafka_event_DeleteConsumerGroupOffsets_result(event.get());
  std::size_t count = 0;
  const auto** groups = result == nullptr ? nullptr : rd_kafka_DeleteConsumerGroupOffsets_result_groups(result, &count);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR && count == 1) code = result_of(*groups[0]);
  return removed(code, doing);
}

Answer<bool> GroupClient::remove_group(milliseconds timeout) {
  constexpr const char* doing = "removing the consumer group";
  const std::unique_ptr<rd_kafka_DeleteGroup_t, Deleter<rd_kafka_DeleteGroup_destroy>> asked(
      rd_kafka_DeleteGroup_new(impl_->group_id.c_str()));
  const Queue queue(rd_kafka_queue_new(impl_->client.get()));
  auto* one = asked.get();
  rd_kafka_DeleteGroups(impl_->client.get(), &one, 1, nullptr, queue.get());
  const Event event(rd_kafka_queue_poll(queue.get(), static_cast<int>(timeout.count())));
  if (event == nullptr) return {trouble(RD_KAFKA_RESP_ERR__TIMED_OUT, doing), false};
  auto code = rd_kafka_event_error(event.get());
  const auto* result = rd_kafka_event_DeleteGroups_result(event.get());
  std::size_t count = 0;
  const auto** groups = result == nullptr ? nullptr : rd_kafka_DeleteGroups_result_groups(result, &count);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR && count == 1) code = result_of(*groups[0]);
  return removed(code, doing);
}

}  // namespace ch::kafka
