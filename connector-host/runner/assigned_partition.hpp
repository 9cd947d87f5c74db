// One assignment of one partition, as all parts of a session see it. Poll thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "kafka/consumer.hpp"
#include "runner/status.hpp"
#include "runner/waiting.hpp"

namespace ch::runner {

struct AssignedPartition {
  enum class Phase {
    assigned,  // the connector has not been told of it
    opening,   // it has been, and has not said where to go on
    seeking,   // on its way to `seek_to`
    paused,    // the same, but not before `seek_after`, nor while its dead letter is refused: nothing is fetched
    reading,
    halted,  // not touched until somebody has looked
  };

  kafka::Assignment assignment;
  std::uint64_t series = 1;
  std::string state;
  Phase phase = Phase::assigned;
  bool begun = false;                   // it has been read before
  std::int64_t seek_to = -1;            // where it goes on, if it seeks
  Instant seek_after;                   // until then nothing is fetched either
  std::optional<Instant> seek_failing;  // since when
  std::int64_t position = -1;
  std::int64_t end_offset = -1;
  std::optional<InterruptionStatus> interruption;  // from the connector, and of what cannot be read
  std::optional<InterruptionStatus> uncommitted;   // its commits are refused
  std::optional<InterruptionStatus> silence;       // there are records, and none comes
  std::optional<std::int64_t> end_of_partition;    // where it was told the last time
  std::int64_t heard = -2;                         // the position at the last look for silence
  Instant silent_since;
  milliseconds patience{30000};            // with a transaction that is open, before it is told
  std::optional<std::int64_t> stopped_at;  // the offset of what cannot be read or stored: told until it is passed
  bool refused = false;                    // the dead letter of one of its records
  std::string refusal_reason;              // of the interruption that tells of it
  bool out_of_memory = false;              // why it took less than it was offered
  milliseconds parked{0};                  // how long it was the last time; 0: it has taken something since
  std::optional<StoredObject> last_object;
  Waiting waiting;   // for the delay to storage
  Instant end_seen;  // when end_offset was the end

  bool opened() const { return phase != Phase::assigned && phase != Phase::halted; }  // the connector knows it
  bool seeks() const { return phase == Phase::seeking || phase == Phase::paused; }
  bool reads() const { return phase == Phase::reading; }

  // The first of them: what the connector says, that commits are refused, that nothing comes.
  const std::optional<InterruptionStatus>& told() const { return interruption ? interruption : uncommitted ? uncommitted : silence; }
  // Null: it does not stand for it.
  const InterruptionStatus* standing_for(const std::string& reason) const {
    for (const auto* layer : {&interruption, &uncommitted, &silence}) {
      if (*layer && (*layer)->reason == reason) return &**layer;
    }
    return nullptr;
  }
};

using AssignedPartitions = std::map<ch_partition_id, AssignedPartition>;

}  // namespace ch::runner
