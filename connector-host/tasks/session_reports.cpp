// What the connector and the cluster report to a session.
#include "base/time.hpp"
#include "tasks/session.hpp"

namespace ch::tasks {

void Session::resume(ch_partition_id partition, std::int64_t offset) {
  if (const auto slot = slots_.find(partition); slot != slots_.end()) go_on_at(slot->second, offset, 0);
}

void Session::interrupted(ch_partition_id partition, const ch_interruption& what) {
  InterruptionStatus status{std::string(view(what.reason)), std::string(view(what.message)), std::string(view(what.remedy)), now_ms(),
                            what.next_try_ms};
  const auto slot = slots_.find(partition);
  if (partition != 0 && slot == slots_.end()) return;
  auto& kept = partition == 0 ? interruption_ : slot->second.interruption;
  const bool fresh = !kept || kept->reason != status.reason;
  if (!fresh) status.since_ms = kept->since_ms;
  kept = std::move(status);
  if (fresh) tell(subject(partition), *kept);
}

void Session::recovered(ch_partition_id partition) {
  const auto slot = slots_.find(partition);
  if (partition != 0 && slot == slots_.end()) return;
  auto& kept = partition == 0 ? interruption_ : slot->second.interruption;
  if (!kept) return;
  log::info(subject(partition), "recovered from {}", kept->reason);
  if (slot != slots_.end()) slot->second.seek_after_ms = 0;
  const InterruptionStatus was = *kept;
  kept.reset();
  event("recovered", &was, "recovered from " + was.reason);
}

void Session::stored(ch_partition_id partition, const ch_object& object) {
  auto& metrics = *context_.spec.metrics;
  metrics.add(metrics::Id::objects_stored);
  metrics.add(metrics::Id::records_stored, static_cast<double>(object.records));
  metrics.add(metrics::Id::bytes_stored, static_cast<double>(object.bytes));
  const auto slot = slots_.find(partition);
  if (slot == slots_.end()) return;
  StoredObject out;
  out.key = view(object.key);
  out.topic = view(object.topic);
  out.partition = object.partition;
  out.start_offset = object.start_offset;
  out.end_offset = object.end_offset;
  out.records = object.records;
  out.bytes = object.bytes;
  out.stored_ms = object.stored_ms;
  slot->second.last_object = std::move(out);
  if (!slot->second.stopped_at) slot->second.seek_after_ms = 0;  // it can take more now
}

void Session::on_trouble(const kafka::Trouble& what) { set_trouble(explained(context_.spec.ckafka.get(), what)); }

// Brokers tell only that they do not answer; CKafka may tell why, and when that is over.
void Session::look_at_instance() {
  looked_ms_ = now_ms();
  const auto reason = trouble_->reason;
  const auto now = explained(context_.spec.ckafka.get(), {reason, "", "", false});
  if (now.reason != reason) set_trouble(now);
  if (reason != kIsolated || !now.message.empty()) return;
  set_trouble({"broker_unreachable", "CKafka says that the instance runs again, but none of its brokers has answered yet",
               "Nothing, it is tried again; if it stays, check the instance in the CKafka console.", false});
}

void Session::set_trouble(const kafka::Trouble& what) {
  const bool fresh = !trouble_ || trouble_->reason != what.reason;
  const auto since = fresh ? now_ms() : trouble_->since_ms;
  trouble_ = InterruptionStatus{what.reason, what.message, what.remedy, since, now_ms() + 5000};
  if (fresh) tell(task_, *trouble_);
}

void Session::on_reachable() {
  if (!end_) recover_cluster();  // else it is why we leave
}

void Session::recover_cluster() {
  if (!trouble_) return;
  const InterruptionStatus was = *trouble_;
  trouble_.reset();
  log::info(task_, "recovered from {}", was.reason);
  event("recovered", &was, "recovered from " + was.reason);
}

void Session::on_rejoin_needed(const std::string& why) {
  if (!end_) end_ = Outcome{End::rejoin, why, worked_};
}

// Of an interruption that begins.
void Session::tell(const log::Subject& about, const InterruptionStatus& what) {
  context_.spec.metrics->add(metrics::Id::interruptions, what.reason);
  log::warn(about, "interrupted ({}): {}. {}", what.reason, what.message, what.remedy);
  event("interrupted", &what, what.message);
}

}  // namespace ch::tasks
