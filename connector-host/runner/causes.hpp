// Why partitions stand, by reason: one cause is told once, however many partitions it stops. What begins within kGather is one;
// of partitions that join later is told when they have doubled. For one thread, the poll thread.
#pragma once

#include <connector_host/plugin.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "kafka/types.hpp"

namespace ch::runner {

class Causes {
 public:
  static constexpr milliseconds kGather{500};

  void add(ch_partition_id id, const std::string& reason, Instant now);
  // True: it was the last one that stood for this reason, and the reason has been told.
  bool remove(ch_partition_id id, const std::string& reason);
  void forget(ch_partition_id id);  // it is given up; nothing has recovered
  // Reasons that are to be told now; they count as told. `all`: also those that are still gathering.
  std::vector<std::string> take_due(Instant now, bool all = false);
  const std::set<ch_partition_id>& partitions(const std::string& reason) const;
  // The reason of most partitions, and how many these are; "" if none stands.
  std::pair<std::string, std::size_t> largest() const;

 private:
  struct Cause {
    std::set<ch_partition_id> partitions;
    std::size_t told = 0;  // how many they were
    Instant due;
  };
  std::map<std::string, Cause> causes_;
};

// "orders 0-63, bills 2, 5", bounded in length.
std::string list_of(std::vector<kafka::TopicPartition> partitions);

}  // namespace ch::runner
