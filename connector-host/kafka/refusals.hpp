// Topics, or the group, that the cluster refuses us or does not have. librdkafka tells it once, and goes on with the others;
// that brokers answer ends none of it. Used by the poll thread.
#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <map>
#include <string>

#include "kafka/types.hpp"

namespace ch::kafka {

class Refusals {
 public:
  static constexpr const char* kGroup = "";  // in the place of a topic

  const Trouble* any() const { return refused_.empty() ? nullptr : &refused_.begin()->second; }
  bool of_group() const { return refused_.contains(kGroup); }
  bool add(const std::string& topic, const Trouble& what);  // true: it was not known
  void joined() { refused_.erase(kGroup); }

  bool due() const { return !refused_.empty() && Clock::now() >= ask_at_; }  // to ask whether they are over
  // Waits up to two seconds for the answer. `by_expression`: a topic that is gone is not missed.
  void ask(rd_kafka_t* client, bool by_expression);

 private:
  using Clock = std::chrono::steady_clock;
  std::map<std::string, Trouble> refused_;
  Clock::time_point ask_at_;
};

}  // namespace ch::kafka
