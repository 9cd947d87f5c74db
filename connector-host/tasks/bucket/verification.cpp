#include "tasks/bucket/verification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/clock.hpp"
#include "base/time.hpp"
#include "runner/offset_metadata.hpp"

namespace ch::tasks {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using Kind = VerifyFinding::Kind;

constexpr milliseconds kReachTimeout{3000};  // the first question
constexpr milliseconds kLookupTimeout{5000};
constexpr milliseconds kShortestPage{500};
constexpr std::uint32_t kFindingsPerPage = 5000;

// The topics that exist, and those that the task names: objects of a topic that is gone stay.
Result<std::map<std::string, std::int32_t>> topics_of(kafka::GroupClient& client, const runner::RunnerSpec& spec,
                                                      const VerifyQuery& query) {
  const auto all = client.all_topics(kLookupTimeout);
  if (all.trouble) return kafka::unavailable(*all.trouble);
  auto ours = kafka::matching(all.value, spec.topics);
  for (const auto& name : spec.topics) {
    if (!kafka::is_expression(spec.topics)) ours.emplace(name, 0);
  }
  if (query.topic.empty()) return ours;
  const auto one = ours.find(query.topic);
  if (one == ours.end()) return fail(ErrorCode::invalid, fmt::format("the task does not archive a topic {}", query.topic));
  return std::map<std::string, std::int32_t>{*one};
}

std::vector<kafka::TopicPartition> partitions_of(const std::map<std::string, std::int32_t>& topics, const VerifyQuery& query) {
  std::vector<kafka::TopicPartition> out;
  for (const auto& [topic, count] : topics) {
    for (std::int32_t p = 0; p < count; ++p)
      if (!query.partition || *query.partition == p) out.push_back({topic, p});
  }
  return out;
}

Status look_up(kafka::GroupClient& client, const runner::RunnerSpec& spec, VerifyReport& report) {
  const auto topics = topics_of(client, spec, report.query);
  if (!topics) return tl::unexpected(topics.error());
  const auto where = partitions_of(*topics, report.query);
  if (!where.empty()) {
    const auto low = client.watermarks(where, kafka::Watermark::low, kLookupTimeout);
    if (low.trouble) return kafka::unavailable(*low.trouble);
    const auto high = client.watermarks(where, kafka::Watermark::high, kLookupTimeout);
    if (high.trouble) return kafka::unavailable(*high.trouble);
    for (const auto& mark : low.value) report.partitions[mark.where].low = mark.offset;
    for (const auto& mark : high.value) report.partitions[mark.where].high = report.partitions[mark.where].due = mark.offset;
    if (report.query.until_ms) {
      const auto due = client.at_time(where, *report.query.until_ms, kLookupTimeout);
      if (due.trouble) return kafka::unavailable(*due.trouble);
      for (const auto& mark : due.value)
        if (mark.offset >= 0) report.partitions[mark.where].due = mark.offset;  // else nothing is as young
    }
  }
  if (topics->empty()) report.missing.push_back(spec.topics.front());
  for (const auto& [topic, count] : *topics) {
    report.topics.push_back(topic);
    if (count == 0) report.missing.push_back(topic);
  }
  report.started_ms = wall_ms();
  return {};
}

// What is committed now for the partitions of a topic, as the connector takes it. At the start of the walk it is also
// what the objects are held against.
Result<std::vector<OpenPartition>> committed_of(kafka::GroupClient& client, const std::string& topic, std::uint64_t series, bool first,
                                                VerifyReport& report) {
  std::vector<kafka::TopicPartition> where;
  for (const auto& [name, partition] : report.partitions)
    if (name.topic == topic && partition.high >= 0) where.push_back(name);
  std::vector<OpenPartition> out;
  if (where.empty()) return out;
  const auto committed = client.committed(where, kLookupTimeout);
  if (committed.trouble) return kafka::unavailable(*committed.trouble);
  for (const auto& c : committed.value) {
    auto& partition = report.partitions[c.where];
    if (c.offset < 0) {
      if (first) report.explain(c.where, "the group has no offset committed: its end cannot be checked");
      continue;
    }
    const auto frame = runner::decode_offset_metadata(c.metadata);
    if (first) partition.committed = c.offset;
    if (!frame) {
      if (first) report.add({Kind::wrong, c.where, 0, -1, -1, "", "the state committed for it: " + frame.error().message});
      continue;
    }
    if (first) partition.series = frame->series == 0 ? series : frame->series;
    OpenPartition open;
    open.topic = c.where.topic;
    open.partition = c.where.partition;
    open.committed_offset = c.offset;
    open.state = frame->state;
    open.series = partition.series;
    out.push_back(std::move(open));
  }
  return out;
}

}  // namespace

const char* to_string(Kind kind) {
  switch (kind) {
    case Kind::gap:
      return "gap";
    case Kind::overlap:
      return "overlap";
    case Kind::duplicate:
      return "duplicate";
    case Kind::wrong:
      return "wrong";
    case Kind::unknown:
      return "unknown";
    case Kind::foreign:
      return "foreign";
    case Kind::orphan_upload:
      break;
  }
  return "orphan_upload";
}

std::optional<std::pair<std::int64_t, std::int64_t>> VerifyChain::add(std::int64_t start, std::int64_t end) {
  std::optional<std::pair<std::int64_t, std::int64_t>> twice;
  auto at = ranges.upper_bound(start);
  if (at != ranges.begin() && std::prev(at)->second >= start) --at;
  auto from = start, to = end;
  while (at != ranges.end() && at->first <= end) {
    const auto first = std::max(at->first, start), last = std::min(at->second, end);
    if (first < last) twice = {twice ? twice->first : first, last};
    from = std::min(from, at->first);
    to = std::max(to, at->second);
    at = ranges.erase(at);
  }
  ranges[from] = to;
  return twice;
}

std::uint64_t VerifyChain::offsets() const {
  std::uint64_t sum = 0;
  for (const auto& [start, end] : ranges) sum += static_cast<std::uint64_t>(end - start);
  return sum;
}

bool VerifyReport::ok() const {
  return complete() && std::none_of(counts.begin(), counts.end(), [](const auto& count) {
           return count.second > 0 && count.first != Kind::foreign && count.first != Kind::orphan_upload;
         });
}

void VerifyReport::add(VerifyFinding finding) {
  if (++counts[finding.kind] <= (finding.kind == Kind::foreign ? kMaxForeign : kMaxFindings)) findings.push_back(std::move(finding));
}

void VerifyReport::explain(const kafka::TopicPartition& where, std::string message) {
  if (explained.size() < kMaxNotes) explained.push_back({where, std::move(message)});
}

void VerifyReport::add(const Finding& found) {
  const auto& object = found.object;
  const kafka::TopicPartition where{object.topic, object.partition};
  switch (found.kind) {
    case Finding::Kind::position: {
      auto& partition = partitions[where];
      partition.position = object.end_offset;
      partition.last_key = object.key;
      return;
    }
    case Finding::Kind::object: {
      auto& chain = partitions[where].chains[found.series];
      ++chain.objects;
      chain.records += object.records;
      chain.bytes += object.bytes;
      if (const auto twice = chain.add(object.start_offset, object.end_offset)) {
        const bool whole = *twice == std::pair(object.start_offset, object.end_offset);
        add({whole ? Kind::duplicate : Kind::overlap, where, found.series, twice->first, twice->second, object.key,
             fmt::format("offsets {} to {} are in other objects as well", twice->first, twice->second - 1)});
      }
      return;
    }
    case Finding::Kind::wrong:
      return add({Kind::wrong, where, found.series, -1, -1, object.key, found.message});
    case Finding::Kind::unknown:
      return add({Kind::unknown, {object.topic, object.key.empty() ? -1 : object.partition}, 0, -1, -1, object.key, found.message});
    case Finding::Kind::foreign:
      return add({Kind::foreign, where, 0, -1, -1, object.key, found.message});
    case Finding::Kind::upload:
      return add({Kind::orphan_upload, where, 0, -1, -1, object.key, found.message + ", since " + rfc3339(object.stored_ms)});
  }
}

namespace {

VerifyFinding missing(bool everywhere, VerifyFinding gap) {
  if (everywhere) return gap;
  gap.kind = Kind::unknown;
  gap.message += "; it may lie in a place of an earlier configuration, which was not looked at";
  return gap;
}

// Between the objects of one series there is nothing but a mistake: each starts where the one before it ended. What was
// begun after the walk began (behind `position`) may be on its way.
void find_gaps(VerifyReport& report, const kafka::TopicPartition& where, std::uint64_t series, const VerifyChain& chain,
               std::int64_t position, bool everywhere) {
  std::int64_t last = -1;
  for (const auto& [start, end] : chain.ranges) {
    if (last >= 0 && (position < 0 || last < position))
      report.add(missing(everywhere,
                         {Kind::gap, where, series, last, start, "", fmt::format("no object holds offsets {} to {}", last, start - 1)}));
    last = end;
  }
}

void judge(VerifyReport& report, const kafka::TopicPartition& where, const VerifyPartition& partition, bool everywhere) {
  for (const auto& [series, chain] : partition.chains) {
    const bool current = series == partition.series;
    find_gaps(report, where, series, chain, current ? partition.position : -1, everywhere);
    if (const auto without = chain.offsets() - std::min(chain.records, chain.offsets()); without > 0) {
      report.explain(where, fmt::format("{} offsets of series {} hold no record: compacted or expired records, aborted "
                                        "transactions and transaction markers",
                                        without, series));
    }
  }
  if (partition.chains.size() > 1)
    report.explain(where, fmt::format("{} series: the start position was changed, and what it led to again is stored again on "
                                      "purpose",
                                      partition.chains.size()));
  const auto current = partition.chains.find(partition.series);
  const auto end = current == partition.chains.end() ? -1 : current->second.ranges.rbegin()->second;
  if (!partition.last_key.empty() && end < partition.position) {
    report.add(missing(everywhere, {Kind::gap, where, partition.series, end, partition.position, partition.last_key,
                                    fmt::format("Kafka has committed that offsets up to {} are stored, last in {}", partition.position - 1,
                                                partition.last_key)}));
  } else if (partition.position >= 0 && partition.committed > partition.position) {
    report.explain(where, fmt::format("committed offset {} is behind the last object: control records and aborted transactions "
                                      "follow it",
                                      partition.committed));
  }
  if (partition.committed >= 0 && partition.low > partition.committed)
    report.explain(where, fmt::format("the broker has removed offsets {} to {} before they were stored (retention)", partition.committed,
                                      partition.low - 1));
}

}  // namespace

void VerifyReport::finish(bool complete) {
  const bool everywhere = complete && counts[Kind::unknown] == 0;
  for (const auto& topic : missing)
    if (stored_of(*this, topic)) explain({topic, -1}, "the topic does not exist any more: nothing in Kafka to compare its objects with");
  for (const auto& [where, partition] : partitions) judge(*this, where, partition, everywhere);
}

Status verify_step(const runner::RunnerSpec& spec, std::uint64_t series, bool everywhere, milliseconds time, VerifyReport& report) {
  const auto deadline = Clock::now() + time;
  auto info = spec.info;
  const auto made = kafka::GroupClient::make(spec.cluster(), spec.group_id, fmt::format("connector-host-{}-verify", spec.info.name));
  if (!made) return tl::unexpected(made.error());
  auto& client = **made;
  const auto cluster = client.cluster_id(kReachTimeout);
  if (cluster.trouble)
    return fail(ErrorCode::unavailable, fmt::format("instance {}: {}", spec.info.instance, kafka::to_text(*cluster.trouble)));
  info.cluster = cluster.value;
  if (report.started_ms == 0) {
    if (const auto known = look_up(client, spec, report); !known) return known;
  }
  while (!report.complete()) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
    if (left <= milliseconds(0)) return {};
    const auto topic = report.topics.front();
    const bool first = report.after.empty();
    auto committed = committed_of(client, topic, series, first, report);
    if (!committed) return tl::unexpected(committed.error());
    const auto found = spec.connector->inspect(info, {topic, report.query.partition, report.query.deep, report.after, kFindingsPerPage,
                                                      std::max(left, kShortestPage), std::move(*committed)});
    if (!found) return tl::unexpected(found.error());
    for (const auto& finding : found->findings) report.add(finding);
    std::size_t ranges = 0;
    for (const auto& [where, partition] : report.partitions)
      for (const auto& [number, chain] : partition.chains) ranges += chain.ranges.size();
    if (ranges > kMaxRanges) {
      return fail(ErrorCode::invalid,
                  fmt::format("more than {} ranges that do not join: ask for one topic, or one partition, at a time", kMaxRanges));
    }
    report.after = found->next;
    if (report.after.empty()) report.topics.erase(report.topics.begin());
  }
  report.finish(everywhere);
  return {};
}

}  // namespace ch::tasks
