// What the runner needs of librdkafka's statistics: signs that a commit may have been sent twice, and whether any broker
// can be reached. An acknowledged commit can be undone by a late copy of an earlier one (docs/delivery.md): no error
// reaches the caller then, only these counters tell.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ch::kafka {

struct Statistics {
  std::int64_t offset_commits_sent = 0;  // to the group coordinator, since the client was made
  std::int64_t disconnects = 0;          // of the coordinator's connection
  std::int64_t retries = 0;              // of requests to the coordinator
  bool any_broker_up = false;
};

std::optional<Statistics> parse_statistics(std::string_view json);

// Compares what was asked for with what was sent. One per consumer.
class Fence {
 public:
  void commit_asked() { ++asked_, in_flight_ = true, across_ = true; }
  void commit_answered() { in_flight_ = false; }
  // True: a commit may have been sent twice. Call for every statistics sample.
  bool suspicious(const Statistics& now);

 private:
  std::int64_t asked_ = 0;
  bool in_flight_ = false;
  bool across_ = false;  // a commit was under way at some time since the last sample
  std::optional<Statistics> last_;
};

}  // namespace ch::kafka
