// The second verdict of a verification: is all stored that should be, and why not.
#include <fmt/format.h>

#include <algorithm>
#include <connector_host/reasons.hpp>

#include "base/time.hpp"
#include "kafka/group_client.hpp"
#include "tasks/bucket/verification.hpp"

namespace ch::tasks {

namespace {

struct Cause {
  std::string reason;
  std::string message;
  std::int64_t due_ms = 0;  // of what is not due yet
};

const runner::PartitionStatus* find(const TaskStatus& status, const kafka::TopicPartition& where) {
  const auto in = [&](const std::vector<runner::PartitionStatus>& partitions) {
    const auto found = std::find_if(partitions.begin(), partitions.end(), [&](const auto& partition) {
      return partition.topic == where.topic && partition.partition == where.partition;
    });
    return found == partitions.end() ? nullptr : &*found;
  };
  for (const auto& runner : status.runners)
    if (const auto* found = in(runner.partitions); found != nullptr) return found;
  return in(status.at_rest);
}

std::string trace_of(const TaskStatus& status) {
  const auto failed = std::find_if(status.runners.begin(), status.runners.end(), [](const auto& runner) { return !runner.trace.empty(); });
  return failed == status.runners.end() ? "the task has failed" : failed->trace;
}

Cause cause_of(const TaskStatus& status, const kafka::TopicPartition& where) {
  const auto* partition = find(status, where);
  if (partition != nullptr && partition->interruption) return {partition->interruption->reason, partition->interruption->message};
  if (!status.enabled) return {"disabled", "the task is disabled"};
  const auto stands = [](const runner::RunnerStatus& runner) {
    return runner.interruption && (runner.stands || runner.partitions.empty());
  };
  const auto standing = std::find_if(status.runners.begin(), status.runners.end(), stands);
  if (standing != status.runners.end()) return {standing->interruption->reason, standing->interruption->message};
  if (status.state == runner::State::failed) return {"failed", trace_of(status)};
  if (status.paused) return {"paused", "the task is paused"};
  if (partition == nullptr || !partition->runner) return {"starting", "no runner of this host has the partition at the moment"};
  if (partition->open) return {"not_due", "they are read, and their object is not due yet", partition->open->due_ms};
  return {"reading", "the task runs, and is not as far yet"};
}

class Causes {
 public:
  explicit Causes(std::vector<VerifyWaiting>& out) : out_(out) {}

  void add(const kafka::TopicPartition& where, std::optional<std::uint64_t> records, const Cause& cause) {
    const auto same = std::find_if(out_.begin(), out_.end(), [&](const auto& one) {
      return one.reason == cause.reason && (one.message == cause.message || out_.size() >= kMaxNotes);
    });
    if (same == out_.end()) {
      out_.push_back({cause.reason, cause.message, records, where.partition < 0 ? 0U : 1U, where});
    } else {
      ++same->partitions;
      same->records = same->records && records ? std::optional(*same->records + *records) : std::nullopt;
    }
    latest_due_ = std::max(latest_due_, cause.due_ms);
  }
  void finish() {
    for (auto& one : out_)
      if (one.reason == "not_due" && latest_due_ > 0) one.message += ": the last one is at " + rfc3339(latest_due_);
  }

 private:
  std::vector<VerifyWaiting>& out_;
  std::int64_t latest_due_ = 0;
};

}  // namespace

bool stored_of(const VerifyReport& report, const std::string& topic) {
  return std::any_of(report.partitions.begin(), report.partitions.end(),
                     [&](const auto& one) { return one.first.topic == topic && !one.second.chains.empty(); });
}

std::optional<std::uint64_t> VerifyReport::not_stored() const {
  std::uint64_t sum = 0;
  for (const auto& one : waiting) {
    if (!one.records) return std::nullopt;
    sum += *one.records;
  }
  return sum;
}

void VerifyReport::tell_waiting(const TaskStatus& status) {
  waiting.clear();
  Causes causes(waiting);
  for (const auto& topic : missing) {
    const auto message = stored_of(*this, topic)
                             ? fmt::format("topic {} does not exist any more: whether all of it was stored cannot be told", topic)
                         : topic.starts_with("^") ? fmt::format("no topic matches {}", topic)
                                                  : fmt::format("topic {} does not exist, and nothing of it is stored", topic);
    causes.add({topic, -1}, std::nullopt, {reasons::kTopicMissing, message});
  }
  for (const auto& [where, partition] : partitions) {
    if (partition.high < 0) continue;  // of a topic that is not there
    if (partition.committed < 0) {
      if (partition.due > std::max<std::int64_t>(partition.low, 0))
        causes.add(where, std::nullopt, {"not_begun", "no offset is committed: the task has not begun, or has forgotten where it was"});
      continue;
    }
    const auto records = partition.due - std::max(partition.committed, partition.low);
    if (records > 0) causes.add(where, static_cast<std::uint64_t>(records), cause_of(status, where));
  }
  causes.finish();
}

}  // namespace ch::tasks
