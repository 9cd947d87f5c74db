// How a session reads: lanes to the connector, where a partition goes on, and who has to wait for whom.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "base/time.hpp"
#include "tasks/session.hpp"

namespace ch::tasks {

namespace {

constexpr std::int64_t kRestMs = 1000;  // that all others wait for a partition that cannot take its records
constexpr std::int64_t kLongestParkMs = 30000;
constexpr std::int64_t kReadAgainMs = 60000;  // what could not be read; librdkafka may have stopped the partition for it
constexpr std::int64_t kSeekAgainMs = 200;
constexpr std::int64_t kSeekLimitMs = 3000;
constexpr std::size_t kMaxMarks = 64;
constexpr std::int64_t kMarkMs = 250;

}  // namespace

// Not before `after_ms`; what was fetched meanwhile is as old.
void Session::go_on_at(Slot& slot, std::int64_t offset, std::int64_t after_ms) {
  slot.seek_to = offset;
  slot.seek_after_ms = after_ms;
  to_seek_.insert(slot.assignment.id);
}

bool Session::seek_asked() {
  const auto now = now_ms();
  bool any = false;
  for (auto it = to_seek_.begin(); it != to_seek_.end();) {
    const auto id = *it++;
    auto& slot = slots_.at(id);
    if (slot.refused || now < slot.seek_after_ms) {
      consumer_->park(id);
      continue;
    }
    const auto target = std::max(*slot.seek_to, slot.assignment.low);
    const bool in_place = !slot.reading && target == slot.assignment.start && !consumer_->parked(id);
    if (!in_place) {
      if (const auto done = consumer_->seek(id, target); !done) {
        if (slot.seek_failing_ms == 0) slot.seek_failing_ms = now;
        if (now - slot.seek_failing_ms > kSeekLimitMs) on_rejoin_needed(done.error().message);  // an error has stopped it for good
        slot.seek_after_ms = now + kSeekAgainMs;
        continue;
      }
    }
    slot.seek_to.reset();
    slot.seek_failing_ms = 0;
    to_seek_.erase(id);
    slot.reading = true;
    slot.position = target;
    slot.marks.clear();
    any = true;
  }
  return any;
}

bool Session::read_lanes() {
  if (context_.shared.paused && !flushing_) return false;
  bool any = consumer_->fetch();
  for (const auto id : consumer_->readable()) {
    const auto found = slots_.find(id);
    if (found == slots_.end()) continue;
    auto& slot = found->second;
    if (slot.reading && !slot.seek_to && !slot.refused) any = read_lane(id, slot) || any;
    if (end_) break;
  }
  make_way();
  return any;
}

bool Session::read_lane(ch_partition_id id, Slot& slot) {
  const auto batch = consumer_->read(id);
  if (!batch) {
    on_rejoin_needed(batch.error().message);
    return false;
  }
  const auto taken = batch->records.empty() ? 0 : offer(id, slot, batch->records);
  if (end_) return false;
  if (taken == batch->records.size()) {
    if (batch->end_of_partition) {
      slot.end_offset = std::max(slot.end_offset, *batch->end_of_partition);
      slot.position = std::max(slot.position, *batch->end_of_partition);
      if (slot.stopped_at && !slot.seek_to && slot.position >= *slot.stopped_at) {
        slot.stopped_at.reset();
        recovered(id);
      }
      check(context_.connector.end_of_partition(id, *batch->end_of_partition));
      next_tick_ms_ = 0;
    }
    if (batch->broken && !slot.seek_to) cannot_read_on(slot, *batch->broken);
  }
  consumer_->take(id, taken);
  return taken > 0;
}

// How many the connector took.
std::size_t Session::offer(ch_partition_id id, Slot& slot, std::span<const ch_record> records) {
  const ch_batch c{sizeof(ch_batch), sizeof(ch_record), records.data(), records.size()};
  const auto refusals = context_.bridge.memory_refusals();
  const auto put = context_.connector.put(id, c);
  if (!put) {
    check(tl::unexpected(put.error()));
    return 0;
  }
  slot.out_of_memory = *put < records.size() && context_.bridge.memory_refusals() != refusals;
  if (*put == 0) return 0;
  const auto now = now_ms();
  slot.park_ms = 0;
  slot.position = records[*put - 1].offset + 1;
  count_taken(records.first(*put));
  if (slot.stopped_at && slot.position > *slot.stopped_at) {
    slot.stopped_at.reset();
    recovered(id);
  }
  if (slot.marks.size() < kMaxMarks && (slot.marks.empty() || now - slot.marks.back().time_ms >= kMarkMs))
    slot.marks.push_back({slot.position, now});
  return *put;
}

// Told until something of it has been read, be it its end: librdkafka does not tell that a partition has got a leader.
void Session::wait_for_leader(Slot& slot) {
  const auto& where = slot.assignment.where;
  slot.stopped_at = slot.position - 1;
  const auto message = fmt::format("{}-{} has no leader, so it cannot be read", where.topic, where.partition);
  interrupted(
      slot.assignment.id,
      {sizeof(ch_interruption), c_string("broker_unreachable"), c_string(message),
       c_string("Start the brokers that have its replicas (kafka-topics --describe --unavailable-partitions); it goes on by itself."), 0});
}

// librdkafka goes on behind what it cannot read; we do not. It is over with the next record, or at the partition's end.
void Session::cannot_read_on(Slot& slot, const kafka::Trouble& what) {
  const auto again = now_ms() + (what.reason == "offset_lost" ? kReadAgainMs : kRestMs);
  go_on_at(slot, slot.position, again);
  slot.stopped_at = slot.position;
  interrupted(slot.assignment.id, {sizeof(ch_interruption), c_string(what.reason), c_string(what.message), c_string(what.remedy), again});
}

// While a lane holds what came long before everything else, all wait for it. Most take it soon, or when there is memory again.
// Others give up what they hold and are not fetched, until they go on where they were: at once when they have stored
// something or recovered, else after a while.
void Session::make_way() {
  const auto now = now_ms();
  const auto holding_up = consumer_->holding_up();
  if (holding_up.empty()) {
    resting_since_ms_ = 0;
    return;
  }
  if (resting_since_ms_ == 0) resting_since_ms_ = now;
  for (const auto id : holding_up) {
    const auto found = slots_.find(id);
    if (found == slots_.end()) continue;
    auto& slot = found->second;
    if (slot.out_of_memory || (!slot.interruption && now - resting_since_ms_ < kRestMs)) continue;
    consumer_->park(id);
    slot.park_ms = std::clamp(2 * slot.park_ms, kRestMs, kLongestParkMs);
    if (slot.reading && !slot.seek_to) go_on_at(slot, slot.position, now + slot.park_ms);
  }
}

}  // namespace ch::tasks
