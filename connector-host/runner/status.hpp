// What can be said of a runner, as plain values (api/rest/openapi.yaml). REST and CLI turn these into JSON.
#pragma once

#include <chrono>
#include <connector_host/connector.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "runner/waiting.hpp"

namespace ch::runner {

// Ordered from best to worst: a task's state is its worst runner's.
enum class State { disabled, running, paused, starting, stopping, interrupted, failed };
std::string_view to_string(State state);  // "RUNNING" ...

struct InterruptionStatus : Interruption {
  std::int64_t since_ms = 0;
  // Of a runner or a task: how many of its partitions stand for this reason. 0: it is not about single partitions.
  std::size_t partitions = 0;
  std::size_t of_partitions = 0;
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
  std::optional<std::uint32_t> runner;  // nothing: none has it
  std::int64_t committed_offset = -1;   // -1 unknown, as for the next two
  std::int64_t position = -1;
  std::int64_t end_offset = -1;          // as last seen
  Moment end_seen;                       // when that was
  std::int64_t end_offset_at_ms = 0;     // the same as a date; 0: never
  std::optional<Moment> waits_since;     // the oldest record that was read and is not stored
  std::optional<std::int64_t> lag;       // end - committed; nothing while either is not known as it is now
  std::optional<std::int64_t> delay_ms;  // age of the oldest record that is not stored, or since when nothing is; 0 if all is
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
  bool stuck = false;  // its poll thread does not come round: all else is from before
  std::string trace;   // of a FAILED runner; else empty
  std::optional<InterruptionStatus> interruption;
  bool stands = false;  // it is of all its partitions, not of one of them
  std::vector<PartitionStatus> partitions;
  std::uint64_t memory_bytes = 0;  // records in flight
  double records_per_second = 0;   // taken by the connector, lately
  double bytes_per_second = 0;     // of keys and values
  Totals totals;
};

}  // namespace ch::runner
