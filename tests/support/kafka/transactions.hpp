// Produces in transactions, some of which are aborted, and keeps the ledger of what was committed. One thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/kafka/handles.hpp"
#include "support/ledger/ledger.hpp"

namespace ch::test {

class TransactionProducer {
 public:
  // Nobody else may produce to the topic.
  TransactionProducer(const std::string& bootstrap, const std::string& topic);

  // One transaction of `count` records, round robin; goes on trying until it is known how it ended.
  void transaction(std::uint64_t count, std::int32_t partitions, bool commit);
  // The same in two steps. What was opened is in the topic, and no reader of what is committed gets it, nor what is behind it.
  void open(std::uint64_t count, std::int32_t partitions);
  void close(bool commit);
  const Ledger& ledger() const { return ledger_; }

 private:
  static void delivered(rd_kafka_t* client, const rd_kafka_message_t* message, void* self);
  void begin();
  void hand_over(std::uint64_t count, std::int32_t partitions);
  bool end(bool commit);  // true: committed
  bool committed() const;

  std::string bootstrap_;
  Ledger ledger_;
  std::uint64_t next_ = 0;
  std::vector<std::pair<std::int32_t, LedgerEntry>> open_;  // of the transaction under way
  Handle<rd_kafka_t> client_;
  Handle<rd_kafka_topic_t> topic_;
};

}  // namespace ch::test
