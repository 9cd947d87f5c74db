// Offset commits of one consumer: one under way at a time, without waiting for it, and whether its answer may be believed.
// Used by the poll thread.
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "base/result.hpp"
#include "kafka/consumer.hpp"
#include "kafka/fence.hpp"
#include "kafka/rdkafka_handles.hpp"

namespace ch::kafka {

class OffsetCommits {
 public:
  // `wake` is called on librdkafka's threads when an answer has come. `fence` is told of what is sent (rdkafka_consumer.cpp).
  OffsetCommits(rd_kafka_t* client, Fence& fence, std::function<void()> wake);
  OffsetCommits(const OffsetCommits&) = delete;
  OffsetCommits& operator=(const OffsetCommits&) = delete;
  ~OffsetCommits();  // before the client goes

  Status send(const std::vector<CommitRequest>& requests);  // while none is under way
  bool under_way() const { return !in_flight_.empty(); }
  milliseconds age() const;        // of the one under way; 0 if none is
  void serve(Listener& listener);  // on_committed, or on_rejoin_needed where a copy of the commit may still come

 private:
  using Clock = std::chrono::steady_clock;
  void answered(rd_kafka_event_t* event, Listener& listener);

  rd_kafka_t* client_;
  Fence& fence_;
  std::function<void()> wake_;
  Queue queue_;
  std::vector<CommitRequest> in_flight_;
  Clock::time_point sent_at_;
};

}  // namespace ch::kafka
