#include "runner/record_pump.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <connector_host/failpoint.hpp>
#include <connector_host/reasons.hpp>

namespace ch::runner {

namespace {

constexpr milliseconds kRest{1000};  // that all others wait for a partition that cannot take its records
constexpr milliseconds kLongestPark{30000};
constexpr milliseconds kTryAgain{60000};  // what could not be read; librdkafka may have stopped the partition for it
constexpr milliseconds kSeekAgain{200};
constexpr milliseconds kSeekLimit{3000};

}  // namespace

void RecordPump::go_on_at(AssignedPartition& partition, std::int64_t offset, Instant after) {
  partition.phase = AssignedPartition::Phase::seeking;
  partition.seek_to = offset;
  partition.seek_after = after;
  seeking_.insert(partition.assignment.id);
}

void RecordPump::retry() {
  for (const auto id : seeking_) partitions_.at(id).seek_after = {};
}

bool RecordPump::seek() {
  const auto now = context_.now();
  bool any = false;
  for (auto it = seeking_.begin(); it != seeking_.end();) {
    const auto id = *it++;
    auto& partition = partitions_.at(id);
    if (partition.refused || now < partition.seek_after || (CH_BUG("parked_for_ever") && consumer_.parked(id))) {
      consumer_.park(id);
      partition.phase = AssignedPartition::Phase::paused;
      continue;
    }
    const auto target = std::max(partition.seek_to, partition.assignment.low);
    const bool in_place = !partition.begun && target == partition.assignment.start && !consumer_.parked(id);
    if (!in_place) {
      if (const auto done = consumer_.seek(id, target); !done) {
        if (!partition.seek_failing) partition.seek_failing = now;
        if (now - *partition.seek_failing > kSeekLimit) end_.rejoin(done.error().message);  // an error has stopped it for good
        partition.seek_after = now + kSeekAgain;
        continue;
      }
    }
    partition.seek_failing.reset();
    seeking_.erase(id);
    partition.phase = AssignedPartition::Phase::reading;
    partition.begun = true;
    partition.position = target;
    partition.waiting.again(target);
    any = true;
  }
  return any;
}

bool RecordPump::read(bool flushing) {
  if (context_.control.paused && !flushing) return false;
  bool any = consumer_.fetch();
  for (const auto id : consumer_.readable()) {
    const auto found = partitions_.find(id);
    if (found == partitions_.end()) continue;
    auto& partition = found->second;
    if ((partition.reads() || (partition.begun && partition.seeks() && CH_BUG("read_before_seek"))) && !partition.refused)
      any = read(id, partition) || any;
    if (end_.said()) break;
  }
  make_way();
  return any;
}

bool RecordPump::read(ch_partition_id id, AssignedPartition& partition) {
  const auto batch = consumer_.read(id);
  if (!batch) {
    end_.rejoin(batch.error().message);
    return false;
  }
  const auto taken = batch->records.empty() ? 0 : offer(id, partition, batch->records);
  if (end_.said()) return false;
  if (taken == batch->records.size()) {
    if (batch->end_of_partition) take_end(id, partition, *batch->end_of_partition);
    if (batch->broken && !partition.seeks()) cannot_read_on(partition, *batch->broken);
  }
  consumer_.take(id, taken);
  return taken > 0;
}

void RecordPump::take_end(ch_partition_id id, AssignedPartition& partition, std::int64_t end_of_partition) {
  partition.end_of_partition = end_of_partition;
  partition.end_offset = std::max(partition.end_offset, end_of_partition);
  partition.position = std::max(partition.position, end_of_partition);
  if (partition.stopped_at && !partition.seeks() && partition.position >= *partition.stopped_at) {
    partition.stopped_at.reset();
    report_.recovered(id);
  }
  end_.check(context_.connector.end_of_partition(id, end_of_partition));
  ticks_.soon();
}

// How many the connector took.
std::size_t RecordPump::offer(ch_partition_id id, AssignedPartition& partition, std::span<const ch_record> records) {
  const ch_batch c{sizeof(ch_batch), sizeof(ch_record), records.data(), records.size()};
  const auto refusals = context_.host_table.memory_refusals();
  const auto put = context_.connector.put(id, c);
  if (!put) {
    end_.check(tl::unexpected(put.error()));
    return 0;
  }
  partition.out_of_memory = *put < records.size() && context_.host_table.memory_refusals() != refusals;
  const auto now = context_.now();
  partition.waiting.arrived((*put == 0 ? records.front() : records[*put - 1]).offset + 1,
                            waits_since(records.front().timestamp_ms, now, context_.wall_ms()), now);
  if (*put == 0) return 0;
  partition.parked = milliseconds(0);
  partition.position = records[*put - 1].offset + 1;
  count_taken(records.first(*put));
  if (partition.stopped_at && partition.position > *partition.stopped_at) {
    partition.stopped_at.reset();
    report_.recovered(id);
  }
  return *put;
}

void RecordPump::wait_for_leader(AssignedPartition& partition) {
  const auto& where = partition.assignment.where;
  partition.stopped_at = partition.position - 1;
  const auto message = fmt::format("{}-{} has no leader, so it cannot be read", where.topic, where.partition);
  report_.interrupted(
      partition.assignment.id,
      {reasons::kBrokerUnreachable, message,
       "Start the brokers that have its replicas (kafka-topics --describe --unavailable-partitions); it goes on by itself."});
}

// librdkafka goes on behind what it cannot read; we do not. It is over with the next record, or at the partition's end.
void RecordPump::cannot_read_on(AssignedPartition& partition, const Interruption& what) {
  const auto again = context_.now() + (what.reason == reasons::kOffsetLost ? kTryAgain : kRest);
  go_on_at(partition, partition.position, again);
  partition.stopped_at = partition.position;
  auto told = what;
  told.next_try_ms = context_.date_ms(again);
  report_.interrupted(partition.assignment.id, std::move(told));
}

// While a buffer holds what came long before everything else, all wait for it. Most take it soon, or when there is memory again.
// Others give up what they hold and are not fetched, until they go on where they were: at once when they have stored
// something or recovered, else after a while.
void RecordPump::make_way() {
  const auto now = context_.now();
  const auto holding_up = consumer_.holding_up();
  if (holding_up.empty()) {
    resting_since_.reset();
    return;
  }
  if (!resting_since_) resting_since_ = now;
  for (const auto id : holding_up) {
    const auto found = partitions_.find(id);
    if (found == partitions_.end()) continue;
    auto& partition = found->second;
    if (partition.out_of_memory || (!partition.interruption && now - *resting_since_ < kRest)) continue;
    consumer_.park(id);
    partition.parked = std::clamp(2 * partition.parked, kRest, kLongestPark);
    if (partition.reads()) go_on_at(partition, partition.position, now + partition.parked);
  }
}

void RecordPump::count_taken(std::span<const ch_record> records) {
  std::uint64_t bytes = 0;
  for (const auto& record : records) bytes += record.key.size + record.value.size;
  context_.totals.records += records.size();
  context_.totals.bytes += bytes;
  context_.spec.metrics->add(metrics::Id::records_read, static_cast<double>(records.size()));
  context_.spec.metrics->add(metrics::Id::bytes_read, static_cast<double>(bytes));
}

}  // namespace ch::runner
