#include "tasks/start_position.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <connector_host/failpoint.hpp>

#include "base/time.hpp"
#include "tasks/frame.hpp"
#include "tasks/rewind.hpp"

namespace ch::tasks {

namespace {

using kafka::PartitionOffset;
using kafka::TopicPartition;

constexpr std::chrono::milliseconds kTimeout{5000};
constexpr std::int64_t kJustEnabledMs = 5000;

kafka::Answer<std::vector<PartitionOffset>> at_time(kafka::GroupClient& client, const std::vector<TopicPartition>& partitions,
                                                    std::int64_t time) {
  auto answer = client.at_time(partitions, time, kTimeout);
  if (answer.trouble) return answer;
  const auto ends = client.watermarks(partitions, kafka::Watermark::high, kTimeout);
  if (ends.trouble) return ends;
  for (std::size_t i = 0; i < answer.value.size(); ++i) {
    if (answer.value[i].offset < 0) answer.value[i].offset = ends.value[i].offset;  // nothing is as young as that
  }
  return answer;
}

kafka::Answer<std::vector<PartitionOffset>> resolve(kafka::GroupClient& client, const std::vector<TopicPartition>& partitions,
                                                    const std::string& position, std::int64_t enabled_ms) {
  if (position == "earliest") return client.watermarks(partitions, kafka::Watermark::low, kTimeout);
  if (position == "latest") {
    // "Now" is the moment of enabling, also where the broker could not be asked until later.
    if (enabled_ms == 0 || now_ms() - enabled_ms < kJustEnabledMs) return client.watermarks(partitions, kafka::Watermark::high, kTimeout);
    return at_time(client, partitions, enabled_ms);
  }
  if (const auto time = parse_rfc3339(position)) return at_time(client, partitions, *time);
  const auto& p = partitions.front();
  return {kafka::Trouble{
              "offset_lost",
              fmt::format("start.position is `committed`, but the group has committed nothing for {}-{} (and {} other partitions)", p.topic,
                          p.partition, partitions.size() - 1),
              "Set start.position to earliest, latest or a time, or commit offsets with kafka-consumer-groups --reset-offsets.", false},
          {}};
}

kafka::Trouble group_in_use() {
  return {"broker_unreachable", "the task's consumer group still has members, so its start offsets cannot be set",
          "Wait for the session of the last run to end (10 s), or stop whoever else uses the group; the task goes on by itself.", false};
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
    const auto frame = decode_frame(c.metadata);
    if (frame) plan.series = std::max(plan.series, frame->series);
    const auto kept = saved.find(c.where);
    const bool known = kept != saved.end();
    const bool old = outlived(c.metadata, known ? &kept->second : nullptr, record.series);
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

}  // namespace

StartPlan fix_start_positions(kafka::GroupClient& client, const std::map<std::string, std::int32_t>& topics,
                              const store::TaskRecord& record, const std::string& wanted, const SavedOffsets& saved) {
  StartPlan plan;
  plan.series = record.series;
  const auto committed = client.committed(all_partitions(topics), kTimeout);
  if (committed.trouble) return {committed.trouble, plan.series, {}, {}};
  const bool rewind = !record.start_position.empty() && record.start_position != wanted && wanted != "committed";
  auto [to_commit, to_resolve] = sort_out(committed.value, record, rewind, saved, plan);
  if (rewind && !to_resolve.empty()) ++plan.series;
  if (!to_resolve.empty()) {
    auto resolved = resolve(client, to_resolve, wanted, record.enabled_ms);
    if (resolved.trouble) return {resolved.trouble, plan.series, {}, {}};
    for (auto& r : resolved.value) to_commit.push_back({r.where, r.offset, encode_frame({plan.series, ""})});
  }
  CH_FAILPOINT("start.before");
  const auto done = client.commit(to_commit, kTimeout);
  CH_FAILPOINT("start.after");
  if (done.trouble) return {done.trouble, plan.series, {}, {}};
  if (!done.value) return {group_in_use(), plan.series, {}, {}};
  for (auto& c : to_commit) plan.fixed.push_back({c.where.topic, c.where.partition, c.offset, std::move(c.metadata)});
  return plan;
}

}  // namespace ch::tasks
