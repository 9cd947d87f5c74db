#include "runner/errant_records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <connector_host/failpoint.hpp>
#include <connector_host/reasons.hpp>
#include <utility>

#include "base/log.hpp"

namespace ch::runner {

namespace {

constexpr milliseconds kReadAgain{30000};  // each time what lies behind it is fetched again, too

}  // namespace

std::int32_t ErrantRecords::reject(ch_partition_id id, const ch_record& record, const std::string& why) {
  const auto found = partitions_.find(id);
  if (found == partitions_.end()) return CH_BUSY;
  auto& assigned = found->second;
  const auto moment = context_.now();
  assigned.waiting.arrived(record.offset + 1, waits_since(record.timestamp_ms, moment, context_.wall_ms()), moment);
  switch (judge(id, assigned.assignment.where, record, why)) {
    case Verdict::passed_over:
      return CH_OK;
    case Verdict::busy:
      return CH_BUSY;
    case Verdict::stop:
      stop_at(assigned, record.offset, why,
              "Change the task's format or limits so that it can be; or set errors.tolerance=all, with errors.deadletterqueue.topic.name "
              "to keep such records.");
      break;
    case Verdict::stop_too_large:
      stop_at(assigned, record.offset, why + "; and it is larger than a dead letter can be",
              "Change the task's format or limits so that it can be stored; or remove errors.deadletterqueue.topic.name, and it is lost.");
      break;
  }
  return CH_FAILED;
}

// It is read again now and then: retention may have removed it. Until then the buffer holds no memory that others need.
void ErrantRecords::stop_at(AssignedPartition& assigned, std::int64_t offset, const std::string& why, const std::string& remedy) {
  const auto& where = assigned.assignment.where;
  assigned.stopped_at = offset;
  pump_.go_on_at(assigned, assigned.seeks() ? assigned.seek_to : offset, context_.now() + kReadAgain);
  const auto message = fmt::format("the record at offset {} of {}-{} cannot be stored: {}", offset, where.topic, where.partition, why);
  report_.interrupted(assigned.assignment.id, {reasons::kRecordRejected, message, remedy, context_.date_ms(assigned.seek_after)});
}

// Its dead letter is refused. Nothing behind it can be committed, so nothing more is read; what is held is dropped.
void ErrantRecords::wait_for_dead_letter(ch_partition_id id, AssignedPartition& assigned) {
  const auto refusal = refusal_of(id);
  if (!refusal) {
    if (std::exchange(assigned.refused, false)) report_.recovered(id);
    return;
  }
  if (!std::exchange(assigned.refused, true) && assigned.reads()) pump_.go_on_at(assigned, assigned.position, {});
  const std::string reason = refusal->of_record ? reasons::kRecordRejected : refusal->why.reason;
  if (assigned.interruption &&
      (assigned.interruption->reason != assigned.refusal_reason || assigned.interruption->next_try_ms == refusal->next_try_ms))
    return;
  assigned.refusal_reason = reason;
  const auto& topic = context_.spec.errors.dead_letter_topic;
  const auto& where = assigned.assignment.where;
  const auto message = fmt::format("the record at offset {} of {}-{}, {} bytes, cannot be stored, and the dead-letter topic {} {}: {}",
                                   refusal->offset, where.topic, where.partition, refusal->bytes, topic,
                                   refusal->of_record ? "refuses it" : "cannot be written to", refusal->why.message);
  const auto remedy =
      refusal->of_record
          ? fmt::format(
                "If it is too large, raise max.message.bytes of {0} above its {1} bytes and its headers'; if its time is not taken, "
                "set message.timestamp.type=LogAppendTime for {0}, or raise its message.timestamp.before.max.ms and "
                "message.timestamp.after.max.ms; it is sent again every few seconds. Or name another topic in "
                "errors.deadletterqueue.topic.name; or change the task's format or limits so that it can be stored.",
                topic, refusal->bytes)
          : fmt::format("Let the instance's user write to {}, or mend what the message names; it is sent again every few seconds. {}",
                        topic, refusal->why.remedy);
  report_.interrupted(id, {reason, message, remedy, refusal->next_try_ms});
}

ErrantRecords::Verdict ErrantRecords::judge(ch_partition_id id, const kafka::TopicPartition& where, const ch_record& record,
                                            const std::string& why) {
  const auto& errors = context_.spec.errors;
  auto& counted = *context_.spec.metrics;
  if (!errors.tolerate) {
    counted.add(metrics::Id::records_rejected, "failed");
    return Verdict::stop;
  }
  if (!errors.dead_letter_topic.empty()) {
    using Sent = kafka::DeadLetters::Sent;
    const auto sent = bury(id, where, record, why);
    if (!sent) refused_ = Interruption{reasons::kClientError, sent.error().message, "Put back what the instance's settings name."};
    if (!sent || *sent == Sent::later) return Verdict::busy;
    if (*sent == Sent::too_large) {
      counted.add(metrics::Id::records_rejected, "failed");
      return Verdict::stop_too_large;
    }
  }
  counted.add(metrics::Id::records_rejected, errors.dead_letter_topic.empty() ? "skipped" : "dead_letter");
  ++count_;
  report(where, record, why);
  return Verdict::passed_over;
}

Result<kafka::DeadLetters::Sent> ErrantRecords::bury(ch_partition_id id, const kafka::TopicPartition& where, const ch_record& record,
                                                     const std::string& why) {
  if (dead_letters_ == nullptr) {
    kafka::DeadLetterSettings settings;
    auto cluster = context_.spec.cluster();
    if (!cluster) return tl::unexpected(cluster.error());
    settings.cluster = std::move(*cluster);
    settings.client_id = fmt::format("connector-dlq-{}-{}", context_.spec.info.name, context_.spec.info.runner);
    settings.topic = context_.spec.errors.dead_letter_topic;
    settings.context_headers = context_.spec.errors.context_headers;
    settings.task = context_.spec.info.name;
    settings.connector = context_.spec.connector->name();
    settings.runner = context_.spec.info.runner;
    settings.clock = context_.spec.clock;
    auto made = context_.make_dead_letters(settings, [&consumer = context_.consumer] { consumer.wake(); });
    if (!made) return tl::unexpected(made.error());
    dead_letters_ = std::move(*made);
  }
  return dead_letters_->send(id, where, record, why);
}

// Each one to the log if that is wanted; to the events the 1st, 10th, 100th ... of a session.
void ErrantRecords::report(const kafka::TopicPartition& where, const ch_record& record, const std::string& why) {
  const auto place = fmt::format("the record at offset {} of {}-{} cannot be stored and is passed over: {}", record.offset, where.topic,
                                 where.partition, why);
  if (context_.spec.errors.log_messages) {
    log::error(context_.spec.info.name, "{} (timestamp {}, key of {} bytes, value of {} bytes)", place, record.timestamp_ms,
               record.key.size, record.value.size);
  } else if (context_.spec.errors.log) {
    log::error(context_.spec.info.name, "{}", place);
  }
  if (count_ < next_event_) return;
  next_event_ *= 10;
  const auto message = count_ == 1 ? place : fmt::format("{} (number {} since the partitions were assigned)", place, count_);
  if (!context_.spec.errors.log && !context_.spec.errors.log_messages) log::warn(context_.spec.info.name, "{}", message);
  report_.event("rejected", nullptr, message);
}

bool ErrantRecords::hold(ch_partition_id id, const Commit& commit) {
  if (dead_letters_ == nullptr || CH_BUG("dead_letter_overtaken")) return false;
  const auto last = dead_letters_->last(id);
  const auto waiting = held_.find(id);
  if (waiting == held_.end() && dead_letters_->acknowledged(id, last)) return false;
  auto& queue = held_[id];
  if (!queue.empty() && (queue.back().behind == last || queue.size() == kMaxHeld)) queue.pop_back();
  queue.push_back({last, commit});
  return true;
}

void ErrantRecords::serve(const std::function<void(ch_partition_id, Commit)>& release) {
  if (dead_letters_ == nullptr) return;
  dead_letters_->serve();
  for (auto it = held_.begin(); it != held_.end();) {
    auto& [id, queue] = *it;
    while (!queue.empty() && dead_letters_->acknowledged(id, queue.front().behind)) {
      if (!CH_BUG("held_commit_forgotten")) release(id, std::move(queue.front().commit));
      queue.pop_front();
    }
    it = queue.empty() ? held_.erase(it) : std::next(it);
  }
  for (auto& [id, assigned] : partitions_) wait_for_dead_letter(id, assigned);
}

void ErrantRecords::look_at_topic() {
  const auto trouble = refused_ ? refused_ : dead_letters_ == nullptr ? std::nullopt : dead_letters_->trouble();
  if (!trouble || end_.said()) return;
  report_.trouble(*trouble);
  end_.rejoin(trouble->message);
}

std::vector<ch_partition_id> ErrantRecords::refused() const {
  std::vector<ch_partition_id> out;
  for (const auto& [id, assigned] : partitions_)
    if (assigned.refused) out.push_back(id);
  return out;
}

bool ErrantRecords::idle() const {
  return std::all_of(held_.begin(), held_.end(), [this](const auto& entry) { return refusal_of(entry.first).has_value(); });
}

std::optional<kafka::DeadLetters::Refusal> ErrantRecords::refusal_of(ch_partition_id id) const {
  return dead_letters_ == nullptr ? std::nullopt : dead_letters_->refusal(id);
}

void ErrantRecords::forget(ch_partition_id id) {
  held_.erase(id);
  if (dead_letters_ != nullptr) dead_letters_->forget(id);
}

}  // namespace ch::runner
