#include "runner/commit_scheduler.hpp"

#include <algorithm>
#include <connector_host/failpoint.hpp>
#include <connector_host/reasons.hpp>
#include <utility>

#include "runner/offset_metadata.hpp"

namespace ch::runner {

void CommitScheduler::open(ch_partition_id id, kafka::TopicPartition where, std::uint64_t series, std::int64_t committed_offset,
                           std::string state, Instant now) {
  Entry entry;
  entry.where = std::move(where);
  entry.series = series;
  entry.offset = entry.committed_offset = committed_offset;
  entry.state = std::move(state);
  entry.last = now;
  entries_.insert_or_assign(id, std::move(entry));
}

void CommitScheduler::request(ch_partition_id id, std::int64_t offset, std::string state, bool urgent, Instant now) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;  // of an assignment that has ended
  Entry& entry = found->second;
  const bool waiting = entry.wanted != entry.acked;
  ++entry.wanted;
  entry.offset = offset;
  entry.state = std::move(state);
  entry.urgent = urgent;
  // A lazy request that replaces a waiting one keeps its time, or a busy partition would never be committed.
  if (urgent) {
    entry.due = now;
  } else if (!waiting) {
    entry.due = now + kLazy;
  }
}

// What was refused keeps to its time, also before leaving.
bool CommitScheduler::is_due(const Entry& entry, Instant now, bool everything) {
  if (entry.refused) return entry.due <= now;
  if (entry.wanted != entry.acked) return everything || entry.due <= now;
  return entry.offset >= 0 && entry.last + kRefresh <= now;
}

std::vector<kafka::CommitRequest> CommitScheduler::due(Instant now, bool everything) {
  std::vector<kafka::CommitRequest> out;
  if (std::none_of(entries_.begin(), entries_.end(), [&](const auto& e) { return is_due(e.second, now, everything); })) return out;
  for (auto& [id, entry] : entries_) {  // whoever waits goes along
    const bool waiting = entry.wanted != entry.acked && !entry.refused;
    const bool at_rest = entry.wanted == entry.acked && !entry.refused && entry.offset >= 0 && entry.last + kRefresh / 2 <= now;
    if (!waiting && !at_rest && !is_due(entry, now, everything)) continue;
    entry.under_way = true;
    entry.sent = entry.wanted;
    out.push_back({id, entry.where, entry.offset, encode_offset_metadata({entry.series, entry.state})});
  }
  return out;
}

std::vector<CommitScheduler::Acknowledged> CommitScheduler::answered(const std::vector<kafka::CommitResult>& results, Instant now) {
  std::vector<Acknowledged> out;
  for (const auto& result : results) {
    const auto found = entries_.find(result.id);
    if (found == entries_.end() || !found->second.under_way) continue;
    Entry& entry = found->second;
    entry.under_way = false;
    entry.refused = result.refused;
    entry.anew = result.anew;
    entry.last = now;
    if (result.refused && !CH_BUG("refusal_believed")) {
      if (!entry.refused_since) entry.refused_since = now;
      entry.retry = passes(entry) ? kRetry : std::min(2 * entry.retry, kLongestRetry);
      entry.due = now + entry.retry;
      continue;
    }
    entry.refused_since.reset();
    entry.retry = kRetry;
    if (entry.sent != entry.wanted && !CH_BUG("older_answer")) continue;  // overtaken by a newer request, which will be answered instead
    const bool refreshed = entry.acked == entry.wanted;
    entry.acked = entry.wanted;
    entry.committed_offset = entry.offset;
    if (refreshed) continue;
    entry.changed = true;
    out.push_back({result.id, entry.offset});
  }
  return out;
}

Instant CommitScheduler::next(Instant now) const {
  Instant next = now + kRefresh;
  for (const auto& [id, entry] : entries_) {
    if (entry.wanted != entry.acked || entry.refused) next = std::min(next, entry.due);
    if (!entry.refused) next = std::min(next, std::max(entry.last + kRefresh, now));
  }
  return next;
}

bool CommitScheduler::idle() const {
  return std::none_of(entries_.begin(), entries_.end(), [](const auto& e) { return e.second.wanted != e.second.acked; });
}

bool CommitScheduler::gave_up(Instant now) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const auto& e) { return e.second.anew && e.second.refused_since && now - *e.second.refused_since >= kGiveUp; });
}

// Without anybody's doing: the brokers are busy with themselves, or the group is.
bool CommitScheduler::passes(const Entry& entry) { return entry.anew || entry.refused->reason == reasons::kBrokerUnreachable; }

std::optional<CommitScheduler::Refusal> CommitScheduler::refusal(ch_partition_id id, Instant now) const {
  const auto found = entries_.find(id);
  if (found == entries_.end() || !found->second.refused) return std::nullopt;
  const Entry& entry = found->second;
  if (passes(entry) && now - *entry.refused_since < kTell) return std::nullopt;
  return Refusal{*entry.refused, entry.due};
}

std::int64_t CommitScheduler::committed_offset(ch_partition_id id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? -1 : found->second.committed_offset;
}

std::vector<store::SavedOffset> CommitScheduler::take_changed() {
  std::vector<store::SavedOffset> out;
  for (auto& [id, entry] : entries_) {
    // While a newer request waits, offset and state are that one's: what is saved must be acknowledged.
    if (!entry.changed || (entry.wanted != entry.acked && !CH_BUG("kept_unacknowledged"))) continue;
    entry.changed = false;
    out.push_back({entry.where.topic, entry.where.partition, entry.offset, encode_offset_metadata({entry.series, entry.state})});
  }
  return out;
}

}  // namespace ch::runner
