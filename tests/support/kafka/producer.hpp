// Produces values made by make_value() and keeps the ledger of what the broker acknowledged. One thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "support/kafka/handles.hpp"
#include "support/ledger/ledger.hpp"

namespace ch::test {

class LedgerProducer {
 public:
  // Nobody else may produce to the topic: offsets of lost acknowledgements are worked out from their neighbours.
  LedgerProducer(const std::string& bootstrap, const std::string& topic, Mix mix = {});

  // `count` further values, round robin over `partitions` partitions. Returns when all are handed over; see flush().
  void produce(std::uint64_t count, std::int32_t partitions);
  void send(std::int32_t partition, const std::optional<std::string_view>& value);
  void flush();  // until all are acknowledged; throws std::runtime_error if one is refused or five minutes pass

  const Ledger& ledger() const { return ledger_; }

 private:
  static void delivered(rd_kafka_t* client, const rd_kafka_message_t* message, void* self);
  void record(const rd_kafka_message_t& message);

  Ledger ledger_;
  Mix mix_;
  std::uint64_t next_ = 0;  // number of the next value
  std::string buffer_;
  std::string failure_;
  Handle<rd_kafka_t> client_;
  Handle<rd_kafka_topic_t> topic_;
};

}  // namespace ch::test
