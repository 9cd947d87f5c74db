// What a session says of itself.
#include <algorithm>

#include "base/time.hpp"
#include "tasks/session.hpp"

namespace ch::tasks {

State Session::state() const {
  const bool any_interrupted = trouble_ || interruption_ ||
                               std::any_of(slots_.begin(), slots_.end(), [](const auto& s) { return s.second.interruption.has_value(); });
  if (any_interrupted) return State::interrupted;
  if (context_.shared.stopping) return State::stopping;
  if (context_.shared.paused) return State::paused;
  const bool all_reading = std::all_of(slots_.begin(), slots_.end(), [](const auto& s) { return s.second.reading; });
  return joined_ && to_open_.empty() && all_reading ? State::running : State::starting;
}

PartitionStatus Session::describe(ch_partition_id id, Slot& slot) {
  PartitionStatus out;
  out.topic = slot.assignment.where.topic;
  out.partition = slot.assignment.where.partition;
  out.runner = context_.spec.info.runner;
  out.committed_offset = committer_.committed_offset(id) >= 0 ? committer_.committed_offset(id) : slot.assignment.committed_offset;
  out.position = slot.position;
  slot.end_offset = std::max(slot.end_offset, consumer_->end_offset(id));
  out.end_offset = slot.end_offset;
  if (out.end_offset >= 0 && out.committed_offset >= 0) out.lag = std::max<std::int64_t>(out.end_offset - out.committed_offset, 0);
  out.last_object = slot.last_object;
  out.interruption = slot.interruption;
  if (slot.opened) {
    const auto progress = context_.connector.describe(id);
    if (!progress) {
      check(tl::unexpected(progress.error()));
    } else if (progress->records > 0) {
      out.open = OpenObjectStatus{progress->start_offset, progress->records, progress->bytes, progress->due_ms};
    }
  }
  return out;
}

RunnerStatus Session::snapshot() {
  RunnerStatus out;
  out.id = context_.spec.info.runner;
  out.host = context_.spec.host;
  out.state = published_state_;
  out.since_ms = state_since_ms_;
  out.memory_bytes = context_.budget.used();
  out.interruption = trouble_ ? trouble_ : interruption_;
  const auto now = now_ms();
  out.totals = context_.totals;
  out.records_per_second = record_rate_.sample(now, context_.totals.records);
  out.bytes_per_second = byte_rate_.sample(now, context_.totals.bytes);
  for (auto& [id, slot] : slots_) {
    out.partitions.push_back(describe(id, slot));
    if (!out.interruption) out.interruption = slot.interruption;
    if (!slot.marks.empty()) out.delay_ms = std::max(out.delay_ms, now - slot.marks.front().time_ms);
  }
  std::sort(out.partitions.begin(), out.partitions.end(),
            [](const auto& a, const auto& b) { return std::tie(a.topic, a.partition) < std::tie(b.topic, b.partition); });
  return out;
}

void Session::publish() {
  const auto now = state();
  published_ms_ = now_ms();
  if (now == State::running) worked_ = true;
  const bool changed = now != published_state_;
  if (changed) {
    published_state_ = now;
    state_since_ms_ = published_ms_;
  }
  context_.shared.publish(snapshot());
  if (changed) event("state", nullptr, "");
}

void Session::event(const std::string& kind, const InterruptionStatus* what, const std::string& message) {
  store::Event out;
  out.task = task_;
  out.time_ms = now_ms();
  out.kind = kind;
  out.state = to_string(state());
  if (what != nullptr) {
    out.reason = what->reason;
    out.remedy = kind == "recovered" ? "" : what->remedy;
  }
  out.message = message;
  out.host = context_.spec.host;
  context_.spec.add_event(std::move(out));
}

log::Subject Session::subject(ch_partition_id partition) const {
  const auto slot = slots_.find(partition);
  if (slot == slots_.end()) return task_;
  return {task_, slot->second.assignment.where.topic, slot->second.assignment.where.partition};
}

void Session::count_taken(std::span<const ch_record> records) {
  std::uint64_t bytes = 0;
  for (const auto& record : records) bytes += record.key.size + record.value.size;
  context_.totals.records += records.size();
  context_.totals.bytes += bytes;
  context_.spec.metrics->add(metrics::Id::records_read, static_cast<double>(records.size()));
  context_.spec.metrics->add(metrics::Id::bytes_read, static_cast<double>(bytes));
}

}  // namespace ch::tasks
