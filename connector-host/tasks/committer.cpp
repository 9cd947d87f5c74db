#include "tasks/committer.hpp"

#include <algorithm>
#include <utility>

#include "tasks/frame.hpp"

namespace ch::tasks {

void Committer::open(ch_partition_id id, kafka::TopicPartition where, std::uint64_t series, std::int64_t committed_offset,
                     std::string state, std::int64_t now) {
  Entry entry;
  entry.where = std::move(where);
  entry.series = series;
  entry.offset = entry.committed_offset = committed_offset;
  entry.state = std::move(state);
  entry.last_ms = now;
  entries_.insert_or_assign(id, std::move(entry));
}

void Committer::request(ch_partition_id id, std::int64_t offset, std::string state, bool urgent, std::int64_t now) {
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
    entry.due_ms = now;
  } else if (!waiting) {
    entry.due_ms = now + kLazyMs;
  }
}

std::vector<kafka::CommitRequest> Committer::due(std::int64_t now, bool everything) {
  std::vector<kafka::CommitRequest> out;
  const bool go = std::any_of(entries_.begin(), entries_.end(), [&](const auto& e) {
    const Entry& entry = e.second;
    return (entry.wanted != entry.acked && (everything || entry.due_ms <= now)) || (entry.offset >= 0 && entry.last_ms + kRefreshMs <= now);
  });
  if (!go) return out;
  for (auto& [id, entry] : entries_) {  // whoever waits goes along
    const bool waiting = entry.wanted != entry.acked && (everything || entry.refused_since_ms == 0 || entry.due_ms <= now);
    const bool at_rest = entry.wanted == entry.acked && entry.offset >= 0 && entry.last_ms + kRefreshMs / 2 <= now;
    if (!waiting && !at_rest) continue;
    entry.under_way = true;
    entry.sent = entry.wanted;
    out.push_back({id, entry.where, entry.offset, encode_frame({entry.series, entry.state})});
  }
  return out;
}

std::vector<Committer::Acknowledged> Committer::answered(const std::vector<kafka::CommitResult>& results, std::int64_t now) {
  std::vector<Acknowledged> out;
  for (const auto& result : results) {
    const auto found = entries_.find(result.id);
    if (found == entries_.end() || !found->second.under_way) continue;
    Entry& entry = found->second;
    entry.under_way = false;
    if (!result.error.empty()) {
      if (entry.refused_since_ms == 0) entry.refused_since_ms = now;
      entry.due_ms = now + kRetryMs;
      entry.last_ms = now;
      continue;
    }
    entry.refused_since_ms = 0;
    entry.last_ms = now;
    if (entry.sent != entry.wanted) continue;  // overtaken by a newer request, which will be answered instead
    const bool refreshed = entry.acked == entry.wanted;
    entry.acked = entry.wanted;
    entry.committed_offset = entry.offset;
    if (refreshed) continue;
    entry.changed = true;
    out.push_back({result.id, entry.offset});
  }
  return out;
}

std::int64_t Committer::next_ms(std::int64_t now) const {
  std::int64_t next = now + kRefreshMs;
  for (const auto& [id, entry] : entries_) {
    if (entry.wanted != entry.acked) next = std::min(next, entry.due_ms);
    next = std::min(next, std::max(entry.last_ms + kRefreshMs, now));
  }
  return next;
}

bool Committer::idle() const {
  return std::none_of(entries_.begin(), entries_.end(), [](const auto& e) { return e.second.wanted != e.second.acked; });
}

bool Committer::gave_up(std::int64_t now) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const auto& e) { return e.second.refused_since_ms != 0 && now - e.second.refused_since_ms >= kGiveUpMs; });
}

std::int64_t Committer::committed_offset(ch_partition_id id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? -1 : found->second.committed_offset;
}

std::vector<store::SavedOffset> Committer::take_changed() {
  std::vector<store::SavedOffset> out;
  for (auto& [id, entry] : entries_) {
    // While a newer request waits, offset and state are that one's: what is saved must be acknowledged.
    if (!entry.changed || entry.wanted != entry.acked) continue;
    entry.changed = false;
    out.push_back({entry.where.topic, entry.where.partition, entry.offset, encode_frame({entry.series, entry.state})});
  }
  return out;
}

}  // namespace ch::tasks
