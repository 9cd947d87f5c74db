#include "kafka/group_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <connector_host/reasons.hpp>
#include <stdexcept>

#include "base/regex.hpp"
#include "kafka/offset_queries.hpp"

namespace ch::kafka {

bool is_expression(const std::vector<std::string>& wanted) { return wanted.size() == 1 && wanted.front().starts_with("^"); }

std::string whole_name(const std::string& expression) { return "^(" + expression + ")$"; }

bool is_internal(const std::string& topic) { return topic.starts_with("__"); }

std::optional<std::string> no_topic_name(const std::string& name) {
  constexpr std::size_t kLongest = 249;
  const auto legal = [](unsigned char c) { return (std::isalnum(c) != 0 && c < 0x80) || c == '.' || c == '_' || c == '-'; };
  if (name.empty() || name.size() > kLongest) return fmt::format("a topic's name has 1 to {} characters", kLongest);
  if (name == "." || name == "..") return "no topic can have this name";
  if (std::all_of(name.begin(), name.end(), legal)) return std::nullopt;
  return "a topic's name has only letters, digits and . _ -";
}

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
    if (pattern && !is_internal(topic.first) && pattern->found_in(topic.first)) out.insert(topic);
  }
  return out;
}

struct GroupClient::Impl {
  ClientHandle client;
  std::string group_id;
  LastError last;  // a call that cannot reach a broker, or is refused by it, only times out

  static void on_error(rd_kafka_t*, int code, const char* reason, void* opaque) {
    static_cast<Impl*>(opaque)->last.add(meant(static_cast<rd_kafka_resp_err_t>(code), reason), reason);
  }
  Interruption why(rd_kafka_resp_err_t code, std::string_view doing) {
    rd_kafka_poll(client.get(), 0);  // calls on_error
    return last.explain(code, doing);
  }
  queries::Explain explain() {
    return [this](rd_kafka_resp_err_t code, std::string_view doing) { return why(code, doing); };
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
  if (topic == nullptr)
    return {Interruption{reasons::kTopicMissing, doing + ": " + text, "Correct errors.deadletterqueue.topic.*."}, false};
  const Queue queue(rd_kafka_queue_new(impl_->client.get()));
  rd_kafka_NewTopic_t* topics[] = {topic.get()};
  rd_kafka_CreateTopics(impl_->client.get(), topics, 1, nullptr, queue.get());
  const Event event(rd_kafka_queue_poll(queue.get(), static_cast<int>(timeout.count())));
  if (event == nullptr) return {impl_->why(RD_KAFKA_RESP_ERR__TIMED_OUT, doing), false};
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
  if (out.reason != reasons::kBrokerAuth) out.reason = reasons::kTopicMissing;
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
  return queries::all_topics(impl_->client.get(), timeout, impl_->explain());
}

Answer<std::vector<PartitionOffset>> GroupClient::committed(const std::vector<TopicPartition>& partitions, milliseconds timeout) {
  return queries::committed(impl_->client.get(), partitions, timeout, impl_->explain());
}

Answer<std::vector<PartitionOffset>> GroupClient::watermarks(const std::vector<TopicPartition>& partitions, Watermark which,
                                                             milliseconds timeout) {
  const auto time = which == Watermark::low ? RD_KAFKA_OFFSET_BEGINNING : RD_KAFKA_OFFSET_END;
  return queries::offsets_at(impl_->client.get(), partitions, time, timeout, impl_->explain());
}

Answer<std::vector<PartitionOffset>> GroupClient::at_time(const std::vector<TopicPartition>& partitions, std::int64_t unix_ms,
                                                          milliseconds timeout) {
  return queries::offsets_at(impl_->client.get(), partitions, unix_ms, timeout, impl_->explain());
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
  if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) return {impl_->why(asked, "committing start offsets"), false};
  const Event event(rd_kafka_queue_poll(queue.get(), static_cast<int>(timeout.count())));
  if (event == nullptr) return {impl_->why(RD_KAFKA_RESP_ERR__TIMED_OUT, "committing start offsets"), false};
  auto code = rd_kafka_event_error(event.get());
  const auto* result = rd_kafka_event_topic_partition_list(event.get());
  for (int i = 0; result != nullptr && code == RD_KAFKA_RESP_ERR_NO_ERROR && i < result->cnt; ++i) code = result->elems[i].err;
  if (code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID || code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
      code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS) {
    return {{}, false};
  }
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return {impl_->why(code, "committing start offsets"), false};
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
  if (event == nullptr) return {impl_->why(RD_KAFKA_RESP_ERR__TIMED_OUT, doing), false};
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
  if (event == nullptr) return {impl_->why(RD_KAFKA_RESP_ERR__TIMED_OUT, doing), false};
  auto code = rd_kafka_event_error(event.get());
  const auto* result = rd_kafka_event_DeleteGroups_result(event.get());
  std::size_t count = 0;
  const auto** groups = result == nullptr ? nullptr : rd_kafka_DeleteGroups_result_groups(result, &count);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR && count == 1) code = result_of(*groups[0]);
  return removed(code, doing);
}

Answer<std::vector<GroupClient::Member>> GroupClient::members(milliseconds timeout) {
  constexpr const char* doing = "asking who is in the consumer group";
  const Queue queue(rd_kafka_queue_new(impl_->client.get()));
  const char* groups[] = {impl_->group_id.c_str()};
  rd_kafka_DescribeConsumerGroups(impl_->client.get(), groups, 1, nullptr, queue.get());
  const Event event(rd_kafka_queue_poll(queue.get(), static_cast<int>(timeout.count())));
  if (event == nullptr) return {trouble(RD_KAFKA_RESP_ERR__TIMED_OUT, doing), {}};
  if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) return {trouble(code, doing), {}};
  std::size_t count = 0;
  const auto* const* found =
      rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(event.get()), &count);
  Answer<std::vector<Member>> answer;
  if (count != 1) return answer;
  const auto text = [](const char* given) { return std::string(given == nullptr ? "" : given); };
  for (std::size_t i = 0; i < rd_kafka_ConsumerGroupDescription_member_count(found[0]); ++i) {
    const auto* member = rd_kafka_ConsumerGroupDescription_member(found[0], i);
    answer.value.push_back({text(rd_kafka_MemberDescription_client_id(member)), text(rd_kafka_MemberDescription_host(member)),
                            text(rd_kafka_MemberDescription_group_instance_id(member))});
  }
  return answer;
}

}  // namespace ch::kafka
