// Topics, or the group, that the cluster refuses us or does not have. librdkafka tells it once, and goes on with the others;
// that brokers answer ends none of it. Used by the poll thread.
#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <map>
#include <set>
#include <string>

#include "kafka/metadata_question.hpp"
#include "kafka/types.hpp"

namespace ch::kafka {

class SubscriptionErrors {
 public:
  static constexpr const char* kGroup = "";  // in the place of a topic

  const Interruption* any() const { return refused_.empty() ? nullptr : &refused_.begin()->second; }
  bool of_group() const { return refused_.contains(kGroup); }
  bool add(const std::string& topic, const Interruption& what);  // true: it was not known
  void joined() { refused_.erase(kGroup); }

  bool due() const { return !refused_.empty() && Clock::now() >= ask_at_; }  // to ask whether they are over
  void ask(rd_kafka_t* client);
  // What the answer says, if it has come. `by_expression`: a topic that is gone is not missed.
  void take_answer(bool by_expression);
  void finish() { question_.finish(); }  // before the client goes

 private:
  MetadataQuestion question_;
  std::set<std::string> asked_about_;  // what was refused since then is not in the answer
  using Clock = std::chrono::steady_clock;
  std::map<std::string, Interruption> refused_;
  Clock::time_point ask_at_;
};

}  // namespace ch::kafka
