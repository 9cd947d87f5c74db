// A session and the records that cannot be stored.
#include <fmt/format.h>

#include <utility>

#include "base/time.hpp"
#include "tasks/session.hpp"

namespace ch::tasks {

namespace {

constexpr const char* kRejected = "record_rejected";
constexpr std::int64_t kReadAgainMs = 30000;  // each time what lies behind it is fetched again, too

}  // namespace

std::int32_t Session::reject(ch_partition_id partition, const ch_record& record, const std::string& why) {
  const auto found = slots_.find(partition);
  if (found == slots_.end()) return CH_BUSY;
  auto& slot = found->second;
  switch (rejects_.reject(partition, slot.assignment.where, record, why)) {
    case Rejects::Verdict::passed_over:
      return CH_OK;
    case Rejects::Verdict::busy:
      return CH_BUSY;
    case Rejects::Verdict::stop:
      stop_at(slot, record.offset, why,
              "Change the task's format or limits so that it can be; or set errors.tolerance=all, with errors.deadletterqueue.topic.name "
              "to keep such records.");
      break;
    case Rejects::Verdict::stop_too_large:
      stop_at(slot, record.offset, why + "; and it is larger than a dead letter can be",
              "Change the task's format or limits so that it can be stored; or remove errors.deadletterqueue.topic.name, and it is lost.");
      break;
  }
  return CH_FAILED;
}

// It is read again now and then: retention may have removed it. Until then the lane holds no memory that others need.
void Session::stop_at(Slot& slot, std::int64_t offset, const std::string& why, const std::string& remedy) {
  const auto& where = slot.assignment.where;
  slot.stopped_at = offset;
  go_on_at(slot, slot.seek_to.value_or(offset), now_ms() + kReadAgainMs);
  const auto message = fmt::format("the record at offset {} of {}-{} cannot be stored: {}", offset, where.topic, where.partition, why);
  interrupted(slot.assignment.id, {sizeof(ch_interruption), c_string(kRejected), c_string(message), c_string(remedy), slot.seek_after_ms});
}

// Its dead letter is refused. Nothing behind it can be committed, so nothing more is read; what is held is dropped.
void Session::wait_for_dead_letter(ch_partition_id id, Slot& slot) {
  const auto refusal = rejects_.refusal(id);
  if (!refusal) {
    if (std::exchange(slot.refused, false)) recovered(id);
    return;
  }
  if (!std::exchange(slot.refused, true) && slot.reading && !slot.seek_to) go_on_at(slot, slot.position, 0);
  if (slot.interruption && (slot.interruption->reason != kRejected || slot.interruption->next_try_ms == refusal->next_try_ms)) return;
  const auto& topic = context_.spec.errors.dead_letter_topic;
  const auto& where = slot.assignment.where;
  const auto message =
      fmt::format("the record at offset {} of {}-{}, {} bytes, cannot be stored, and the dead-letter topic {} refuses it: {}",
                  refusal->offset, where.topic, where.partition, refusal->bytes, topic, refusal->why);
  const auto remedy = fmt::format(
      "If it is too large, raise max.message.bytes of {} above its {} bytes and its headers'; it is sent again every few seconds. Or name "
      "another topic in errors.deadletterqueue.topic.name; or change the task's format or limits so that it can be stored.",
      topic, refusal->bytes);
  interrupted(id, {sizeof(ch_interruption), c_string(kRejected), c_string(message), c_string(remedy), refusal->next_try_ms});
}

// Nobody who stops the task waits for their dead letters: nothing is committed of what lies behind, so it is read again.
void Session::give_up_refused() {
  std::vector<ch_partition_id> refused;
  for (const auto& [id, slot] : slots_)
    if (slot.refused) refused.push_back(id);
  give_up(refused, false);
  for (const auto id : refused) consumer_->park(id);
}

// Commits whose dead letters have been acknowledged go on their way.
void Session::serve_rejects() {
  rejects_.serve([this](ch_partition_id id, Rejects::Commit commit) {
    if (slots_.contains(id)) committer_.request(id, commit.offset, std::move(commit.state), commit.urgent, now_ms());
  });
  if (rejects_.buries()) {
    for (auto& [id, slot] : slots_) wait_for_dead_letter(id, slot);
    if (flushing_) give_up_refused();
  }
  if (const auto trouble = rejects_.trouble(); trouble && !end_) {
    on_trouble(*trouble);
    on_rejoin_needed(trouble->message);
  }
}

bool Session::settled() const { return committer_.idle() && rejects_.idle() && !consumer_->commit_under_way(); }

}  // namespace ch::tasks
