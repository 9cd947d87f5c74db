#include "tasks/task_service.hpp"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "base/host_id.hpp"
#include "base/log.hpp"
#include "tasks/task_service_impl.hpp"

namespace ch::tasks {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kTriedOut{1000};   // how long create and enable wait for the preflight, which goes on by itself
constexpr milliseconds kFreshStatus{15};  // how long a status waits for the poll thread
constexpr milliseconds kStopTime{30000};  // to store what is open when the host ends
constexpr milliseconds kBusyStep{20};     // while something is under way
constexpr milliseconds kIdleStep{1000};

}  // namespace

tl::unexpected<Error> no_such_task(const std::string& name) { return fail(ErrorCode::not_found, fmt::format("No such task: {}", name)); }

tl::unexpected<Error> invalid(std::vector<KeyProblem> problems) {
  std::string message = fmt::format("The task's configuration is refused: {} problem{}", problems.size(), problems.size() == 1 ? "" : "s");
  for (const auto& p : problems) message += fmt::format("; {}: {}", p.key, p.message);
  return fail(ErrorCode::invalid, std::move(message), std::move(problems));
}

void TaskService::Impl::supervise(const std::stop_token& stop) {
  bool busy = true;
  const auto beat = beats->join("the supervisor", steady_now(), runner::Beats::Role::vital);
  while (!stop.stop_requested()) {
    beat->come_round(steady_now());
    {
      MutexLock lock(queue_mutex);
      changed.wait_for(lock, stop, busy ? kBusyStep : kIdleStep, [this]() CH_REQUIRES(queue_mutex) { return nudged; });
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

void TaskService::Impl::task_changed(const store::TaskRecord& record) {
  if (const auto entry = find(record.name); entry != nullptr && !entry->gone()) return entry->changed(record);
  const auto enabled = record.target == store::Target::disabled ? Instant{} : steady_now();
  const auto entry = std::make_shared<ManagedTask>(services, record, SavedOffsets{}, enabled);
  const WriteLock lock(mutex);
  entries.insert_or_assign(record.name, entry);
}

void TaskService::Impl::task_removed(const std::string& name) {
  if (const auto entry = find(name)) entry->removed();
}

void TaskService::Impl::drop_gone() {
  const WriteLock lock(mutex);
  std::erase_if(entries, [](const auto& e) { return e.second->gone(); });
}

void TaskService::Impl::write_events() {
  const MutexLock writing(write_mutex);  // who comes behind this finds in the store what was there to be written
  std::vector<store::Event> batch;
  std::size_t lost = 0;
  {
    const MutexLock lock(queue_mutex);
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
void TaskService::Impl::refresh(const std::vector<std::shared_ptr<ManagedTask>>& some) {
  std::vector<std::pair<ManagedTask*, std::uint64_t>> asked;
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

TaskStatus TaskService::Impl::fresh_status(const std::shared_ptr<ManagedTask>& entry) const {
  refresh({entry});
  return entry->status();
}

TaskView TaskService::Impl::view(ManagedTask& entry) const {
  const auto record = entry.record();
  return {record.name, validation.masked(record.config), record.topic_ids, entry.status(), record.created_ms, record.updated_ms};
}

// A preflight is asked for; who waits for the start waits for it as well, not for long and not behind those of other tasks.
void TaskService::Impl::try_out(ManagedTask& entry) const {
  if (ends != nullptr) ends->soon();
  if (preflights == nullptr) return;  // the service has not started, or has stopped
  entry.expect_preflight(Clock::now() + kTriedOut);
  if (!preflights->soon(entry.record().name)) entry.expect_preflight({});
}

Result<TaskStatus> TaskService::Impl::set_target(const std::string& name, store::Target target, const std::string& what) {
  const auto entry = find(name);
  if (entry == nullptr) return no_such_task(name);
  const auto done = entry->update([&](store::TaskRecord& record) {
    if (record.target == target) return false;
    if (target != store::Target::disabled && record.target == store::Target::disabled) record.enabled_ms = wall_ms();
    record.target = target;
    return true;
  });
  if (!done) return tl::unexpected(done.error());
  if (*done) config_event(name, what);
  if (*done && ends != nullptr) ends->soon();
  if (*done && target == store::Target::enabled) try_out(*entry);
  entry->reconcile();
  return entry->status();
}

TaskService::TaskService(ServiceOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {
  impl_->options.store->listen(impl_.get());
}

TaskService::~TaskService() { stop(); }

Status TaskService::start() {
  auto id = load_host_id(impl_->options.config->state_dir);
  if (!id) return tl::unexpected(id.error());
  impl_->services.host_id = *id;
  const auto records = impl_->options.store->tasks();
  if (!records) return tl::unexpected(records.error());
  std::vector<std::string> wanted;
  for (const auto& record : *records) {
    if (record.target == store::Target::enabled || record.target == store::Target::paused) wanted.push_back(record.name);
    const auto offsets = impl_->options.store->offsets(record.name);
    if (!offsets) return tl::unexpected(offsets.error());
    SavedOffsets saved;
    for (const auto& offset : *offsets) saved[{offset.topic, offset.partition}] = offset;
    const auto entry = std::make_shared<ManagedTask>(impl_->services, record, std::move(saved));
    const WriteLock lock(impl_->mutex);
    impl_->entries.emplace(record.name, entry);
  }
  if (auto loaded = impl_->starts.load(wanted, impl_->options.crashed); !loaded) return loaded;
  impl_->preflights = std::make_unique<PreflightScheduler>([this](const std::string& name) { return impl_->preflight(name); });
  impl_->maintenance = std::make_unique<OffsetKeeper>([this] { return impl_->all(); }, impl_->validation);
  impl_->ends = std::make_unique<Ends>([this] { return impl_->all(); }, impl_->validation);
  impl_->supervisor = std::jthread([this](const std::stop_token& stop) { impl_->supervise(stop); });
  return {};
}

void TaskService::stop() {
  if (std::exchange(impl_->stopped, true)) return;
  if (impl_->ends != nullptr) impl_->ends->stop();
  impl_->maintenance.reset();
  impl_->preflights.reset();
  impl_->supervisor = {};  // asks it to stop, and waits
  for (const auto& entry : impl_->all()) entry->stop(kStopTime);
  while (!impl_->reconcile_all()) std::this_thread::sleep_for(kBusyStep);
  impl_->ends.reset();
  impl_->options.store->listen(nullptr);
  impl_->write_events();
}

Result<TaskView> TaskService::create(const std::string& name, const Config& given, store::Target target) {
  const auto present = impl_->find(name);
  if (present != nullptr && !present->gone()) return fail(ErrorCode::conflict, fmt::format("Task {} exists already", name));
  auto config = given;
  if (auto problems = impl_->validation.admit(name, config, {}); !problems.empty()) return invalid(std::move(problems));
  store::TaskRecord record;
  record.name = name;
  record.config = std::move(config);
  record.target = target;
  record.created_ms = record.updated_ms = wall_ms();
  record.enabled_ms = target == store::Target::disabled ? 0 : record.created_ms;
  if (const auto stored = impl_->options.store->put_task(record); !stored) {
    if (stored.error().code == ErrorCode::conflict) return fail(ErrorCode::conflict, fmt::format("Task {} exists already", name));
    return tl::unexpected(stored.error());
  }
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_such_task(name);  // somebody has removed it again
  impl_->config_event(name, "created");
  impl_->try_out(*entry);
  entry->reconcile();
  return impl_->view(*entry);
}

Result<TaskService::PutAnswer> TaskService::put(const std::string& name, const Config& given, std::optional<bool> enabled) {
  const auto entry = impl_->find(name);
  if (entry == nullptr) {
    auto created = create(name, given, enabled.value_or(true) ? store::Target::enabled : store::Target::disabled);
    if (!created) return tl::unexpected(created.error());
    return PutAnswer{std::move(*created), true};
  }
  std::vector<KeyProblem> problems;
  const auto changed = entry->update([&](store::TaskRecord& record) {
    auto config = given;
    problems = impl_->validation.admit(name, config, record.config);
    if (!problems.empty()) return false;
    const auto target = !enabled ? record.target : *enabled ? store::Target::enabled : store::Target::disabled;
    if (record.config == config && record.target == target) return false;
    if (record.target == store::Target::disabled && target == store::Target::enabled) record.enabled_ms = wall_ms();
    impl_->keep_place(record, config);
    record.config = std::move(config);
    record.target = target;
    return true;
  });
  if (!changed) return tl::unexpected(changed.error());
  if (!problems.empty()) return invalid(std::move(problems));
  if (*changed) impl_->config_event(name, "configuration replaced");
  entry->reconcile();
  if (*changed) impl_->try_out(*entry);
  return PutAnswer{impl_->view(*entry), false};
}

Result<TaskView> TaskService::patch(const std::string& name,
                                    const std::vector<std::pair<std::string, std::optional<std::string>>>& changes) {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_such_task(name);
  std::vector<KeyProblem> problems;
  const auto changed = entry->update([&](store::TaskRecord& record) {
    auto config = record.config;
    for (const auto& [key, value] : changes) {
      if (value) {
        config[key] = *value;
      } else {
        config.erase(key);
      }
    }
    problems = impl_->validation.admit(name, config, record.config);
    if (!problems.empty() || config == record.config) return false;
    impl_->keep_place(record, config);
    record.config = std::move(config);
    return true;
  });
  if (!changed) return tl::unexpected(changed.error());
  if (!problems.empty()) return invalid(std::move(problems));
  if (*changed) impl_->config_event(name, "configuration changed");
  entry->reconcile();
  if (*changed) impl_->try_out(*entry);
  return impl_->view(*entry);
}

Status TaskService::remove(const std::string& name, bool discard) {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_such_task(name);
  const auto asked = entry->mark_deleted();
  if (!asked) return tl::unexpected(asked.error());
  if (*asked) impl_->config_event(name, discard ? "deletion asked for; what is open is dropped" : "deletion asked for");
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

std::size_t TaskService::hanging_threads() const { return impl_->beats->hanging(steady_now()).size(); }
bool TaskService::goes_on() const { return impl_->beats->goes_on(steady_now()); }

TaskService::Memory TaskService::memory() const { return {impl_->budget.used(), impl_->budget.limit()}; }

std::vector<TaskView> TaskService::list() const {
  const auto entries = impl_->all();
  impl_->refresh(entries);
  std::vector<TaskView> out;
  for (const auto& entry : entries) {
    out.push_back(impl_->view(*entry));
    for (auto& runner : out.back().status.runners) runner.partitions.clear();
    out.back().status.at_rest.clear();
  }
  return out;
}

Result<TaskStatus> TaskService::status(const std::string& name) const {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_such_task(name);
  return impl_->fresh_status(entry);
}

Result<TaskStatus> TaskService::last_status(const std::string& name) const {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_such_task(name);
  return entry->status();
}

Result<TaskStatus> TaskService::enable(const std::string& name) {
  const auto entry = impl_->find(name);
  if (entry != nullptr && entry->record().target == store::Target::paused) return entry->status();  // paused is enabled
  return impl_->set_target(name, store::Target::enabled, "enabled");
}

Result<TaskStatus> TaskService::disable(const std::string& name) { return impl_->set_target(name, store::Target::disabled, "disabled"); }

Result<TaskStatus> TaskService::pause(const std::string& name) { return impl_->set_target(name, store::Target::paused, "paused"); }

Result<TaskStatus> TaskService::resume(const std::string& name) { return impl_->set_target(name, store::Target::enabled, "resumed"); }

Result<TaskStatus> TaskService::restart(const std::string& name, const std::vector<std::uint32_t>& runners) {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return no_such_task(name);
  const auto target = entry->record().target;
  if (target == store::Target::disabled)
    return fail(ErrorCode::conflict, fmt::format("Task {} is disabled: there is nothing to restart; enable it", name));
  if (target == store::Target::deleted) return fail(ErrorCode::conflict, fmt::format("Task {} is being deleted", name));
  if (auto problems = entry->restart(runners); !problems.empty()) return invalid(std::move(problems));
  impl_->config_event(name, "restart asked for: runners are made anew, and what was open is read again");
  if (!entry->status().warnings.empty()) impl_->try_out(*entry);
  return entry->status();
}

bool TaskService::start_decided(const std::string& name) const {
  const auto entry = impl_->find(name);
  return entry == nullptr || (entry->start_decided() && entry->tried_out());
}

bool TaskService::reached(const std::string& name, Goal goal) const {
  const auto entry = impl_->find(name);
  if (entry == nullptr) return goal == Goal::gone;
  const auto state = entry->status().state;
  switch (goal) {
    case Goal::running:
      return state == runner::State::running && entry->settled();
    case Goal::disabled:
      return state == runner::State::disabled;
    case Goal::paused:
      return state == runner::State::paused && entry->settled();
    case Goal::gone:
      return false;
  }
  return false;
}

}  // namespace ch::tasks
