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

TransactionProducer::TransactionProducer(const std::string& bootstrap, const std::string& topic)
    : client_(make_client(
          RD_KAFKA_PRODUCER,
          {{"bootstrap.servers", bootstrap}, {"transactional.id", topic}, {"transaction.timeout.ms", "600000"}, {"log_level", "2"}},
          &delivered, this)),
      topic_(rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr)) {
  ledger_.topic = topic;
  expect(patiently([&] { return rd_kafka_init_transactions(client_.get(), kCallLimitMs); }), "init_transactions");
}

void TransactionProducer::transaction(std::uint64_t count, std::int32_t partitions, bool commit) {
  open_.clear();
  expect(Error(rd_kafka_begin_transaction(client_.get())), "begin_transaction");
  for (std::uint64_t i = 0; i < count; ++i, ++next_) {
    const auto value = ledger_.topic + " " + std::to_string(next_);
    const auto partition = static_cast<std::int32_t>(next_ % static_cast<std::uint64_t>(partitions));
    // What is refused here makes the transaction one that must be aborted, which end() sees.
    (void)rd_kafka_produce(topic_.get(), partition, RD_KAFKA_MSG_F_COPY, const_cast<char*>(value.data()), value.size(), nullptr, 0,
                           nullptr);
  }
  if (!end(commit)) return;
  for (const auto& [partition, entry] : open_) ledger_.partitions[partition].push_back(entry);
}

bool TransactionProducer::end(bool commit) {
  if (commit) {
    const auto error = patiently([&] { return rd_kafka_commit_transaction(client_.get(), kCallLimitMs); });
    if (!error) return true;
    if (!rd_kafka_error_txn_requires_abort(error.get())) expect(error, "commit_transaction");
  }
  expect(patiently([&] { return rd_kafka_abort_transaction(client_.get(), kCallLimitMs); }), "abort_transaction");
  return false;
}

void TransactionProducer::delivered(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const std::string_view value(static_cast<const char*>(message->payload), message->len);
  static_cast<TransactionProducer*>(self)->open_.emplace_back(message->partition, entry_of(message->offset, value));
}

}  // namespace ch::test
