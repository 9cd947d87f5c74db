#include "tasks/offsets/offset_changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <thread>

#include "base/host_id.hpp"
#include "config/definition.hpp"
#include "runner/offset_metadata.hpp"

namespace ch::tasks {

namespace {

using kafka::PartitionOffset;
using kafka::TopicPartition;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kCallTimeout{5000};
constexpr milliseconds kAgain{250};

tl::unexpected<Error> not_empty(kafka::GroupClient& client, const Patience& patience) {
  std::string who;
  const auto members = client.members(kCallTimeout);
  for (const auto& member : members.value) {
    const bool own = !patience.own_member.empty() && member.instance_id.starts_with(patience.own_member);
    who += fmt::format("; {} at {}{}", member.client_id, member.host,
                       own ? ", a runner of this host that died: the group forgets it when its session times out" : "");
  }
  return fail(ErrorCode::unavailable,
              fmt::format("the consumer group still has members after {} s, so its offsets cannot be changed{}. A zombie sink task, or "
                          "another program that uses this group: stop it, and try again",
                          patience.at_most.count() / 1000, who));
}

// `change` says false while the group has members.
template <class Change>
Status when_empty(kafka::GroupClient& client, const Patience& patience, Change&& change) {
  const auto deadline = Clock::now() + patience.at_most;
  while (true) {
    const auto done = change();
    if (done.trouble) return kafka::unavailable(*done.trouble);
    if (done.value) return {};
    if (Clock::now() >= deadline) return not_empty(client, patience);
    std::this_thread::sleep_for(kAgain);
  }
}

const store::SavedOffset* kept(const SavedOffsets& saved, const TopicPartition& where) {
  const auto found = saved.find(where);
  return found == saved.end() ? nullptr : &found->second;
}

Result<std::vector<KeyProblem>> check_changes(kafka::GroupClient& client, const Topics& topics, const std::vector<OffsetChange>& changes) {
  std::vector<KeyProblem> problems;
  std::vector<TopicPartition> exact;
  std::set<TopicPartition> seen;
  for (const auto& change : changes) {
    const auto topic = topics.find(change.where.topic);
    const auto name = fmt::format("{}-{}", change.where.topic, change.where.partition);
    if (topic == topics.end()) {
      problems.push_back({name, "", "the task has no such topic"});
    } else if (change.where.partition < 0 || change.where.partition >= topic->second) {
      problems.push_back({name, "", fmt::format("the topic's partitions are 0 to {}", topic->second - 1)});
    } else if (!seen.insert(change.where).second) {
      problems.push_back({name, "", "the partition is there twice"});
    } else if (change.offset) {
      exact.push_back(change.where);
    }
  }
  if (!problems.empty()) return problems;
  const auto ends = client.watermarks(exact, kafka::Watermark::high, kCallTimeout);
  if (ends.trouble) return kafka::unavailable(*ends.trouble);
  std::map<TopicPartition, std::int64_t> end_of;
  for (const auto& end : ends.value) end_of[end.where] = end.offset;
  for (const auto& change : changes) {
    if (!change.offset || (*change.offset >= 0 && *change.offset <= end_of[change.where])) continue;
    problems.push_back({fmt::format("{}-{}", change.where.topic, change.where.partition), std::to_string(*change.offset),
                        fmt::format("the offset must be 0 to {}, the end of the partition", end_of[change.where])});
  }
  return problems;
}

}  // namespace

Patience patience(const kafka::Properties& cluster, const kafka::Properties& overrides, const std::string& host_id) {
  constexpr const char* session = "session.timeout.ms";
  constexpr milliseconds kNoticed{5000};   // the broker forgets a member somewhat later
  constexpr milliseconds kLongest{45000};  // clients wait no longer for an answer
  Patience out;
  for (const auto* properties : {&cluster, &overrides}) {
    const auto found = properties->find(session);
    const auto given = found == properties->end() ? std::nullopt : config::parse_integer(found->second);
    if (given && *given > 0 && *given < kLongest.count()) out.at_most = milliseconds(*given) + kNoticed;
    if (given && *given >= kLongest.count()) out.at_most = kLongest;
  }
  out.at_most = std::clamp(out.at_most, Patience{}.at_most, kLongest);
  out.own_member = member_prefix(host_id);
  return out;
}

std::vector<TopicPartition> all_partitions(const Topics& topics) {
  std::vector<TopicPartition> out;
  for (const auto& [topic, count] : topics) {
    for (std::int32_t p = 0; p < count; ++p) out.push_back({topic, p});
  }
  return out;
}

kafka::Answer<std::vector<PartitionOffset>> believed_offsets(kafka::GroupClient& client, const Topics& topics,
                                                             const store::TaskRecord& record, const SavedOffsets& saved) {
  auto answer = client.committed(all_partitions(topics), kCallTimeout);
  if (answer.trouble) return answer;
  for (auto& offset : answer.value) {
    const auto* own = kept(saved, offset.where);
    if (offset.offset >= 0 && !runner::outlived(offset.metadata, own, record.series)) continue;
    offset.offset = own == nullptr ? -1 : own->offset;
    offset.metadata = own == nullptr ? "" : own->state;
  }
  std::erase_if(answer.value, [](const PartitionOffset& offset) { return offset.offset < 0; });
  return answer;
}

Result<Rewound> alter_offsets(kafka::GroupClient& client, const Topics& topics, const store::TaskRecord& record, const SavedOffsets& saved,
                              const std::vector<OffsetChange>& changes, const Patience& patience) {
  auto problems = check_changes(client, topics, changes);
  if (!problems) return tl::unexpected(problems.error());
  if (!problems->empty()) return fail(ErrorCode::invalid, "offsets that cannot be set", std::move(*problems));
  const auto before = believed_offsets(client, topics, record, saved);
  if (before.trouble) return kafka::unavailable(*before.trouble);

  Rewound out{record.series, saved};
  for (const auto& offset : before.value) {
    if (const auto frame = runner::decode_offset_metadata(offset.metadata)) out.series = std::max(out.series, frame->series);
    // Partitions that are not altered stay in their series; what is kept of them tells later that it is the right one.
    out.saved[offset.where] = {offset.where.topic, offset.where.partition, offset.offset, offset.metadata};
  }
  ++out.series;
  std::vector<PartitionOffset> to_commit;
  std::vector<TopicPartition> to_forget;
  for (const auto& change : changes) {
    if (change.offset) {
      to_commit.push_back({change.where, *change.offset, runner::encode_offset_metadata({out.series, ""})});
      out.saved[change.where] = {change.where.topic, change.where.partition, *change.offset, to_commit.back().metadata};
    } else {
      to_forget.push_back(change.where);
      out.saved.erase(change.where);
    }
  }
  if (auto done = when_empty(client, patience, [&] { return client.commit(to_commit, kCallTimeout); }); !done)
    return tl::unexpected(done.error());
  if (auto done = when_empty(client, patience, [&] { return client.forget(to_forget, kCallTimeout); }); !done)
    return tl::unexpected(done.error());
  return out;
}

Result<Rewound> reset_offsets(kafka::GroupClient& client, const Topics& topics, const store::TaskRecord& record, const Patience& patience) {
  const auto before = client.committed(all_partitions(topics), kCallTimeout);
  if (before.trouble) return kafka::unavailable(*before.trouble);
  Rewound out{record.series, {}};
  for (const auto& offset : before.value) {
    if (const auto frame = runner::decode_offset_metadata(offset.metadata)) out.series = std::max(out.series, frame->series);
  }
  ++out.series;
  if (auto done = when_empty(client, patience, [&] { return client.remove_group(kCallTimeout); }); !done)
    return tl::unexpected(done.error());
  return out;
}

}  // namespace ch::tasks
