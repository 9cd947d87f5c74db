// A connector inside the test program: keeps what it is given, answers as the test says. Its calls come on the runner's
// poll thread; the test looks under the lock.
#pragma once

#include <connector_host/connector.hpp>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "plugins/connector.hpp"

namespace ch::test {

struct Recording {
  std::mutex mutex;
  // What the test sets.
  std::size_t take_at_most = SIZE_MAX;  // records taken of a batch
  std::set<std::int32_t> blocked;       // partitions that take nothing
  bool answer_open = true;              // resume at the committed offset at once
  std::string fail_in_put;              // thrown, once
  bool commit_all = true;               // request a commit behind every batch
  std::string stands_for;               // a reason: all partitions are interrupted for it, until it is empty again
  // What it has seen.
  struct Opened {
    PartitionId id;
    std::int32_t partition;
    std::int64_t committed_offset;
    std::string state;
    std::uint64_t series;
  };
  std::vector<Opened> opened;
  std::map<std::int32_t, std::vector<std::int64_t>> offsets;  // in the order delivered
  std::map<std::int32_t, std::string> last_value;
  std::map<std::int32_t, std::int64_t> end_of_partition;
  std::map<PartitionId, std::int64_t> acknowledged;
  int flushes = 0;
  int closed = 0;
  int lost = 0;
  int created = 0;

  std::size_t records() {
    const std::lock_guard lock(mutex);
    std::size_t sum = 0;
    for (const auto& [partition, list] : offsets) sum += list.size();
    return sum;
  }
};

// The recording that the next task object uses.
void use_recording(Recording* recording);
std::shared_ptr<const plugins::Connector> recording_connector();

}  // namespace ch::test
