// Tells when a copy of an offset commit may still be on its way to the broker. librdkafka sends a commit again by itself when
// a connection breaks, and reports success; the first copy may arrive long after, and would undo what was committed since
// (docs/delivery.md). No error tells. What does is how often the request has left this process.
#pragma once

#include <atomic>
#include <cstdint>

namespace ch::kafka {

// One commit at a time. One per consumer.
class Fence {
 public:
  void request_sent() { sent_.fetch_add(1); }  // [any thread] an OffsetCommit was written to a connection
  void commit_asked() { sent_before_ = sent_.load(); }
  // `by_broker`: the answer is the broker's, not one that librdkafka gave in its place.
  bool copy_under_way(bool by_broker) const { return sent_.load() - sent_before_ > (by_broker ? 1 : 0); }

 private:
  std::atomic<std::int64_t> sent_ = 0;
  std::int64_t sent_before_ = 0;
};

}  // namespace ch::kafka
