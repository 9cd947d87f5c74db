// What can be said of a task, as plain values (api/rest/openapi.yaml). REST and CLI turn these into JSON.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/status.hpp"

namespace ch::tasks {

struct TaskStatus {
  std::string name;
  bool enabled = false;
  bool paused = false;    // as asked, whatever its runners do
  bool deleting = false;  // as well; its state is then STOPPING, whatever keeps it from ending
  runner::State state = runner::State::disabled;
  std::int64_t since_ms = 0;
  std::string group_id;
  std::optional<std::int64_t> lag;            // nothing: of a partition it is not known, or no partition is
  std::optional<std::int64_t> delay_ms;       // of the partition with the longest
  std::optional<std::int64_t> starts_behind;  // records before its start; set while what runs has fixed that
  std::uint64_t memory_bytes = 0;
  double records_per_second = 0;
  double bytes_per_second = 0;
  std::optional<runner::InterruptionStatus> interruption;
  std::optional<StoredObject> last_object;         // of all partitions
  std::optional<std::vector<std::string>> topics;  // of the task's, those that are there; nothing: no broker has said so yet
  std::vector<KeyProblem> warnings;                // of the last preflight; empty: none, or none has ended yet
  std::vector<runner::RunnerStatus> runners;
  std::vector<runner::PartitionStatus> at_rest;  // while no runner has any: with what was committed last
};

}  // namespace ch::tasks
