// A session and the records that cannot be stored.
#include <fmt/format.h>

#include "base/time.hpp"
#include "tasks/session.hpp"

namespace ch::tasks {

std::int32_t Session::reject(ch_partition_id partition, const ch_record& record, const std::string& why) {
  const auto found = slots_.find(partition);
  if (found == slots_.end()) return CH_BUSY;
  auto& slot = found->second;
  const auto& where = slot.assignment.where;
  switch (rejects_.reject(partition, where, record, why)) {
    case Rejects::Verdict::passed_over:
      return CH_OK;
    case Rejects::Verdict::busy:
      return CH_BUSY;
    case Rejects::Verdict::stop:
      break;
  }
  slot.stopped_at = record.offset;
  const auto message =
      fmt::format("the record at offset {} of {}-{} cannot be stored: {}", record.offset, where.topic, where.partition, why);
  const std::string remedy =
      "Change the task's format or limits so that it can be; or set errors.tolerance=all, with errors.deadletterqueue.topic.name to "
      "keep such records.";
  // It is offered again about once a second: retention may have removed it.
  const ch_interruption what{sizeof(ch_interruption), c_string("record_rejected"), c_string(message), c_string(remedy), now_ms() + 1000};
  interrupted(partition, what);
  return CH_FAILED;
}

// Commits whose dead letters have been acknowledged go on their way.
void Session::serve_rejects() {
  rejects_.serve([this](ch_partition_id id, Rejects::Commit commit) {
    if (slots_.contains(id)) committer_.request(id, commit.offset, std::move(commit.state), commit.urgent, now_ms());
  });
  if (const auto trouble = rejects_.trouble(); trouble && !end_) {
    on_trouble(*trouble);
    on_rejoin_needed(trouble->message);
  }
}

bool Session::settled() const { return committer_.idle() && rejects_.idle() && !consumer_->commit_under_way(); }

}  // namespace ch::tasks
