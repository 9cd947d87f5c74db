#include "kafka/lookout.hpp"

#include <map>

#include "kafka/offset_queries.hpp"

namespace ch::kafka {

struct Lookout::Impl {
  ClientHandle client;
};

namespace {

Interruption explained(rd_kafka_resp_err_t code, std::string_view doing) { return trouble(code, doing); }

constexpr const char* kGroup = "connector-host-lookout";  // never joined, and nothing is committed for it

Properties lookout_properties(const Properties& cluster, const std::string& client_id) {
  auto out = lookup_properties(cluster, kGroup, client_id);
  // What is read is one record of a partition: its answer needs to be no larger than brokers make it anyhow.
  out["auto.offset.reset"] = "earliest";
  out["enable.partition.eof"] = "true";
  out["max.partition.fetch.bytes"] = "65536";
  out["fetch.max.bytes"] = "1048576";
  out["message.max.bytes"] = "1000000";
  out["fetch.wait.max.ms"] = "100";
  out["queued.min.messages"] = "1";
  out["queued.max.messages.kbytes"] = "1024";
  out["log_level"] = "2";  // that brokers are away is told by whoever needs them
  return out;
}

}  // namespace

Lookout::Lookout(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Lookout::~Lookout() { rd_kafka_destroy_flags(impl_->client.release(), RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE); }

Result<std::unique_ptr<Lookout>> Lookout::make(const Result<Properties>& cluster, const std::string& client_id) {
  if (!cluster) return tl::unexpected(cluster.error());
  auto conf = make_conf(lookout_properties(*cluster, client_id));
  if (!conf) return tl::unexpected(conf.error());
  const auto client = make_client(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return tl::unexpected(client.error());
  auto impl = std::make_unique<Impl>();
  impl->client.reset(*client);
  rd_kafka_poll_set_consumer(*client);
  return std::unique_ptr<Lookout>(new Lookout(std::move(impl)));
}

Answer<std::map<std::string, std::int32_t>> Lookout::all_topics(milliseconds timeout) {
  return queries::all_topics(impl_->client.get(), timeout, explained);
}

Answer<std::vector<PartitionOffset>> Lookout::ends(const std::vector<TopicPartition>& partitions, milliseconds timeout) {
  return queries::offsets_at(impl_->client.get(), partitions, RD_KAFKA_OFFSET_END, timeout, explained, queries::Leaderless::is_unknown);
}

Answer<std::vector<PartitionOffset>> Lookout::committed(const std::string& group, const std::vector<TopicPartition>& partitions,
                                                        milliseconds timeout) {
  constexpr const char* doing = "asking for committed offsets";
  const auto list = queries::to_list(partitions);
  const std::unique_ptr<rd_kafka_ListConsumerGroupOffsets_t, Deleter<rd_kafka_ListConsumerGroupOffsets_destroy>> asked(
      rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), list.get()));
  const std::unique_ptr<rd_kafka_AdminOptions_t, Deleter<rd_kafka_AdminOptions_destroy>> options(
      rd_kafka_AdminOptions_new(impl_->client.get(), RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS));
  char text[256];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(timeout.count()), text, sizeof text);
  const Queue queue(rd_kafka_queue_new(impl_->client.get()));
  auto* one = asked.get();
  rd_kafka_ListConsumerGroupOffsets(impl_->client.get(), &one, 1, options.get(), queue.get());
  const Event event(rd_kafka_queue_poll(queue.get(), static_cast<int>(timeout.count())));
  if (event == nullptr) return {trouble(RD_KAFKA_RESP_ERR__TIMED_OUT, doing), {}};
  if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) return {trouble(code, doing), {}};
  const auto* result = rd_kafka_event_ListConsumerGroupOffsets_result(event.get());
  std::size_t count = 0;
  const auto** groups = result == nullptr ? nullptr : rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count);
  if (count != 1) return {trouble(RD_KAFKA_RESP_ERR__FAIL, doing), {}};
  if (const auto* error = rd_kafka_group_result_error(groups[0]); error != nullptr) return {trouble(rd_kafka_error_code(error), doing), {}};
  return queries::from_list(*rd_kafka_group_result_partitions(groups[0]), doing);
}

std::vector<Lookout::First> Lookout::first_records(const std::vector<PartitionOffset>& from, milliseconds timeout) {
  std::vector<First> out;
  if (from.empty()) return out;
  std::map<TopicPartition, std::int64_t> open;  // from where
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(from.size())));
  for (const auto& one : from) {
    open[one.where] = one.offset;
    rd_kafka_topic_partition_list_add(list.get(), one.where.topic.c_str(), one.where.partition)->offset = one.offset;
  }
  if (rd_kafka_assign(impl_->client.get(), list.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) return out;
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!open.empty()) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left <= milliseconds(0)) break;
    const Message message(rd_kafka_consumer_poll(impl_->client.get(), static_cast<int>(left.count())));
    if (message == nullptr || message->rkt == nullptr) continue;
    const auto found = open.find({rd_kafka_topic_name(message->rkt), message->partition});
    if (found == open.end()) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
      out.push_back({found->first, found->second, rd_kafka_message_timestamp(message.get(), nullptr)});
    open.erase(found);  // with an error, or the end of the partition, too: no record is to be had now
  }
  rd_kafka_assign(impl_->client.get(), nullptr);
  return out;
}

}  // namespace ch::kafka
