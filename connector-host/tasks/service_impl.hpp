// What the service is made of. Private to this room: service.cpp changes tasks, service_reads.cpp tells of them.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <thread>

#include "base/places.hpp"
#include "base/time.hpp"
#include "tasks/maintenance.hpp"
#include "tasks/preflights.hpp"
#include "tasks/service.hpp"
#include "tasks/task_entry.hpp"
#include "tasks/validation.hpp"

namespace ch::tasks {

constexpr std::size_t kMaxQueuedEvents = 10000;
constexpr std::size_t kMaxVerifying = 2;  // each blocks a thread that others may need
constexpr std::size_t kMaxRewinds = 2;    // each may keep a thread of the REST API for kGroupEmpties

tl::unexpected<Error> no_such_task(const std::string& name);
tl::unexpected<Error> invalid(std::vector<KeyProblem> problems);

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
  void add_event(const std::string& name, const std::string& kind, const std::string& message) {
    store::Event event;
    event.task = name;
    event.time_ms = now_ms();
    event.kind = kind;
    event.message = message;
    event.host = options.advertised;
    add_event(std::move(event));
    nudge();
  }
  void config_event(const std::string& name, const std::string& message) { add_event(name, "config", message); }
  void nudge() {
    const std::lock_guard lock(queue_mutex);
    nudged = true;
    changed.notify_all();
  }
  // How the task would run; invalid if its configuration does not hold any more.
  Result<RunnerSpec> spec_of(const store::TaskRecord& record) const;
  void supervise(const std::stop_token& stop);
  bool reconcile_all();
  void write_events();
  void drop_gone();
  TaskView view(TaskEntry& entry) const;
  Result<TaskStatus> set_target(const std::string& name, store::Target target, const std::string& what);
  void try_out(TaskEntry& entry) const;
  bool preflight(const std::string& name);
  std::vector<KeyProblem> preflight(RunnerSpec spec, bool broker) const;
  TaskStatus fresh_status(const std::shared_ptr<TaskEntry>& entry) const;
  static void refresh(const std::vector<std::shared_ptr<TaskEntry>>& some);
  Status rewind(
      const std::string& name, const std::string& what, bool anew,
      const std::function<Result<Rewound>(kafka::GroupClient&, const Topics&, const store::TaskRecord&, const SavedOffsets&)>& how);

  ServiceOptions options;
  Validation validation;
  Budget budget;
  metrics::Metrics metrics;
  Services services;
  mutable std::shared_mutex mutex;
  std::map<std::string, std::shared_ptr<TaskEntry>> entries;
  std::set<std::string> creating;  // names that are being written to the store
  std::mutex write_mutex;          // before queue_mutex
  std::mutex queue_mutex;
  std::condition_variable_any changed;
  std::vector<store::Event> events;
  std::size_t events_lost = 0;  // because the queue was full
  bool nudged = false;
  bool stopped = false;
  const Places rewinding{kMaxRewinds};
  const Places verifying{kMaxVerifying};
  std::unique_ptr<Maintenance> maintenance;
  std::unique_ptr<Preflights> preflights;
  std::jthread supervisor;
};

}  // namespace ch::tasks
