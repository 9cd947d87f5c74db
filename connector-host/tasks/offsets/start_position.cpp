#include "tasks/offsets/start_position.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <connector_host/failpoint.hpp>
#include <connector_host/reasons.hpp>

#include "base/time.hpp"
#include "runner/offset_metadata.hpp"
#include "tasks/offsets/offset_changes.hpp"

namespace ch::tasks {

namespace {

using kafka::PartitionOffset;
using kafka::TopicPartition;

constexpr std::chrono::milliseconds kAskTimeout{5000};
constexpr std::chrono::milliseconds kCountTimeout{2000};  // to count what is only told: the start does not wait longer for it

kafka::Answer<std::vector<PartitionOffset>> at_time(kafka::GroupClient& client, const std::vector<TopicPartition>& partitions,
                                                    std::int64_t time) {
  auto answer = client.at_time(partitions, time, kAskTimeout);
  if (answer.trouble) return answer;
  const auto ends = client.watermarks(partitions, kafka::Watermark::high, kAskTimeout);
  if (ends.trouble) return ends;
  for (std::size_t i = 0; i < answer.value.size(); ++i) {
    if (answer.value[i].offset < 0) answer.value[i].offset = ends.value[i].offset;  // nothing is as young as that
  }
  return answer;
}

kafka::Answer<std::vector<PartitionOffset>> resolve(kafka::GroupClient& client, const std::vector<TopicPartition>& partitions,
                                                    const std::string& position, std::int64_t enabled_ms) {
  if (position == "earliest") return client.watermarks(partitions, kafka::Watermark::low, kAskTimeout);
  if (position == "latest" || position.empty()) {
    // "Now" is the moment of enabling, also where the broker could not be asked until later.
    if (enabled_ms == 0) return client.watermarks(partitions, kafka::Watermark::high, kAskTimeout);
    return at_time(client, partitions, enabled_ms);
  }
  if (const auto time = parse_rfc3339(position)) return at_time(client, partitions, *time);
  const auto& p = partitions.front();
  return {Interruption{reasons::kOffsetLost,
                       fmt::format("start.position is `committed`, but the group has committed nothing for {}-{} (and {} other partitions)",
                                   p.topic, p.partition, partitions.size() - 1),
                       "Set start.position to earliest, latest or a time, or commit offsets with kafka-consumer-groups --reset-offsets."},
          {}};
}

Interruption group_in_use() {
  return {reasons::kGroupRefused, "the task's consumer group still has members, so its start offsets cannot be set",
          "Wait for the session of the last run to end (10 s), or stop whoever else uses the group; the task goes on by itself."};
}

StartPlan refused(const Interruption& why, const StartPlan& plan) {
  StartPlan out;
  out.trouble = why;
  out.series = plan.series;
  return out;
}

struct Needed {
  std::vector<PartitionOffset> to_commit;
  std::vector<TopicPartition> to_resolve;
};

// What of `committed` cannot be gone on from. The rest goes into the plan.
Needed sort_out(const std::vector<PartitionOffset>& committed, const store::TaskRecord& record, bool rewind, const SavedOffsets& saved,
                StartPlan& plan) {
  Needed needed;
  const bool fixed_before = !record.start_position.empty();
  std::vector<TopicPartition> never_known;
  for (const auto& c : committed) {
    const auto frame = runner::decode_offset_metadata(c.metadata);
    if (frame) plan.series = std::max(plan.series, frame->series);
    const auto kept = saved.find(c.where);
    const bool known = kept != saved.end();
    const bool old = runner::outlived(c.metadata, known ? &kept->second : nullptr, record.series);
    const bool usable = c.offset >= 0 && !old;
    if (c.offset < 0 && !known) {
      never_known.push_back(c.where);
    } else if (rewind && usable && frame && frame->series > record.series) {
      // Another host that shares the task has rewound it already, and may have stored from there.
      plan.fixed.push_back({c.where.topic, c.where.partition, c.offset, c.metadata});
    } else if (rewind || (old && !known && !fixed_before)) {
      needed.to_resolve.push_back(c.where);
    } else if (known && !usable) {
      // The broker has forgotten it: an empty group's offsets expire.
      needed.to_commit.push_back({c.where, kept->second.offset, kept->second.state});
    } else if (!known && usable && !c.metadata.empty()) {
      plan.believed.push_back({c.where.topic, c.where.partition, c.offset, c.metadata});
    }
  }
  // Else these are new, and start at their beginning.
  if (!fixed_before || (rewind && plan.fixed.empty()))
    needed.to_resolve.insert(needed.to_resolve.end(), never_known.begin(), never_known.end());
  return needed;
}

// Records that are there, and lie before `starts` without having been stored: behind what was committed before, if anything.
std::optional<std::int64_t> count_skipped(kafka::GroupClient& client, const std::vector<PartitionOffset>& starts,
                                          const std::vector<PartitionOffset>& committed) {
  std::map<TopicPartition, std::int64_t> stored;
  for (const auto& c : committed) stored[c.where] = c.offset;
  std::vector<TopicPartition> partitions;
  for (const auto& start : starts) partitions.push_back(start.where);
  const auto low = client.watermarks(partitions, kafka::Watermark::low, kCountTimeout);
  if (low.trouble) return std::nullopt;
  std::int64_t skipped = 0;
  for (std::size_t i = 0; i < starts.size(); ++i)
    skipped += std::max<std::int64_t>(starts[i].offset - std::max(low.value[i].offset, stored[starts[i].where]), 0);
  return skipped;
}

}  // namespace

StartPlan fix_start_positions(kafka::GroupClient& client, const std::map<std::string, std::int32_t>& topics,
                              const store::TaskRecord& record, const std::string& wanted, const SavedOffsets& saved) {
  StartPlan plan;
  plan.series = record.series;
  const auto committed = client.committed(all_partitions(topics), kAskTimeout);
  if (committed.trouble) return refused(*committed.trouble, plan);
  const bool rewind = !record.start_position.empty() && record.start_position != wanted && wanted != "committed";
  auto [to_commit, to_resolve] = sort_out(committed.value, record, rewind, saved, plan);
  if (rewind && !to_resolve.empty()) ++plan.series;
  if (!to_resolve.empty()) {
    auto resolved = resolve(client, to_resolve, wanted, record.enabled_ms);
    if (resolved.trouble) return refused(*resolved.trouble, plan);
    plan.resolved = true;
    plan.skipped = count_skipped(client, resolved.value, committed.value);
    for (auto& r : resolved.value) to_commit.push_back({r.where, r.offset, runner::encode_offset_metadata({plan.series, ""})});
  }
  CH_FAILPOINT("start.before");
  const auto done = client.commit(to_commit, kAskTimeout);
  CH_FAILPOINT("start.after");
  if (done.trouble) return refused(*done.trouble, plan);
  if (!done.value) return refused(group_in_use(), plan);
  for (auto& c : to_commit) plan.fixed.push_back({c.where.topic, c.where.partition, c.offset, std::move(c.metadata)});
  return plan;
}

kafka::Answer<std::vector<TopicRecords>> count_records(kafka::GroupClient& client, const std::map<std::string, std::int32_t>& topics,
                                                       const std::string& position) {
  const auto partitions = all_partitions(topics);
  if (partitions.empty()) return {};
  const auto low = client.watermarks(partitions, kafka::Watermark::low, kAskTimeout);
  if (low.trouble) return {low.trouble, {}};
  const auto high = client.watermarks(partitions, kafka::Watermark::high, kAskTimeout);
  if (high.trouble) return {high.trouble, {}};
  const bool known = position != "committed";
  const auto start = known ? resolve(client, partitions, position, 0) : kafka::Answer<std::vector<PartitionOffset>>{};
  if (start.trouble) return {start.trouble, {}};
  std::map<std::string, TopicRecords> counts;
  for (const auto& [topic, count] : topics) counts[topic] = {topic, count, 0, known ? std::optional<std::int64_t>(0) : std::nullopt};
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    auto& topic = counts[partitions[i].topic];
    topic.records += std::max<std::int64_t>(high.value[i].offset - low.value[i].offset, 0);
    if (known) *topic.skipped += std::max<std::int64_t>(start.value[i].offset - low.value[i].offset, 0);
  }
  kafka::Answer<std::vector<TopicRecords>> out;
  for (auto& [name, topic] : counts) out.value.push_back(std::move(topic));
  return out;
}

}  // namespace ch::tasks
