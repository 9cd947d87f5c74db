// What the service tells and changes of a task's committed offsets.
#include <fmt/format.h>

#include <set>

#include "tasks/service_impl.hpp"

namespace ch::tasks {

namespace {

constexpr std::chrono::milliseconds kTopics{5000};
constexpr int kMaxRewinds = 2;  // each may keep a thread of the REST API for kGroupEmpties

tl::unexpected<Error> unavailable(const kafka::Trouble& trouble) {
  return fail(ErrorCode::unavailable, fmt::format("{}. {}", trouble.message, trouble.remedy));
}

// The topics of the task that exist.
Result<Topics> topics_of(kafka::GroupClient& client, const RunnerSpec& spec) {
  const auto all = client.all_topics(kTopics);
  if (all.trouble) return unavailable(*all.trouble);
  if (spec.topics.front().starts_with("^")) return kafka::matching(all.value, spec.topics.front());
  Topics out;
  for (const auto& topic : spec.topics) {
    if (const auto found = all.value.find(topic); found != all.value.end()) out.insert(*found);
  }
  return out;
}

}  // namespace

Result<std::vector<std::string>> TaskService::used_topics(const std::string& name) const {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_such_task(name);
  std::set<std::string> topics;
  for (const auto& [where, offset] : entry->saved()) topics.insert(where.topic);
  for (const auto& runner : entry->status().runners) {
    for (const auto& partition : runner.partitions) topics.insert(partition.topic);
  }
  return std::vector<std::string>(topics.begin(), topics.end());
}

Result<std::vector<kafka::PartitionOffset>> TaskService::offsets(const std::string& name) const {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_such_task(name);
  const auto record = entry->record();
  if (auto problems = impl_->validation.check(name, record.config); !problems.empty()) return invalid(std::move(problems));
  const auto spec = impl_->validation.resolve(name, record.config);
  const auto client = kafka::GroupClient::make(spec.cluster(), spec.group_id, "connector-host-offsets");
  if (!client) return tl::unexpected(client.error());
  const auto topics = topics_of(**client, spec);
  if (!topics) return tl::unexpected(topics.error());
  auto found = believed_offsets(**client, *topics, record, entry->saved());
  if (found.trouble) return unavailable(*found.trouble);
  return std::move(found.value);
}

Status TaskService::Impl::rewind(
    const std::string& name, const std::string& what, bool anew,
    const std::function<Result<Rewound>(kafka::GroupClient&, const Topics&, const store::TaskRecord&, const SavedOffsets&)>& how) {
  const auto entry = find(name);
  if (entry == nullptr) return no_such_task(name);
  const std::shared_ptr<void> slot(nullptr, [this](void*) { --rewinds; });
  if (++rewinds > kMaxRewinds) return fail(ErrorCode::conflict, "the offsets of other tasks are being changed; try again in some seconds");
  const auto done = entry->rewind(
      [&](const store::TaskRecord& record, const SavedOffsets& saved) -> Result<Rewound> {
        if (auto problems = validation.check(name, record.config); !problems.empty()) return invalid(std::move(problems));
        const auto spec = validation.resolve(name, record.config);
        const auto client = kafka::GroupClient::make(spec.cluster(), spec.group_id, "connector-host-offsets");
        if (!client) return tl::unexpected(client.error());
        const auto topics = topics_of(**client, spec);
        if (!topics) return tl::unexpected(topics.error());
        return how(**client, *topics, record, saved);
      },
      anew);
  if (done) config_event(name, what);
  return done;
}

Status TaskService::alter_offsets(const std::string& name, const std::vector<OffsetChange>& changes) {
  return impl_->rewind(name, "offsets altered: a new series begins", false,
                       [&](kafka::GroupClient& client, const Topics& topics, const store::TaskRecord& record, const SavedOffsets& saved) {
                         return tasks::alter_offsets(client, topics, record, saved, changes);
                       });
}

Status TaskService::reset_offsets(const std::string& name) {
  return impl_->rewind(name, "offsets reset: a new series begins at start.position", true,
                       [&](kafka::GroupClient& client, const Topics& topics, const store::TaskRecord& record, const SavedOffsets&) {
                         return tasks::reset_offsets(client, topics, record);
                       });
}

}  // namespace ch::tasks
