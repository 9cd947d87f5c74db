#include "support/kafka/producer.hpp"

namespace ch::test {
namespace {

constexpr int kFlushLimitMs = 300000;
constexpr int kFullQueueWaitMs = 100;

ClientConfig producer_config(const std::string& bootstrap) {
  return {{"bootstrap.servers", bootstrap},        {"enable.idempotence", "true"},   {"linger.ms", "5"}, {"message.max.bytes", "1000000"},
          {"queue.buffering.max.kbytes", "65536"}, {"message.timeout.ms", "900000"}, {"log_level", "2"}};
}

}  // namespace

LedgerProducer::LedgerProducer(const std::string& bootstrap, const std::string& topic, Mix mix)
    : mix_(mix),
      client_(make_client(RD_KAFKA_PRODUCER, producer_config(bootstrap), &delivered, this)),
      topic_(rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr)) {
  ledger_.topic = topic;
}

void LedgerProducer::produce(std::uint64_t count, std::int32_t partitions) {
  for (std::uint64_t i = 0; i < count; ++i, ++next_) {
    send(static_cast<std::int32_t>(next_ % static_cast<std::uint64_t>(partitions)), make_value(mix_, next_, buffer_));
  }
}

void LedgerProducer::send(std::int32_t partition, const std::optional<std::string_view>& value) {
  // An empty value needs an address: librdkafka makes a null of a null pointer.
  void* data = value ? const_cast<char*>(value->data() != nullptr ? value->data() : "") : nullptr;
  const std::size_t size = value ? value->size() : 0;
  while (rd_kafka_produce(topic_.get(), partition, RD_KAFKA_MSG_F_COPY, data, size, nullptr, 0, nullptr) != 0) {
    const auto error = rd_kafka_last_error();
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) throw std::runtime_error(std::string("produce: ") + rd_kafka_err2str(error));
    rd_kafka_poll(client_.get(), kFullQueueWaitMs);
  }
  rd_kafka_poll(client_.get(), 0);
}

void LedgerProducer::flush() {
  expect_ok(rd_kafka_flush(client_.get(), kFlushLimitMs), "flush");
  if (!failure_.empty()) throw std::runtime_error("a record was not produced: " + failure_);
}

void LedgerProducer::delivered(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
  static_cast<LedgerProducer*>(self)->record(*message);
}

void LedgerProducer::record(const rd_kafka_message_t& message) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    failure_ = rd_kafka_err2str(message.err);
    return;
  }
  auto& entries = ledger_.partitions[message.partition];
  const std::int64_t next = entries.empty() ? 0 : entries.back().offset + 1;
  const std::int64_t offset = message.offset >= 0 ? message.offset : next;
  if (offset != next) failure_ = "offset " + std::to_string(offset) + " instead of " + std::to_string(next);
  std::optional<std::string_view> value;
  if (message.payload != nullptr) value = std::string_view(static_cast<const char*>(message.payload), message.len);
  entries.push_back(entry_of(offset, value));
}

}  // namespace ch::test
