#include "runner/session_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <connector_host/reasons.hpp>
#include <utility>

namespace ch::runner {

namespace {

constexpr milliseconds kPublish{1000};
constexpr milliseconds kPublishIdle{10000};  // so that what is known of ends does not get old: Outlook::kCurrent
constexpr milliseconds kLook{1000};
constexpr milliseconds kLookAtState{20};

}  // namespace

SessionReport::SessionReport(const SessionContext& context, AssignedPartitions& partitions, SessionEnd& end, const CommitScheduler& commits)
    : context_(context),
      task_(context.spec.info.name),
      partitions_(partitions),
      end_(end),
      commits_(commits),
      state_since_ms_(context.wall_ms()) {}

// ---- interruptions --------------------------------------------------------------------------------------------------

void SessionReport::begin(AssignedPartition& partition, std::optional<InterruptionStatus>& kept, Interruption what, std::int64_t since_ms) {
  const auto was = std::exchange(kept, InterruptionStatus{std::move(what), since_ms});
  if (was && was->reason == kept->reason) {
    kept->since_ms = was->since_ms;
    return;
  }
  if (was && partition.standing_for(was->reason) == nullptr) causes_.remove(partition.assignment.id, was->reason);
  causes_.add(partition.assignment.id, kept->reason, now());
}

void SessionReport::end(AssignedPartition& partition, std::optional<InterruptionStatus>& kept) {
  const auto was = std::exchange(kept, std::nullopt);
  if (!was || partition.standing_for(was->reason) != nullptr || !causes_.remove(partition.assignment.id, was->reason)) return;
  log::info(task_, "recovered from {}", was->reason);
  event("recovered", &*was, "recovered from " + was->reason);
}

void SessionReport::interrupted(ch_partition_id id, Interruption what) {
  if (id != 0) {
    if (const auto found = partitions_.find(id); found != partitions_.end())
      begin(found->second, found->second.interruption, std::move(what), context_.wall_ms());
    return;
  }
  const bool fresh = !interruption_ || interruption_->reason != what.reason;
  const auto since = fresh ? context_.wall_ms() : interruption_->since_ms;
  interruption_ = InterruptionStatus{std::move(what), since};
  if (fresh) tell(task_, *interruption_);
}

void SessionReport::recovered(ch_partition_id id) {
  if (id != 0) {
    const auto found = partitions_.find(id);
    if (found == partitions_.end()) return;
    if (found->second.interruption) found->second.seek_after = {};
    return end(found->second, found->second.interruption);
  }
  const auto was = std::exchange(interruption_, std::nullopt);
  if (!was) return;
  log::info(task_, "recovered from {}", was->reason);
  event("recovered", &*was, "recovered from " + was->reason);
}

void SessionReport::tell_causes(bool all) {
  for (const auto& reason : causes_.take_due(now(), all)) tell_cause(reason);
}

// One line and one event, however many partitions it stops. What differs between them is in the status of each.
void SessionReport::tell_cause(const std::string& reason) {
  const auto& ids = causes_.partitions(reason);
  auto what = *partitions_.at(*ids.begin()).standing_for(reason);
  if (ids.size() == 1) return tell(subject(*ids.begin()), what);
  std::vector<kafka::TopicPartition> where;
  for (const auto id : ids) where.push_back(partitions_.at(id).assignment.where);
  what.message = fmt::format("{} of {} partitions ({}): {}", ids.size(), partitions_.size(), list_of(std::move(where)), what.message);
  tell(task_, what);
}

// Of the partitions': that of most of them.
std::optional<InterruptionStatus> SessionReport::worst_interruption() const {
  const auto [reason, count] = causes_.largest();
  if (count == 0) return std::nullopt;
  auto out = *partitions_.at(*causes_.partitions(reason).begin()).standing_for(reason);
  out.partitions = count;
  out.of_partitions = partitions_.size();
  return out;
}

// Of an interruption that begins.
void SessionReport::tell(const log::Subject& about, const InterruptionStatus& what) {
  context_.spec.metrics->add(metrics::Id::interruptions, what.reason);
  log::warn(about, "interrupted ({}): {}. {}", what.reason, what.message, what.remedy);
  event("interrupted", &what, what.message);
}

// ---- the cluster ----------------------------------------------------------------------------------------------------

void SessionReport::trouble(const Interruption& what) { set_trouble(explained(context_.spec.ckafka.get(), what)); }

void SessionReport::look_at_instance() {
  if (!trouble_ || now() - looked_ < kLook) return;
  looked_ = now();
  const auto reason = trouble_->reason;
  const auto now = explained(context_.spec.ckafka.get(), {reason, "", ""});
  if (now.reason != reason) set_trouble(now);
  if (reason != reasons::kInstanceIsolated || !now.message.empty()) return;
  set_trouble({reasons::kBrokerUnreachable, "CKafka says that the instance runs again, but none of its brokers has answered yet",
               "Nothing, it is tried again; if it stays, check the instance in the CKafka console."});
}

void SessionReport::look_again_at(Instant settings) {
  settings_due_ = settings;
  if (trouble_) trouble_->next_try_ms = context_.date_ms(settings);
}

void SessionReport::set_trouble(const Interruption& what) {
  const bool fresh = !trouble_ || trouble_->reason != what.reason;
  const auto since = fresh ? context_.wall_ms() : trouble_->since_ms;
  trouble_ = InterruptionStatus{what, since};
  trouble_->next_try_ms = context_.date_ms(std::max(settings_due_, now()));
  if (fresh) tell(task_, *trouble_);
}

void SessionReport::reachable() {
  if (!trouble_ || end_.said()) return;  // else it is why we leave
  const InterruptionStatus was = *trouble_;
  trouble_.reset();
  log::info(task_, "recovered from {}", was.reason);
  event("recovered", &was, "recovered from " + was.reason);
}

// ---- events and status ----------------------------------------------------------------------------------------------

void SessionReport::stored(ch_partition_id id, const ch_object& object) {
  auto& metrics = *context_.spec.metrics;
  metrics.add(metrics::Id::objects_stored);
  metrics.add(metrics::Id::records_stored, static_cast<double>(object.records));
  metrics.add(metrics::Id::bytes_stored, static_cast<double>(object.bytes));
  const auto found = partitions_.find(id);
  if (found == partitions_.end()) return;
  StoredObject out;
  out.key = view(object.key);
  out.topic = view(object.topic);
  out.partition = object.partition;
  out.start_offset = object.start_offset;
  out.end_offset = object.end_offset;
  out.records = object.records;
  out.bytes = object.bytes;
  out.stored_ms = object.stored_ms;
  found->second.last_object = std::move(out);
  if (!found->second.stopped_at) found->second.seek_after = {};  // it can take more now
}

State SessionReport::state() const {
  const bool any_interrupted = trouble_ || interruption_ || std::any_of(partitions_.begin(), partitions_.end(), [](const auto& s) {
                                 return s.second.told().has_value();
                               });
  if (any_interrupted) return State::interrupted;
  if (context_.control.stopping) return State::stopping;
  if (context_.control.paused) return State::paused;
  const bool all_begun = std::all_of(partitions_.begin(), partitions_.end(), [](const auto& s) { return s.second.begun; });
  return joined_ && all_begun ? State::running : State::starting;
}

PartitionStatus SessionReport::describe(ch_partition_id id, AssignedPartition& partition) {
  PartitionStatus out;
  out.topic = partition.assignment.where.topic;
  out.partition = partition.assignment.where.partition;
  out.runner = context_.spec.info.runner;
  out.committed_offset = commits_.committed_offset(id) >= 0 ? commits_.committed_offset(id) : partition.assignment.committed_offset;
  out.position = partition.position;
  partition.end_offset = std::max(partition.end_offset, context_.consumer.end_offset(id));
  // Only where it is being read does librdkafka hear of its end.
  if (!trouble_ && !context_.control.paused && partition.reads()) partition.end_seen = now();
  out.end_offset = partition.end_offset;
  out.end_seen = partition.end_seen;
  out.waits_since = partition.waiting.since();
  out.last_object = partition.last_object;
  out.interruption = partition.told();
  if (partition.opened()) {
    const auto progress = context_.connector.describe(id);
    if (!progress) {
      end_.check(tl::unexpected(progress.error()));
    } else if (progress->records > 0) {
      out.open = OpenObjectStatus{progress->start_offset, progress->records, progress->bytes, progress->due_ms};
    }
  }
  return out;
}

RunnerStatus SessionReport::snapshot() {
  RunnerStatus out;
  out.id = context_.spec.info.runner;
  out.host = context_.spec.host;
  out.state = published_state_;
  out.since_ms = state_since_ms_;
  out.memory_bytes = context_.budget.used();
  out.interruption = trouble_ ? trouble_ : interruption_;
  out.stands = out.interruption.has_value();
  if (!out.interruption) out.interruption = worst_interruption();
  const auto now = this->now();
  out.totals = context_.totals;
  out.records_per_second = record_rate_.sample(now, context_.totals.records);
  out.bytes_per_second = byte_rate_.sample(now, context_.totals.bytes);
  for (auto& [id, partition] : partitions_) {
    out.partitions.push_back(describe(id, partition));
  }
  std::sort(out.partitions.begin(), out.partitions.end(),
            [](const auto& a, const auto& b) { return std::tie(a.topic, a.partition) < std::tie(b.topic, b.partition); });
  return out;
}

void SessionReport::publish() {
  const auto now = state();
  published_ = this->now();
  if (now == State::running) end_.runs();
  const bool changed = now != published_state_;
  if (changed) {
    published_state_ = now;
    state_since_ms_ = context_.wall_ms();
  }
  context_.control.publish(snapshot());
  if (changed) event("state", nullptr, "");
}

// Looks at all partitions: not in every loop while there is much to do.
bool SessionReport::changed_state(Instant now, bool busy) {
  if (busy && now - state_seen_ < kLookAtState) return false;
  state_seen_ = now;
  return state() != published_state_;
}

void SessionReport::publish_if_due(bool busy) {
  auto& control = context_.control;
  const bool asked = busy || control.status_asked;
  const bool due = now() - published_ >= (asked ? kPublish : kPublishIdle);
  if (due || control.status_asked.exchange(false) || changed_state(now(), busy)) publish();
}

void SessionReport::event(const std::string& kind, const InterruptionStatus* what, const std::string& message) {
  store::Event out;
  out.task = task_;
  out.time_ms = context_.wall_ms();
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

log::Subject SessionReport::subject(ch_partition_id id) const {
  const auto found = partitions_.find(id);
  if (found == partitions_.end()) return task_;
  return {task_, found->second.assignment.where.topic, found->second.assignment.where.partition};
}

}  // namespace ch::runner
