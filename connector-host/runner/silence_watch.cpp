#include "runner/silence_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <connector_host/reasons.hpp>
#include <utility>

namespace ch::runner {

namespace {

constexpr milliseconds kListen{1000};
constexpr milliseconds kThrottledTold{30000};
constexpr milliseconds kStalled{60000};
constexpr milliseconds kLongestPatience{20 * 60000};

}  // namespace

void SilenceWatch::look() {
  const auto now = context_.now();
  if (now < due_ || context_.control.stopping) return;
  due_ = now + kListen;
  const bool any_moved =
      std::any_of(partitions_.begin(), partitions_.end(), [](const auto& s) { return s.second.position != s.second.heard; });
  if (any_moved || partitions_.empty()) moved_at_ = now;
  const auto throttled = consumer_.throttled();
  const bool held_up = !consumer_.holding_up().empty();  // reading rests for all
  for (auto& [id, partition] : partitions_) {
    const bool ready =
        partition.reads() && !partition.refused && !partition.interruption && !report_.in_trouble() && !context_.control.paused;
    const bool more = ready && consumer_.end_offset(id) > partition.position;
    const bool moved = std::exchange(partition.heard, partition.position) != partition.position;
    if (moved || !more || held_up || consumer_.holds(id)) {
      if (partition.silence && partition.silence->reason == reasons::kOpenTransaction)  // it ended: whoever writes so will do it again
        partition.patience = std::clamp(2 * (now - partition.silent_since), partition.patience, kLongestPatience);
      partition.silent_since = now;
    }
    const auto silent = now - partition.silent_since;
    if (more && throttled && throttled->for_long >= kThrottledTold) {
      is_throttled(partition, *throttled);
    } else if (silent >= partition.patience && partition.end_of_partition == partition.position) {
      waits_for_transaction(partition, silent);
    } else if (silent >= kStalled && now - moved_at_ >= kStalled) {
      gets_nothing(partition, silent);
    } else {
      report_.end(partition, partition.silence);
    }
  }
}

std::string SilenceWatch::waiting(const AssignedPartition& partition) const {
  const auto& where = partition.assignment.where;
  return fmt::format("{}-{} has records up to offset {} that are not read: ", where.topic, where.partition,
                     consumer_.end_offset(partition.assignment.id) - 1);
}

// What is committed comes up to the first record of a transaction that is open, which is where the partition ends for us.
void SilenceWatch::waits_for_transaction(AssignedPartition& partition, milliseconds silent) {
  report_.begin(
      partition, partition.silence,
      {reasons::kOpenTransaction,
       fmt::format("{}a transaction that begins at offset {} has not ended", waiting(partition), partition.position),
       "It goes on by itself when the producer commits or aborts, or the broker times its transaction out. One that nobody will end: "
       "find it with kafka-transactions --find-hanging and end it with --abort, before retention removes what waits behind it."},
      context_.wall_ms() - silent.count());
}

void SilenceWatch::is_throttled(AssignedPartition& partition, const kafka::Throttled& throttled) {
  report_.begin(
      partition, partition.silence,
      {reasons::kQuotaThrottled,
       fmt::format("{}the quota of the instance's user or client id is used up, and broker {} makes each request wait, for {} ms the last "
                   "time",
                   waiting(partition), throttled.broker, throttled.at_once.count()),
       "Raise consumer_byte_rate or request_percentage of the user or client id (kafka-configs --alter --entity-type users), or the "
       "instance's bandwidth; the task goes on meanwhile, as slowly as it is allowed to."},
      context_.wall_ms() - throttled.for_long.count());
}

void SilenceWatch::gets_nothing(AssignedPartition& partition, milliseconds silent) {
  report_.begin(
      partition, partition.silence,
      {reasons::kReadingStalled, fmt::format("{}the broker sends none of them", waiting(partition)),
       "Look at the partition's leader (its log, its load), and at the network between it and this host; the task goes on by itself."},
      context_.wall_ms() - silent.count());
}

}  // namespace ch::runner
