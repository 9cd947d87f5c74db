// What the service tells of tasks, clusters and connectors.
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "tasks/task_service_impl.hpp"

namespace ch::tasks {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAskInstance{3000};  // somebody waits for the answer
constexpr milliseconds kVerifyStep{8000};   // before a report is given; answers come within 30 s

}  // namespace

Result<runner::RunnerSpec> TaskService::Impl::spec_of(const store::TaskRecord& record) const {
  if (auto problems = validation.check(record.name, record.config); !problems.empty()) return invalid(std::move(problems));
  auto spec = validation.resolve(record.name, record.config);
  spec.info.topic_ids = record.topic_ids;
  return spec;
}

Result<config::Definition> TaskService::definition(const std::string& connector) const { return impl_->validation.definition(connector); }

Result<ObjectPage> TaskService::objects(const std::string& name, const ObjectQuery& query) const {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_such_task(name);
  const auto spec = impl_->spec_of(entry->record());
  if (!spec) return tl::unexpected(spec.error());
  if (!spec->connector->lists_objects())
    return fail(ErrorCode::conflict, fmt::format("Connector {} cannot list what it has stored", spec->connector->name()));
  return spec->connector->objects(spec->info, query);
}

Result<VerifyReport> TaskService::verify(const std::string& name, VerifyReport so_far) const {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_such_task(name);
  const auto record = entry->record();
  auto spec = impl_->spec_of(record);
  if (!spec) return tl::unexpected(spec.error());
  if (!spec->connector->inspects())
    return fail(ErrorCode::conflict, fmt::format("Connector {} cannot verify what it has stored", spec->connector->name()));
  const auto place = impl_->verifying.take();
  if (!place) return fail(ErrorCode::unavailable, "Others are being verified; try again in a few seconds");
  const bool everywhere = tell_earlier_places(record, impl_->validation, *spec);
  if (const auto done = verify_step(*spec, record.series, everywhere, kVerifyStep, so_far); !done) return tl::unexpected(done.error());
  if (so_far.complete()) so_far.tell_waiting(entry->status());
  return so_far;
}

Result<std::vector<store::Event>> TaskService::events(const std::string& name, std::int64_t after, std::size_t limit) const {
  if (impl_->find(name) == nullptr) return no_such_task(name);
  impl_->write_events();
  return impl_->options.store->events(name, after, limit);
}

Result<std::vector<store::Event>> TaskService::all_events(std::int64_t after, std::size_t limit) const {
  impl_->write_events();
  return impl_->options.store->all_events(after, limit);
}

Result<std::vector<store::Event>> TaskService::latest_events(const std::string& name, std::int64_t before, std::size_t limit) const {
  if (!name.empty() && impl_->find(name) == nullptr) return no_such_task(name);
  impl_->write_events();
  return impl_->options.store->latest_events(name, before, limit);
}

Result<std::int64_t> TaskService::newest_event() const {
  impl_->write_events();
  return impl_->options.store->newest_event();
}

std::vector<TaskService::InstanceView> TaskService::instances() const {
  std::vector<InstanceView> out;
  for (const auto& [id, instance] : impl_->options.config->instances) out.push_back({id, instance.region, false, "", ""});
  std::vector<std::jthread> askers;
  for (auto& view : out) {
    askers.emplace_back([this, &view] {
      const auto properties = config::client_properties(impl_->options.config->instances.at(view.id));
      const auto client = kafka::GroupClient::make(properties, "connector-host", "connector-host-instances");
      if (!client) {
        view.message = client.error().message;
        return;
      }
      const auto answer = (*client)->cluster_id(kAskInstance);
      view.reachable = !answer.trouble;
      if (answer.trouble) view.message = answer.trouble->message;
      view.cluster_id = answer.value;
    });
  }
  askers.clear();  // waits for them
  return out;
}

Result<std::vector<TaskService::TopicView>> TaskService::topics(const std::string& id) const {
  const auto instance = impl_->options.config->instances.find(id);
  if (instance == impl_->options.config->instances.end()) return fail(ErrorCode::not_found, fmt::format("No such instance: {}", id));
  const auto client = kafka::GroupClient::make(config::client_properties(instance->second), "connector-host", "connector-host-topics");
  if (!client) return tl::unexpected(client.error());
  const auto topics = (*client)->all_topics(kAskInstance);
  if (topics.trouble) return fail(ErrorCode::unavailable, fmt::format("instance {}: {}", id, kafka::to_text(*topics.trouble)));
  std::map<std::string, std::vector<std::string>> archived_by;
  for (const auto& entry : impl_->all()) {
    const auto record = entry->record();
    const auto spec = impl_->spec_of(record);
    if (!spec || spec->info.instance != id) continue;
    for (const auto& [topic, partitions] : kafka::matching(topics.value, spec->topics)) archived_by[topic].push_back(record.name);
  }
  std::vector<TopicView> out;
  for (const auto& [topic, partitions] : topics.value) out.push_back({topic, partitions, archived_by[topic]});
  return out;
}

Result<TaskService::RecordCounts> TaskService::count_records(const std::string& id, Config source) const {
  const auto instance = impl_->options.config->instances.find(id);
  if (instance == impl_->options.config->instances.end()) return fail(ErrorCode::not_found, fmt::format("No such instance: {}", id));
  source["instance.id"] = id;
  if (auto problems = impl_->validation.check_source(source); !problems.empty())
    return fail(ErrorCode::invalid, "topics or a start position that cannot be used", std::move(problems));
  const auto client = kafka::GroupClient::make(config::client_properties(instance->second), "connector-host", "connector-host-records");
  if (!client) return tl::unexpected(client.error());
  const auto topics = (*client)->all_topics(milliseconds(5000));
  if (topics.trouble) return kafka::unavailable(*topics.trouble);
  const auto wanted = wanted_topics(source);
  const auto found = kafka::matching(topics.value, wanted);
  const auto& position = source["start.position"];
  auto counted = tasks::count_records(**client, found, position.empty() ? "latest" : position);
  if (counted.trouble) return kafka::unavailable(*counted.trouble);
  RecordCounts out;
  out.topics = std::move(counted.value);
  for (const auto& name : wanted)
    if (!kafka::is_expression(wanted) && !found.contains(name)) out.missing.push_back(name);
  return out;
}

const plugins::Registry& TaskService::registry() const { return *impl_->options.registry; }

const std::string& TaskService::advertised() const { return impl_->options.advertised; }

Config TaskService::masked(const Config& config) const { return impl_->validation.masked(config); }

}  // namespace ch::tasks
