// What a host must remember over a crash: task definitions with their target states, the offsets last committed, and
// the events. One SQLite file. All functions may be called from any thread; each is one transaction, durable on return.
#pragma once

#include <connector_host/connector.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace ch::store {

enum class Target { enabled, paused, disabled, deleted };  // deleted: stores what is open, then the task goes

struct TaskRecord {
  std::string name;
  Config config;  // as the user gave it: no defaults, placeholders unresolved
  Target target = Target::disabled;
  std::uint64_t series = 1;     // see design.md 5: grows with each deliberate rewind
  std::string start_position;   // the `start.position` whose offsets have been fixed and committed; "" none yet
  Config topic_ids;             // topic -> under which name its objects lie, where that is not its own; see TaskEntry::name_topics
  std::int64_t enabled_ms = 0;  // when it was last enabled: what `latest` means while the broker cannot be asked
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;
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
};

constexpr std::size_t kEventsKeptPerTask = 1000;          // older ones are removed when one is added
constexpr std::size_t kEventsKeptOfRemovedTasks = 10000;  // all of them together; older ones go when a task is removed
constexpr std::size_t kMaxEventText = 4096;

class Store {
 public:
  // Opens or makes the file; migrates an older schema. Refuses, without touching it, a file that is damaged, that is
  // not ours, or that a newer version wrote: the message says which and what to do. Only its owner may read the file.
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& file);
  virtual ~Store() = default;

  virtual Result<std::vector<TaskRecord>> tasks() = 0;
  virtual Result<std::optional<TaskRecord>> task(const std::string& name) = 0;
  virtual Status put_task(const TaskRecord& task) = 0;      // inserts or replaces
  virtual Status remove_task(const std::string& name) = 0;  // with its offsets; its events stay until pushed out

  // Inserts or replaces each; not_found if there is no such task.
  virtual Status save_offsets(const std::string& task, const std::vector<SavedOffset>& offsets) = 0;
  virtual Status forget_offsets(const std::string& task) = 0;
  virtual Result<std::vector<SavedOffset>> offsets(const std::string& task) = 0;

  virtual Status add_event(const Event& event) = 0;
  virtual Result<std::vector<Event>> events(const std::string& task, std::int64_t after,
                                            std::size_t limit) = 0;                          // oldest first, id > after
  virtual Result<std::vector<Event>> all_events(std::int64_t after, std::size_t limit) = 0;  // of all tasks
  virtual Result<std::int64_t> newest_event() = 0;                                           // its id; 0 if there has never been one
};

}  // namespace ch::store
