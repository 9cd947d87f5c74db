// What Kafka's error codes mean to us: one table, which everything that gets an answer of a broker's or of librdkafka's asks.
// Private to this room.
#pragma once

#include <librdkafka/rdkafka.h>

#include <optional>
#include <string>
#include <string_view>

#include "kafka/types.hpp"

namespace ch::kafka {

enum class Meaning {
  fine,            // nothing is wrong
  record,          // one record is refused, or cannot be handed over; others are not touched by it
  damaged,         // what the broker has, or was given, of one record
  missing,         // the topic or the partition is not there
  position,        // of one partition: it cannot be read from where we are
  member,          // this member of the group, or its generation, is none any more: another one is needed
  group,           // the group may not have what it asks for
  cluster,         // the cluster does not do what it was asked to
  authentication,  // it is not believed who we are, or who the brokers are
  authorisation,   // it is known who we are, and not allowed
  unreachable,     // nobody can answer (yet): passes without anybody's asking for anything else
  ours,            // of this process: a setting, or a defect
};

// Nothing: the table does not have the code, which is one of a later Kafka.
std::optional<Meaning> known_meaning(rd_kafka_resp_err_t code);
Meaning meaning(rd_kafka_resp_err_t code);

// The topic does not take this record, and may take others.
inline bool refuses_record(rd_kafka_resp_err_t code) { return meaning(code) == Meaning::record || meaning(code) == Meaning::damaged; }

// librdkafka's own, not an answer of the broker's.
inline bool is_local(rd_kafka_resp_err_t code) { return code < RD_KAFKA_RESP_ERR_UNKNOWN; }

// Of an error that a client's callback gets. That the broker does not take our certificate is told by an alert of TLS, in 1.3 only
// behind the handshake: librdkafka then speaks of a transport that failed. RD_KAFKA_RESP_ERR__SSL if it is such an alert.
rd_kafka_resp_err_t meant(rd_kafka_resp_err_t code, std::string_view reason);

// `doing` is what failed, in the middle of a sentence; `detail` is what was said about it beside the code.
Interruption trouble(rd_kafka_resp_err_t code, std::string_view doing, std::string_view detail = {});

// What the connections to the brokers last failed with. "All brokers are down" and a request that is not answered do not tell.
class LastError {
 public:
  void add(rd_kafka_resp_err_t code, const char* text);
  void forget() { *this = {}; }
  // Who and why: "127.0.0.1:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: Connection refused"; "" nothing.
  const std::string& text() const { return text_; }
  // As trouble(), with that in the message; a refusal of who we are is why nothing was answered.
  Interruption explain(rd_kafka_resp_err_t code, std::string_view doing) const;

 private:
  std::string text_;
  std::optional<rd_kafka_resp_err_t> refusal_;
};

}  // namespace ch::kafka
