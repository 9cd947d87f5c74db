// What the service tells and changes of a task's committed offsets.
#include <fmt/format.h>

#include <set>

#include "tasks/task_service_impl.hpp"

namespace ch::tasks {

namespace {

constexpr std::chrono::milliseconds kTopics{5000};

// The topics of the task that exist.
Result<Topics> topics_of(kafka::GroupClient& client, const runner::RunnerSpec& spec) {
  const auto all = client.all_topics(kTopics);
  if (all.trouble) return kafka::unavailable(*all.trouble);
  return kafka::matching(all.value, spec.topics);
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
  const auto spec = impl_->spec_of(record);
  if (!spec) return tl::unexpected(spec.error());
  const auto client = kafka::GroupClient::make(spec->cluster(), spec->group_id, "connector-host-offsets");
  if (!client) return tl::unexpected(client.error());
  const auto topics = topics_of(**client, *spec);
  if (!topics) return tl::unexpected(topics.error());
  auto found = believed_offsets(**client, *topics, record, entry->saved());
  if (found.trouble) return kafka::unavailable(*found.trouble);
  return std::move(found.value);
}

Status TaskService::Impl::rewind(const std::string& name, const std::string& what, bool anew,
                                 const std::function<Result<Rewound>(kafka::GroupClient&, const Topics&, const store::TaskRecord&,
                                                                     const SavedOffsets&, const Patience&)>& how) {
  const auto entry = find(name);
  if (entry == nullptr) return no_such_task(name);
  const auto place = rewinding.take();
  if (!place) return fail(ErrorCode::conflict, "the offsets of other tasks are being changed; try again in some seconds");
  const auto done = entry->rewind(
      [&](const store::TaskRecord& record, const SavedOffsets& saved) -> Result<Rewound> {
        const auto spec = spec_of(record);
        if (!spec) return tl::unexpected(spec.error());
        const auto cluster = spec->cluster();
        const auto client = kafka::GroupClient::make(cluster, spec->group_id, "connector-host-offsets");
        if (!client) return tl::unexpected(client.error());
        const auto topics = topics_of(**client, *spec);
        if (!topics) return tl::unexpected(topics.error());
        return how(**client, *topics, record, saved, patience(*cluster, spec->overrides, services.host_id));
      },
      anew);
  if (done) config_event(name, what);
  return done;
}

Status TaskService::alter_offsets(const std::string& name, const std::vector<OffsetChange>& changes) {
  return impl_->rewind(name, "offsets altered: a new series begins", false,
                       [&](kafka::GroupClient& client, const Topics& topics, const store::TaskRecord& record, const SavedOffsets& saved,
                           const Patience& patience) { return tasks::alter_offsets(client, topics, record, saved, changes, patience); });
}

Status TaskService::reset_offsets(const std::string& name) {
  return impl_->rewind(name, "offsets reset: a new series begins at start.position", true,
                       [&](kafka::GroupClient& client, const Topics& topics, const store::TaskRecord& record, const SavedOffsets&,
                           const Patience& patience) { return tasks::reset_offsets(client, topics, record, patience); });
}

}  // namespace ch::tasks
