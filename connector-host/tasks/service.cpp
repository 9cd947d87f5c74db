#include "tasks/service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <semaphore>
#include <shared_mutex>
#include <thread>

#include "base/log.hpp"
#include "base/time.hpp"
#include "tasks/host_id.hpp"
#include "tasks/maintenance.hpp"
#include "tasks/task_entry.hpp"
#include "tasks/validation.hpp"

namespace ch::tasks {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kStartAnswer{10000};  // how long enable waits for the start offsets to be fixed
constexpr milliseconds kFreshStatus{30};     // how long a status waits for the poll thread
constexpr milliseconds kStopTime{30000};     // to store what is open when the host ends
constexpr milliseconds kPreflight{10000};
constexpr milliseconds kBusyStep{20};  // while something is under way
constexpr milliseconds kIdleStep{1000};
constexpr std::size_t kMaxQueuedEvents = 10000;
constexpr milliseconds kVerifyStep{8000};  // before a report is given; answers come within 30 s
constexpr std::ptrdiff_t kMaxVerifying = 2;

tl::unexpected<Error> no_such_task(const std::string& name) { return fail(ErrorCode::not_found, fmt::format("No such task: {}", name)); }

tl::unexpected<Error> invalid(std::vector<KeyProblem> problems) {
  std::string message = fmt::format("The task's configuration is refused: {} problem{}", problems.size(), problems.size() == 1 ? "" : "s");
  for (const auto& p : problems) message += fmt::format("; {}: {}", p.key, p.message);
  return fail(ErrorCode::invalid, std::move(message), std::move(problems));
}

}  // namespace

struct TaskService::Impl {
  explicit Impl(ServiceOptions o)
      : options(std::move(o)),
        validation(*options.config, *options.registry),
        budget(static_cast<std::uint64_t>(options.config->memory_limit)),
        services{validation,
                 *options.store,
                 budget,
                 metrics,
                 options.advertised,
                 "",
                 options.static_membership,
                 [this](store::Event event) { add_event(std::move(event)); },
                 [this] { nudge(); }} {}

  std::shared_ptr<TaskEntry> find(const std::string& name) const {
    const std::shared_lock lock(mutex);
    const auto found = entries.find(name);
    return found == entries.end() ? nullptr : found->second;
  }
  std::vector<std::shared_ptr<TaskEntry>> all() const {
    const std::shared_lock lock(mutex);
    std::vector<std::shared_ptr<TaskEntry>> out;
    for (const auto& [name, entry] : entries) out.push_back(entry);
    return out;
  }
  void add_event(store::Event event) {
    const std::lock_guard lock(queue_mutex);
    if (events.size() < kMaxQueuedEvents) {
      events.push_back(std::move(event));
    } else {
      ++events_lost;
    }
  }
  void config_event(const std::string& name, const std::string& message) {
    store::Event event;
    event.task = name;
    event.time_ms = now_ms();
    event.kind = "config";
    event.message = message;
    event.host = options.advertised;
    add_event(std::move(event));
    nudge();
  }
  void nudge() {
    const std::lock_guard lock(queue_mutex);
    nudged = true;
    changed.notify_all();
  }
  void supervise(const std::stop_token& stop);
  bool reconcile_all();
  void write_events();
  void drop_gone();
  TaskView view(TaskEntry& entry) const;
  Result<TaskStatus> set_target(const std::string& name, store::Target target, const std::string& what);
  void wait_for_start(TaskEntry& entry) const;
  TaskStatus fresh_status(const std::shared_ptr<TaskEntry>& entry) const;
  static void refresh(const std::vector<std::shared_ptr<TaskEntry>>& some);

  ServiceOptions options;
  Validation validation;
  Budget budget;
  metrics::Metrics metrics;
  Services services;
  mutable std::shared_mutex mutex;
  std::map<std::string, std::shared_ptr<TaskEntry>> entries;
  std::mutex queue_mutex;
  std::condition_variable_any changed;
  std::vector<store::Event> events;
  std::size_t events_lost = 0;  // because the queue was full
  bool nudged = false;
  bool stopped = false;
  std::counting_semaphore<kMaxVerifying> verifying{kMaxVerifying};
  std::unique_ptr<Maintenance> maintenance;
  std::jthread supervisor;
};

void TaskService::Impl::supervise(const std::stop_token& stop) {
  bool busy = true;
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(queue_mutex);
      changed.wait_for(lock, stop, busy ? kBusyStep : kIdleStep, [this] { return nudged; });
      nudged = false;
    }
    busy = !reconcile_all();
    drop_gone();
    write_events();
    log::flush_repeats();
  }
}

// True: every task is as its record says.
bool TaskService::Impl::reconcile_all() {
  bool settled = true;
  for (const auto& entry : all()) {
    settled = entry->reconcile() && settled;
    entry->flush_offsets();
  }
  return settled;
}

void TaskService::Impl::drop_gone() {
  const std::unique_lock lock(mutex);
  std::erase_if(entries, [](const auto& e) { return e.second->gone(); });
}

void TaskService::Impl::write_events() {
  std::vector<store::Event> batch;
  std::size_t lost = 0;
  {
    const std::lock_guard lock(queue_mutex);
    batch.swap(events);
    lost = std::exchange(events_lost, 0);
  }
  if (lost > 0) log::warn("", "{} events came faster than they could be kept and are lost", lost);
  for (const auto& event : batch) {
    if (const auto written = options.store->add_event(event); !written)
      log::warn(event.task, "an event could not be kept: {}", written.error().message);
  }
}

// Waits for the poll threads to publish how things are, but not for one that has no time.
void TaskService::Impl::refresh(const std::vector<std::shared_ptr<TaskEntry>>& some) {
  std::vector<std::pair<TaskEntry*, std::uint64_t>> asked;
  for (const auto& entry : some) {
    const auto before = entry->status_count();
    if (entry->ask_status()) asked.emplace_back(entry.get(), before);
  }
  const auto deadline = Clock::now() + kFreshStatus;
  while (Clock::now() < deadline) {
    std::erase_if(asked, [](const auto& one) { return one.first->status_count() != one.second; });
    if (asked.empty()) return;
    std::this_thread::sleep_for(milliseconds(1));
  }
}

TaskStatus TaskService::Impl::fresh_status(const std::shared_ptr<TaskEntry>& entry) const {
  refresh({entry});
  return entry->status();
}

TaskView TaskService::Impl::view(TaskEntry& entry) const {
  const auto record = entry.record();
  return {record.name, validation.masked(record.config), entry.status(), record.created_ms, record.updated_ms};
}

void TaskService::Impl::wait_for_start(TaskEntry& entry) const {
  const auto deadline = Clock::now() + kStartAnswer;
  while (!entry.start_answered() && Clock::now() < deadline) std::this_thread::sleep_for(milliseconds(5));
}

Result<TaskStatus> TaskService::Impl::set_target(const std::string& name, store::Target target, const std::string& what) {
  const auto entry = find(name);
  if (entry == nullptr) return no_such_task(name);
  bool changed_it = false;
  const auto done = entry->update(
      [&](store::TaskRecord& record) {
        if (record.target == target) return false;
        if (target != store::Target::disabled && record.target == store::Target::disabled) record.enabled_ms = now_ms();
        record.target = target;
        return changed_it = true;
      },
      false);
  if (!done) return tl::unexpected(done.error());
  if (changed_it) config_event(name, what);
  entry->reconcile();
  if (target != store::Target::disabled) wait_for_start(*entry);
  return fresh_status(entry);
}

TaskService::TaskService(ServiceOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

TaskService::~TaskService() { stop(); }

Status TaskService::start() {
  auto id = load_host_id(impl_->options.config->state_dir);
  if (!id) return tl::unexpected(id.error());
  impl_->services.host_id = *id;
  const auto records = impl_->options.store->tasks();
  if (!records) return tl::unexpected(records.error());
  for (const auto& record : *records) {
    const auto offsets = impl_->options.store->offsets(record.name);
    if (!offsets) return tl::unexpected(offsets.error());
    SavedOffsets saved;
    for (const auto& offset : *offsets) saved[{offset.topic, offset.partition}] = offset;
    impl_->entries.emplace(record.name, std::make_shared<TaskEntry>(impl_->services, record, std::move(saved)));
  }
  impl_->maintenance = std::make_unique<Maintenance>([this] { return impl_->all(); }, impl_->validation);
  impl_->supervisor = std::jthread([this](const std::stop_token& stop) { impl_->supervise(stop); });
  return {};
}

void TaskService::stop() {
  if (std::exchange(impl_->stopped, true)) return;
  impl_->maintenance.reset();
  impl_->supervisor = {};  // asks it to stop, and waits
  for (const auto& entry : impl_->all()) entry->stop(kStopTime);
  while (!impl_->reconcile_all()) std::this_thread::sleep_for(kBusyStep);
  impl_->write_events();
}

Result<TaskView> TaskService::create(const std::string& name, const Config& config, bool enabled) {
  if (impl_->find(name) != nullptr) return fail(ErrorCode::conflict, fmt::format("Task {} exists already", name));
  if (auto problems = impl_->validation.check(name, config); !problems.empty()) return invalid(std::move(problems));
  store::TaskRecord record;
  record.name = name;
  record.config = config;
  record.target = enabled ? store::Target::enabled : store::Target::disabled;
  record.created_ms = record.updated_ms = now_ms();
  record.enabled_ms = enabled ? record.created_ms : 0;
  const auto entry = std::make_shared<TaskEntry>(impl_->services, record, SavedOffsets{});
  {
    const std::unique_lock lock(impl_->mutex);
    if (impl_->entries.contains(name)) return fail(ErrorCode::conflict, fmt::format("Task {} exists already", name));
    if (const auto stored = impl_->options.store->put_task(record); !stored) return tl::unexpected(stored.error());
    impl_->entries.emplace(name, entry);
  }
  impl_->config_event(name, "created");
  entry->reconcile();
  if (enabled) impl_->wait_for_start(*entry);
  return impl_->view(*entry);
}

Result<TaskService::PutAnswer> TaskService::put(const std::string& name, const Config& config, std::optional<bool> enabled) {
  const auto entry = impl_->find(name);
  if (entry == nullptr) {
    auto created = create(name, config, enabled.value_or(true));
    if (!created) return tl::unexpected(created.error());
    return PutAnswer{std::move(*created), true};
  }
  if (auto problems = impl_->validation.check(name, config); !problems.empty()) return invalid(std::move(problems));
  bool changed = false;
  const auto done = entry->update(
      [&](store::TaskRecord& record) {
        const auto target = !enabled ? record.target : *enabled ? store::Target::enabled : store::Target::disabled;
        if (record.config == config && record.target == target) return false;
        if (record.target == store::Target::disabled && target == store::Target::enabled) record.enabled_ms = now_ms();
        record.config = config;
        record.target = target;
        return changed = true;
      },
      true);
  if (!done) return tl::unexpected(done.error());
  if (changed) impl_->config_event(name, "configuration replaced");
  entry->reconcile();
  return PutAnswer{impl_->view(*entry), false};
}

Result<TaskView> TaskService::patch(const std::string& name,
                                    const std::vector<std::pair<std::string, std::optional<std::string>>>& changes) {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_such_task(name);
  std::vector<KeyProblem> problems;
  bool changed = false;
  const auto done = entry->update(
      [&](store::TaskRecord& record) {
        auto config = record.config;
        for (const auto& [key, value] : changes) {
          if (value) {
            config[key] = *value;
          } else {
            config.erase(key);
          }
        }
        problems = impl_->validation.check(name, config);
        if (!problems.empty() || config == record.config) return false;
        record.config = std::move(config);
        return changed = true;
      },
      true);
  if (!done) return tl::unexpected(done.error());
  if (!problems.empty()) return invalid(std::move(problems));
  if (changed) impl_->config_event(name, "configuration changed");
  entry->reconcile();
  return impl_->view(*entry);
}

Status TaskService::remove(const std::string& name, bool discard) {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_such_task(name);
  if (entry->record().target != store::Target::deleted) {
    const auto done = entry->update(
        [](store::TaskRecord& record) {
          record.target = store::Target::deleted;
          return true;
        },
        false);
    if (!done) return done;
    impl_->config_event(name, discard ? "deletion asked for; what is open is dropped" : "deletion asked for");
  }
  entry->remove(discard);
  return {};
}

Result<TaskView> TaskService::get(const std::string& name) const {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_such_task(name);
  auto view = impl_->view(*entry);
  view.status = impl_->fresh_status(entry);
  return view;
}

std::vector<TaskStatus> TaskService::statuses() const {
  const auto entries = impl_->all();
  impl_->refresh(entries);
  std::vector<TaskStatus> out;
  out.reserve(entries.size());
  for (const auto& entry : entries) out.push_back(entry->status());
  return out;
}

metrics::Metrics& TaskService::metrics() const { return impl_->metrics; }

TaskService::Memory TaskService::memory() const { return {impl_->budget.used(), impl_->budget.limit()}; }

std::vector<TaskView> TaskService::list() const {
  const auto entries = impl_->all();
  impl_->refresh(entries);
  std::vector<TaskView> out;
  for (const auto& entry : entries) {
    out.push_back(impl_->view(*entry));
    for (auto& runner : out.back().status.runners) runner.partitions.clear();
  }
  return out;
}

Result<TaskStatus> TaskService::status(const std::string& name) const {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_such_task(name);
  return impl_->fresh_status(entry);
}

Result<TaskStatus> TaskService::enable(const std::string& name) {
  const auto entry = impl_->find(name);
  if (entry != nullptr && entry->record().target == store::Target::paused) return impl_->fresh_status(entry);  // paused is enabled
  return impl_->set_target(name, store::Target::enabled, "enabled");
}

Result<TaskStatus> TaskService::disable(const std::string& name) { return impl_->set_target(name, store::Target::disabled, "disabled"); }

Result<TaskStatus> TaskService::pause(const std::string& name) { return impl_->set_target(name, store::Target::paused, "paused"); }

Result<TaskStatus> TaskService::resume(const std::string& name) { return impl_->set_target(name, store::Target::enabled, "resumed"); }

Result<TaskStatus> TaskService::restart(const std::string& name) {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_such_task(name);
  if (entry->record().target == store::Target::disabled) {
    return fail(ErrorCode::conflict, fmt::format("Task {} is disabled: there is nothing to restart; enable it", name));
  }
  impl_->config_event(name, "restart asked for");
  entry->retry();
  return impl_->fresh_status(entry);
}

bool TaskService::reached(const std::string& name, Goal goal) const {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return goal == Goal::gone;
  const auto state = entry->status().state;
  switch (goal) {
    case Goal::running:
      return state == State::running && entry->settled();
    case Goal::disabled:
      return state == State::disabled;
    case Goal::paused:
      return state == State::paused && entry->settled();
    case Goal::gone:
      return false;
  }
  return false;
}

std::vector<KeyProblem> TaskService::validate(const std::string& name, const Config& config, bool preflight) const {
  auto problems = impl_->validation.check(name, config);
  if (!problems.empty() || !preflight) return problems;
  const auto spec = impl_->validation.resolve(name, config);
  problems = spec.connector->preflight(spec.info, kPreflight);
  const auto client = kafka::GroupClient::make(spec.cluster(), spec.group_id, "connector-host-preflight");
  if (!client) {
    problems.push_back({"instance.id", spec.info.instance, client.error().message});
    return problems;
  }
  const auto topics = (*client)->all_topics(kPreflight / 2);
  if (topics.trouble) {
    problems.push_back({"instance.id", spec.info.instance, fmt::format("{}. {}", topics.trouble->message, topics.trouble->remedy)});
  } else if (!spec.topics.front().starts_with("^")) {
    for (const auto& topic : spec.topics) {
      if (!topics.value.contains(topic)) problems.push_back({"topics", topic, "does not exist in instance " + spec.info.instance});
    }
  }
  return problems;
}

Result<config::Definition> TaskService::definition(const std::string& connector) const { return impl_->validation.definition(connector); }

Result<ObjectPage> TaskService::objects(const std::string& name, const ObjectQuery& query) const {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_such_task(name);
  const auto record = entry->record();
  if (const auto problems = impl_->validation.check(name, record.config); !problems.empty()) return invalid(problems);
  const auto spec = impl_->validation.resolve(name, record.config);
  if (!spec.connector->lists_objects())
    return fail(ErrorCode::conflict, fmt::format("Connector {} cannot list what it has stored", spec.connector->name()));
  return spec.connector->objects(spec.info, query);
}

Result<VerifyReport> TaskService::verify(const std::string& name, VerifyReport so_far) const {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_such_task(name);
  const auto record = entry->record();
  if (const auto problems = impl_->validation.check(name, record.config); !problems.empty()) return invalid(problems);
  const auto spec = impl_->validation.resolve(name, record.config);
  if (!spec.connector->inspects())
    return fail(ErrorCode::conflict, fmt::format("Connector {} cannot verify what it has stored", spec.connector->name()));
  // Each blocks a thread that others may need.
  if (!impl_->verifying.try_acquire()) return fail(ErrorCode::unavailable, "Others are being verified; try again in a few seconds");
  const auto give_back = [](auto* semaphore) { semaphore->release(); };
  const std::unique_ptr<std::counting_semaphore<kMaxVerifying>, decltype(give_back)> place(&impl_->verifying, give_back);
  if (const auto done = verify_step(spec, record.series, kVerifyStep, so_far); !done) return tl::unexpected(done.error());
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

Result<std::int64_t> TaskService::newest_event() const {
  impl_->write_events();
  return impl_->options.store->newest_event();
}

std::vector<TaskService::InstanceView> TaskService::instances() const {
  std::vector<InstanceView> out;
  for (const auto& [id, instance] : impl_->options.config->instances) out.push_back({id, instance.region, false, ""});
  std::vector<std::jthread> askers;
  for (auto& view : out) {
    askers.emplace_back([this, &view] {
      const auto properties = config::client_properties(impl_->options.config->instances.at(view.id));
      const auto client = kafka::GroupClient::make(properties, "connector-host", "connector-host-instances");
      if (!client) {
        view.message = client.error().message;
        return;
      }
      const auto answer = (*client)->cluster_id(milliseconds(2000));
      view.reachable = !answer.trouble;
      if (answer.trouble) view.message = answer.trouble->message;
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
  const auto topics = (*client)->all_topics(milliseconds(5000));
  if (topics.trouble) return fail(ErrorCode::unavailable, fmt::format("{}. {}", topics.trouble->message, topics.trouble->remedy));
  std::map<std::string, std::vector<std::string>> archived_by;
  for (const auto& entry : impl_->all()) {
    const auto record = entry->record();
    if (!impl_->validation.check(record.name, record.config).empty()) continue;
    const auto spec = impl_->validation.resolve(record.name, record.config);
    if (spec.info.instance != id) continue;
    const bool regex = spec.topics.front().starts_with("^");
    for (const auto& [topic, partitions] : topics.value) {
      const bool ours = regex ? !kafka::matching({{topic, partitions}}, spec.topics.front()).empty()
                              : std::ranges::find(spec.topics, topic) != spec.topics.end();
      if (ours) archived_by[topic].push_back(record.name);
    }
  }
  std::vector<TopicView> out;
  for (const auto& [topic, partitions] : topics.value) out.push_back({topic, partitions, archived_by[topic]});
  return out;
}

const plugins::Registry& TaskService::registry() const { return *impl_->options.registry; }

}  // namespace ch::tasks
