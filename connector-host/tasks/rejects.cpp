#include "tasks/rejects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace ch::tasks {

Rejects::Rejects(const RunnerSpec& spec, std::function<void()> wake, Event event)
    : spec_(spec), wake_(std::move(wake)), event_(std::move(event)) {}

Rejects::Verdict Rejects::reject(ch_partition_id id, const kafka::TopicPartition& where, const ch_record& record, const std::string& why) {
  const auto& errors = spec_.errors;
  auto& counted = *spec_.metrics;
  if (!errors.tolerate) {
    counted.add(metrics::Id::records_rejected, "failed");
    return Verdict::stop;
  }
  if (!errors.dead_letter_topic.empty()) {
    using Sent = kafka::DeadLetters::Sent;
    const auto sent = bury(id, where, record, why);
    if (!sent) refused_ = kafka::Trouble{"broker_unreachable", sent.error().message, "Check the dead-letter topic's settings.", false};
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

Result<kafka::DeadLetters::Sent> Rejects::bury(ch_partition_id id, const kafka::TopicPartition& where, const ch_record& record,
                                               const std::string& why) {
  if (dead_letters_ == nullptr) {
    kafka::DeadLetterSettings settings;
    auto cluster = spec_.cluster();
    if (!cluster) return tl::unexpected(cluster.error());
    settings.cluster = std::move(*cluster);
    settings.client_id = fmt::format("connector-dlq-{}-{}", spec_.info.name, spec_.info.runner);
    settings.topic = spec_.errors.dead_letter_topic;
    settings.context_headers = spec_.errors.context_headers;
    settings.task = spec_.info.name;
    settings.connector = spec_.connector->name();
    settings.runner = spec_.info.runner;
    auto made = kafka::DeadLetters::create(settings, wake_);
    if (!made) return tl::unexpected(made.error());
    dead_letters_ = std::move(*made);
  }
  return dead_letters_->send(id, where, record, why);
}

// Each one to the log if that is wanted; to the events the 1st, 10th, 100th ... of a session.
void Rejects::report(const kafka::TopicPartition& where, const ch_record& record, const std::string& why) {
  const auto place = fmt::format("the record at offset {} of {}-{} cannot be stored and is passed over: {}", record.offset, where.topic,
                                 where.partition, why);
  if (spec_.errors.log_messages) {
    log::error(spec_.info.name, "{} (timestamp {}, key of {} bytes, value of {} bytes)", place, record.timestamp_ms, record.key.size,
               record.value.size);
  } else if (spec_.errors.log) {
    log::error(spec_.info.name, "{}", place);
  }
  if (count_ < next_event_) return;
  next_event_ *= 10;
  const auto message = count_ == 1 ? place : fmt::format("{} (number {} since the partitions were assigned)", place, count_);
  if (!spec_.errors.log && !spec_.errors.log_messages) log::warn(spec_.info.name, "{}", message);
  event_(message);
}

bool Rejects::hold(ch_partition_id id, const Commit& commit) {
  if (dead_letters_ == nullptr) return false;
  const auto last = dead_letters_->last(id);
  const auto waiting = held_.find(id);
  if (waiting == held_.end() && dead_letters_->acknowledged(id, last)) return false;
  auto& queue = held_[id];
  if (!queue.empty() && (queue.back().behind == last || queue.size() == kMaxHeld)) queue.pop_back();
  queue.push_back({last, commit});
  return true;
}

void Rejects::serve(const std::function<void(ch_partition_id, Commit)>& release) {
  if (dead_letters_ == nullptr) return;
  dead_letters_->serve();
  for (auto it = held_.begin(); it != held_.end();) {
    auto& [id, queue] = *it;
    while (!queue.empty() && dead_letters_->acknowledged(id, queue.front().behind)) {
      release(id, std::move(queue.front().commit));
      queue.pop_front();
    }
    it = queue.empty() ? held_.erase(it) : std::next(it);
  }
}

bool Rejects::idle() const {
  return std::all_of(held_.begin(), held_.end(), [this](const auto& entry) { return refusal(entry.first).has_value(); });
}

std::optional<kafka::DeadLetters::Refusal> Rejects::refusal(ch_partition_id id) const {
  return dead_letters_ == nullptr ? std::nullopt : dead_letters_->refusal(id);
}

void Rejects::forget(ch_partition_id id) {
  held_.erase(id);
  if (dead_letters_ != nullptr) dead_letters_->forget(id);
}

std::optional<kafka::Trouble> Rejects::trouble() const {
  if (refused_) return refused_;
  return dead_letters_ == nullptr ? std::nullopt : dead_letters_->trouble();
}

}  // namespace ch::tasks
