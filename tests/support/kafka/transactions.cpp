#include "support/kafka/transactions.hpp"

#include <memory>
#include <stdexcept>

namespace ch::test {
namespace {

constexpr int kCallLimitMs = 10000;
constexpr int kTries = 60;

struct FreeError {
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
};
using Error = std::unique_ptr<rd_kafka_error_t, FreeError>;

void expect(const Error& error, const char* what) {
  if (error) throw std::runtime_error(std::string(what) + ": " + rd_kafka_error_string(error.get()));
}

// Until it succeeds, or fails in a way that another try does not mend.
template <class Call>
Error patiently(Call&& call) {
  Error error;
  for (int i = 0; i < kTries; ++i) {
    error.reset(call());
    if (!error || !rd_kafka_error_is_retriable(error.get())) return error;
  }
  return error;
}

}  // namespace

TransactionProducer::TransactionProducer(const std::string& bootstrap, const std::string& topic) : bootstrap_(bootstrap) {
  ledger_.topic = topic;
  begin();
}

// What an earlier producer of this name has left open is aborted by this.
void TransactionProducer::begin() {
  topic_.reset();
  client_ = make_client(
      RD_KAFKA_PRODUCER,
      {{"bootstrap.servers", bootstrap_}, {"transactional.id", ledger_.topic}, {"transaction.timeout.ms", "600000"}, {"log_level", "2"}},
      &delivered, this);
  topic_.reset(rd_kafka_topic_new(client_.get(), ledger_.topic.c_str(), nullptr));
  expect(patiently([&] { return rd_kafka_init_transactions(client_.get(), kCallLimitMs); }), "init_transactions");
}

void TransactionProducer::transaction(std::uint64_t count, std::int32_t partitions, bool commit) {
  hand_over(count, partitions);
  close(commit);
}

void TransactionProducer::open(std::uint64_t count, std::int32_t partitions) {
  hand_over(count, partitions);
  expect_ok(rd_kafka_flush(client_.get(), kTries * 1000), "flush");
}

void TransactionProducer::hand_over(std::uint64_t count, std::int32_t partitions) {
  open_.clear();
  expect(Error(rd_kafka_begin_transaction(client_.get())), "begin_transaction");
  for (std::uint64_t i = 0; i < count; ++i, ++next_) {
    const auto value = ledger_.topic + " " + std::to_string(next_);
    const auto partition = static_cast<std::int32_t>(next_ % static_cast<std::uint64_t>(partitions));
    // What is refused here makes the transaction one that must be aborted, which end() sees.
    (void)rd_kafka_produce(topic_.get(), partition, RD_KAFKA_MSG_F_COPY, const_cast<char*>(value.data()), value.size(), nullptr, 0,
                           nullptr);
  }
}

void TransactionProducer::close(bool commit) {
  if (!end(commit)) return;
  for (const auto& [partition, entry] : open_) ledger_.partitions[partition].push_back(entry);
}

// librdkafka sends the request for the end again when its answer is lost, and gives the whole producer up when the broker then
// says that the transaction has ended. A new one ends what is still open, and the topic tells how it ended.
bool TransactionProducer::end(bool commit) {
  auto* call = commit ? &rd_kafka_commit_transaction : &rd_kafka_abort_transaction;
  if (!patiently([&] { return call(client_.get(), kCallLimitMs); })) return commit;
  begin();
  return commit && committed();
}

// As a reader sees it: whether the transaction's first record is there.
bool TransactionProducer::committed() const {
  if (open_.empty()) return false;
  const auto& [partition, entry] = open_.front();
  const auto reader = make_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", bootstrap_},
                                                      {"group.id", "reader"},
                                                      {"isolation.level", "read_committed"},
                                                      {"enable.partition.eof", "true"},
                                                      {"enable.auto.commit", "false"}});
  rd_kafka_poll_set_consumer(reader.get());
  const Handle<rd_kafka_topic_partition_list_t> from(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(from.get(), ledger_.topic.c_str(), partition)->offset = entry.offset;
  expect_ok(rd_kafka_assign(reader.get(), from.get()), "assign");
  for (int i = 0; i < kTries; ++i) {
    const Handle<rd_kafka_message_t> message(rd_kafka_consumer_poll(reader.get(), 1000));
    if (!message) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return message->offset == entry.offset;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return false;
  }
  throw std::runtime_error("a transaction's end cannot be read");
}

void TransactionProducer::delivered(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const std::string_view value(static_cast<const char*>(message->payload), message->len);
  static_cast<TransactionProducer*>(self)->open_.emplace_back(message->partition, entry_of(message->offset, value));
}

}  // namespace ch::test
