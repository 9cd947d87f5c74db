// What the service is made of. Private to this room: task_service.cpp changes tasks, task_service_reads.cpp tells of them.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <thread>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/semaphore.hpp"
#include "tasks/earlier_places.hpp"
#include "tasks/ends.hpp"
#include "tasks/managed_task.hpp"
#include "tasks/offset_keeper.hpp"
#include "tasks/preflight_scheduler.hpp"
#include "tasks/starts.hpp"
#include "tasks/task_service.hpp"
#include "tasks/task_validation.hpp"

namespace ch::tasks {

constexpr std::size_t kMaxQueuedEvents = 10000;
constexpr std::size_t kMaxVerifying = 2;  // each blocks a thread that others may need
constexpr std::size_t kMaxRewinds = 2;    // each may keep a thread of the REST API until the group is empty

tl::unexpected<Error> no_such_task(const std::string& name);
tl::unexpected<Error> invalid(std::vector<KeyProblem> problems);

struct TaskService::Impl final : store::Listener {
  explicit Impl(ServiceOptions o)
      : options(std::move(o)),
        validation(*options.config, *options.registry),
        budget(static_cast<std::uint64_t>(options.config->memory_limit)),
        starts(*options.store),
        services{validation,
                 *options.store,
                 budget,
                 metrics,
                 options.advertised,
                 "",
                 options.static_membership,
                 [this](store::Event event) { add_event(std::move(event)); },
                 [this] { nudge(); },
                 starts,
                 beats} {}

  std::shared_ptr<ManagedTask> find(const std::string& name) const {
    const ReadLock lock(mutex);
    const auto found = entries.find(name);
    return found == entries.end() ? nullptr : found->second;
  }
  std::vector<std::shared_ptr<ManagedTask>> all() const {
    const ReadLock lock(mutex);
    std::vector<std::shared_ptr<ManagedTask>> out;
    for (const auto& [name, entry] : entries) out.push_back(entry);
    return out;
  }
  void add_event(store::Event event) {
    const MutexLock lock(queue_mutex);
    if (events.size() < kMaxQueuedEvents) {
      events.push_back(std::move(event));
    } else {
      ++events_lost;
    }
  }
  void add_event(const std::string& name, const std::string& kind, const std::string& message) {
    store::Event event;
    event.task = name;
    event.time_ms = wall_ms();
    event.kind = kind;
    event.message = message;
    event.host = options.advertised;
    add_event(std::move(event));
    nudge();
  }
  void config_event(const std::string& name, const std::string& message) { add_event(name, "config", message); }
  void nudge() {
    const MutexLock lock(queue_mutex);
    nudged = true;
    changed.notify_all();
  }
  // How the task would run; invalid if its configuration does not hold any more.
  Result<runner::RunnerSpec> spec_of(const store::TaskRecord& record) const;
  void keep_place(store::TaskRecord& record, const Config& next) const {
    tasks::keep_place(record, next, [this](const std::string& connector) -> const Result<config::Definition>& {
      return validation.definition(connector);
    });
  }
  void task_changed(const store::TaskRecord& record) override;
  void task_removed(const std::string& name) override;
  void supervise(const std::stop_token& stop);
  bool reconcile_all();
  void write_events();
  void drop_gone();
  TaskView view(ManagedTask& entry) const;
  Result<TaskStatus> set_target(const std::string& name, store::Target target, const std::string& what);
  void try_out(ManagedTask& entry) const;
  bool preflight(const std::string& name);
  std::vector<KeyProblem> preflight(runner::RunnerSpec spec, bool broker) const;
  // Other tasks that store what this one does, under the same names.
  std::vector<KeyProblem> collisions(const std::string& name, const Config& config) const;
  TaskStatus fresh_status(const std::shared_ptr<ManagedTask>& entry) const;
  static void refresh(const std::vector<std::shared_ptr<ManagedTask>>& some);
  Status rewind(const std::string& name, const std::string& what, bool anew,
                const std::function<Result<Rewound>(kafka::GroupClient&, const Topics&, const store::TaskRecord&, const SavedOffsets&,
                                                    const Patience&)>& how);

  ServiceOptions options;
  const std::shared_ptr<runner::Beats> beats = std::make_shared<runner::Beats>();
  TaskValidation validation;
  runner::Budget budget;
  metrics::Metrics metrics;
  Starts starts;
  Services services;
  mutable SharedMutex mutex;
  std::map<std::string, std::shared_ptr<ManagedTask>> entries CH_GUARDED_BY(mutex);
  Mutex write_mutex CH_ACQUIRED_BEFORE(queue_mutex);
  Mutex queue_mutex;
  std::condition_variable_any changed;
  std::vector<store::Event> events CH_GUARDED_BY(queue_mutex);
  std::size_t events_lost CH_GUARDED_BY(queue_mutex) = 0;  // because the queue was full
  bool nudged CH_GUARDED_BY(queue_mutex) = false;
  bool stopped = false;
  const Semaphore rewinding{kMaxRewinds};
  const Semaphore verifying{kMaxVerifying};
  std::unique_ptr<OffsetKeeper> maintenance;
  std::unique_ptr<PreflightScheduler> preflights;
  std::unique_ptr<Ends> ends;
  std::jthread supervisor;
};

}  // namespace ch::tasks
