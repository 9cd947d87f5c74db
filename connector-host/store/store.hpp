// What a host must remember over a crash: task definitions with their target states, the offsets last committed, and
// the events. An interface, so that hosts can share a backend. All functions may be called from any thread; each is one
// transaction, durable on return.
#pragma once

#include <connector_host/connector.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace ch::store {

enum class Target { enabled, paused, disabled, deleted };  // deleted: stores what is open, then the task goes

// Where a task stored before its configuration was changed.
struct EarlierPlaces {
  std::vector<Config> places;  // of each connector.class and the keys with "x-places-objects", as the user gave them; the latest first
  bool complete = true;        // false: there may have been more, of which nothing is known

  friend bool operator==(const EarlierPlaces&, const EarlierPlaces&) = default;
};

struct TaskRecord {
  std::string name;
  Config config;  // as the user gave it: no defaults, placeholders unresolved
  Target target = Target::disabled;
  std::uint64_t series = 1;    // see docs/delivery.md: grows with each deliberate rewind
  std::string start_position;  // the `start.position` whose offsets have been fixed and committed; "" none yet
  Config topic_ids;            // topic -> under which name its objects lie, where that is not its own; see ManagedTask::name_topics
  EarlierPlaces earlier;
  std::int64_t enabled_ms = 0;  // when it was last enabled: what `latest` means while the broker cannot be asked
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;
  std::uint64_t version = 0;  // set by the store: another one after each change of the task, whoever made it; 0: not from the store
};

// Whoever must know what the store says of tasks.
class Listener {
 public:
  virtual ~Listener() = default;
  // After a change is durable, be it one's own: one call after the other, in the order of the changes. On the thread of
  // who makes the change, or on one of the backend's. May read the store, but not change a task.
  virtual void task_changed(const TaskRecord& task) = 0;  // made, or replaced
  virtual void task_removed(const std::string& name) = 0;
};

// The last offset and state committed for a partition, kept because the broker forgets those of an empty group.
struct SavedOffset {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::string state;
};

struct Event {
  std::int64_t id = 0;  // grows; set by the store. Each text is cut at kMaxEventText bytes
  std::string task;
  std::int64_t time_ms = 0;
  std::string kind;    // "state", "interrupted", "recovered", "config", "gap", ...
  std::string state;   // the task's state after it
  std::string reason;  // of an interruption
  std::string message;
  std::string remedy;
  std::string host;
  std::int64_t count = 1;     // how often it has happened: see kRepeatMs
  std::int64_t first_ms = 0;  // when it did first; set by the store
};

// A start of a task that has not been seen to be survived: if the process ended, it did so meanwhile.
struct UnfinishedStart {
  std::string task;
  std::int64_t begun = 0;     // so many in a row, this one included
  std::int64_t together = 0;  // with how many tasks at the same time, this one included
};

// What happens again and again is one event that moves to the end and counts: "state", "interrupted", "recovered", "rejoin" and
// "failed", if all but time and message are the same, and the last time is no longer ago. (Of those without a reason, the message too.)
constexpr std::int64_t kRepeatMs = 3'600'000;
constexpr std::size_t kEventsKeptPerTask = 1000;          // older ones are removed when one is added
constexpr std::size_t kEventsKeptOfRemovedTasks = 10000;  // all of them together; older ones go when a task is removed
constexpr std::size_t kMaxEventText = 4096;

class Store {
 public:
  virtual ~Store() = default;

  // Once, before anything is changed. Until it is called again with nullptr.
  virtual void listen(Listener* listener) = 0;

  virtual Result<std::vector<TaskRecord>> tasks() = 0;
  // Makes the task (version 0), or replaces what has the version of `task`. The listener has been told when this returns.
  // conflict: somebody else has made, changed or removed it meanwhile, of which the listener has been told as well.
  virtual Status put_task(const TaskRecord& task) = 0;
  virtual Status remove_task(const std::string& name) = 0;  // with its offsets; its events stay until pushed out

  // Inserts or replaces each; not_found if there is no such task.
  virtual Status save_offsets(const std::string& task, const std::vector<SavedOffset>& offsets) = 0;
  virtual Status forget_offsets(const std::string& task) = 0;
  virtual Result<std::vector<SavedOffset>> offsets(const std::string& task) = 0;

  // These three survive the end of the process, but not each power failure: what is marked so ends the process, no more.
  virtual Result<std::vector<UnfinishedStart>> unfinished_starts() = 0;
  virtual Status begin_start(const UnfinishedStart& start) = 0;  // inserts or replaces; not_found if there is no such task
  virtual Status finish_start(const std::string& task) = 0;

  virtual Status add_event(const Event& event) = 0;
  virtual Result<std::vector<Event>> events(const std::string& task, std::int64_t after,
                                            std::size_t limit) = 0;                          // oldest first, id > after
  virtual Result<std::vector<Event>> all_events(std::int64_t after, std::size_t limit) = 0;  // of all tasks
  virtual Result<std::int64_t> newest_event() = 0;                                           // its id; 0 if there has never been one
  // Newest first, id < before; `task`: "" all tasks.
  virtual Result<std::vector<Event>> latest_events(const std::string& task, std::int64_t before, std::size_t limit) = 0;
};

}  // namespace ch::store
