#include "tasks/status/outlook.hpp"

#include <algorithm>
#include <connector_host/reasons.hpp>
#include <set>

namespace ch::tasks {

namespace {

using std::chrono::milliseconds;

runner::Moment moment_of(std::int64_t wall_ms, const Outlook::Now& now) { return now.moment - milliseconds(now.wall_ms - wall_ms); }

const runner::InterruptionStatus* interruption_of(const runner::PartitionStatus& partition, const runner::RunnerStatus* runner,
                                                  const TaskStatus& status) {
  if (partition.interruption) return &*partition.interruption;
  if (runner != nullptr) return runner->interruption && runner->stands ? &*runner->interruption : nullptr;
  return status.interruption ? &*status.interruption : nullptr;
}

// Since when nothing of it is stored, and nothing will be until somebody does something or the world is mended.
std::optional<runner::Moment> stands_since(const runner::PartitionStatus& partition, const runner::RunnerStatus* runner,
                                           const TaskStatus& status, const Outlook::Now& now) {
  if (const auto* why = interruption_of(partition, runner, status); why != nullptr) return moment_of(why->since_ms, now);
  const auto state = runner != nullptr ? runner->state : status.state;
  if (state != runner::State::paused && state != runner::State::disabled && state != runner::State::failed &&
      state != runner::State::interrupted)
    return std::nullopt;
  return moment_of(runner != nullptr ? runner->since_ms : status.since_ms, now);
}

// The brokers do not answer, refuse us, or do not know the topic: what they said before is not how it is now.
bool cluster_is_away(const runner::InterruptionStatus& why) {
  return kafka::is_of_brokers(why.reason) || why.reason == reasons::kInstanceIsolated || why.reason == reasons::kTopicMissing;
}

std::int64_t milliseconds_since(runner::Moment since, const Outlook::Now& now) {
  return std::max<std::int64_t>(std::chrono::duration_cast<milliseconds>(now.moment - since).count(), 0);
}

// Of all partitions together: a sum of which a part is not known is not known.
void sum_up(TaskStatus& status, const std::vector<const runner::PartitionStatus*>& partitions) {
  bool all_known = !partitions.empty(), delays_known = all_known;
  std::int64_t lag = 0, delay = 0;
  for (const auto* partition : partitions) {
    all_known = all_known && partition->lag;
    delays_known = delays_known && partition->delay_ms;
    lag += partition->lag.value_or(0);
    delay = std::max(delay, partition->delay_ms.value_or(0));
  }
  if (all_known) status.lag = lag;
  if (delays_known || delay > 0) status.delay_ms = delay;  // at least so much
}

}  // namespace

void Outlook::see(const std::vector<Seen>& partitions, runner::Moment at) {
  for (const auto& seen : partitions) {
    auto& known = known_[seen.where];
    known.committed = seen.committed;
    if (seen.end < 0) continue;
    known.end = seen.end;
    known.end_seen = at;
  }
  std::set<kafka::TopicPartition> there;
  for (const auto& seen : partitions) there.insert(seen.where);
  topics_.emplace();
  for (const auto& where : there)
    if (topics_->empty() || topics_->back() != where.topic) topics_->push_back(where.topic);
  std::erase_if(known_, [&](const auto& one) { return !there.contains(one.first); });
}

void Outlook::see_first(const kafka::TopicPartition& where, std::int64_t from, std::int64_t time_ms, const Now& now) {
  const auto found = known_.find(where);
  if (found == known_.end() || time_ms <= 0) return;
  found->second.first_from = from;
  found->second.first = runner::waits_since(time_ms, now.moment, now.wall_ms);
}

void Outlook::complete(runner::PartitionStatus& partition, const runner::RunnerStatus* runner, const TaskStatus& status, const Now& now) {
  auto& known = known_[{partition.topic, partition.partition}];
  if (partition.end_offset >= 0 && partition.end_seen >= known.end_seen) {
    known.end = partition.end_offset;
    known.end_seen = partition.end_seen;
  }
  partition.end_offset = known.end;
  partition.end_seen = known.end_seen;
  if (known.end >= 0) partition.end_offset_at_ms = now.wall_ms - milliseconds_since(known.end_seen, now);
  const auto* why = interruption_of(partition, runner, status);
  const bool away = why != nullptr && cluster_is_away(*why) && known.end_seen <= moment_of(why->since_ms, now);
  const bool current = known.end >= 0 && !away && now.moment - known.end_seen <= kCurrent;
  if (current && partition.committed_offset >= 0) partition.lag = std::max<std::int64_t>(known.end - partition.committed_offset, 0);

  known.look_up = -1;
  if (partition.lag == 0) {
    partition.delay_ms = 0;
    known.whole = now.moment;
    known.behind.reset();
    known.first.reset();
    return;
  }
  if (known.first_from != partition.committed_offset) known.first.reset();
  if (partition.waits_since && (!known.first || *partition.waits_since < *known.first)) known.first = partition.waits_since;
  known.first_from = partition.committed_offset;
  auto stands = stands_since(partition, runner, status, now);
  if (stands && known.whole) stands = std::max(*stands, *known.whole);
  if (partition.lag && stands && !known.first) known.look_up = partition.committed_offset;
  if (partition.lag && !known.behind) known.behind = now.moment;
  const auto since = known.first ? known.first : stands ? stands : partition.lag ? known.behind : std::nullopt;
  if (since) partition.delay_ms = milliseconds_since(*since, now);
}

void Outlook::add_at_rest(TaskStatus& status, const SavedOffsets& saved) const {
  const auto add = [&](const kafka::TopicPartition& where, std::int64_t committed) {
    if (committed < 0) return;  // it has not begun: nothing waits
    runner::PartitionStatus partition;
    partition.topic = where.topic;
    partition.partition = where.partition;
    partition.committed_offset = committed;
    status.at_rest.push_back(std::move(partition));
  };
  for (const auto& [where, known] : known_) {
    const auto kept = saved.find(where);
    add(where, known.committed ? *known.committed : kept == saved.end() ? -1 : kept->second.offset);
  }
  // As long as no broker has said which partitions there are, those that were stored of.
  for (const auto& [where, kept] : saved)
    if (!topics_ && !known_.contains(where)) add(where, kept.offset);
}

void Outlook::complete(TaskStatus& status, const SavedOffsets& saved, const Now& now) {
  status.topics = topics_;
  std::vector<const runner::PartitionStatus*> all;
  for (auto& runner : status.runners) {
    for (auto& partition : runner.partitions) {
      complete(partition, &runner, status, now);
      all.push_back(&partition);
    }
  }
  if (all.empty() && status.state != runner::State::running) {  // else other hosts have them all
    add_at_rest(status, saved);
    for (auto& partition : status.at_rest) {
      complete(partition, nullptr, status, now);
      all.push_back(&partition);
    }
  }
  sum_up(status, all);
}

std::vector<kafka::PartitionOffset> Outlook::to_look_up(std::size_t limit) const {
  std::vector<kafka::PartitionOffset> out;
  for (const auto& [where, known] : known_)
    if (known.look_up >= 0 && out.size() < limit) out.push_back({where, known.look_up, ""});
  return out;
}

}  // namespace ch::tasks
