// What can be said of a task, as plain values (contract.md 4). REST and CLI turn these into JSON.
#pragma once

#include <connector_host/connector.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ch::tasks {

// Ordered from best to worst: a task's state is its worst runner's.
enum class State { disabled, running, paused, starting, stopping, interrupted, failed };
std::string_view to_string(State state);  // "RUNNING" ...

struct InterruptionStatus {
  std::string reason;  // contract.md 4, "Reasons"
  std::string message;
  std::string remedy;
  std::int64_t since_ms = 0;
  std::int64_t next_try_ms = 0;  // 0 unknown
};

struct OpenObjectStatus {
  std::int64_t start_offset = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::int64_t due_ms = 0;  // 0 unknown
};

struct PartitionStatus {
  std::string topic;
  std::int32_t partition = 0;
  std::uint32_t runner = 0;
  std::int64_t committed_offset = -1;  // -1 unknown, as for the next two
  std::int64_t position = -1;
  std::int64_t end_offset = -1;
  std::int64_t lag = 0;  // end - committed; 0 while either is unknown
  std::optional<OpenObjectStatus> open;
  std::optional<StoredObject> last_object;
  std::optional<InterruptionStatus> interruption;
};

// Since the runner began, over all its sessions.
struct Totals {
  std::uint64_t records = 0;  // taken by the connector, and the bytes of their keys and values
  std::uint64_t bytes = 0;
  std::uint64_t commits = 0;  // acknowledged, one for each partition
  std::uint64_t commits_refused = 0;
};

struct RunnerStatus {
  std::uint32_t id = 0;
  std::string host;
  State state = State::starting;
  std::int64_t since_ms = 0;
  std::string trace;  // of a FAILED runner; else empty
  std::optional<InterruptionStatus> interruption;
  std::vector<PartitionStatus> partitions;
  std::int64_t delay_ms = 0;       // age of the oldest record not yet stored; 0 if there is none
  std::uint64_t memory_bytes = 0;  // records in flight
  double records_per_second = 0;   // taken by the connector, lately
  double bytes_per_second = 0;     // of keys and values
  Totals totals;
};

struct TaskStatus {
  std::string name;
  bool enabled = false;
  bool paused = false;  // as asked, whatever its runners do
  State state = State::disabled;
  std::int64_t since_ms = 0;
  std::string group_id;
  std::int64_t lag = 0;
  std::int64_t delay_ms = 0;
  std::uint64_t memory_bytes = 0;
  double records_per_second = 0;
  double bytes_per_second = 0;
  std::optional<InterruptionStatus> interruption;
  std::optional<StoredObject> last_object;  // of all partitions
  std::vector<KeyProblem> warnings;         // of the last preflight; empty: none, or none has ended yet
  std::vector<RunnerStatus> runners;
};

}  // namespace ch::tasks
