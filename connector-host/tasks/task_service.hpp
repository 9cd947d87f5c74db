// All that can be done with tasks: the one truth behind /v1, Kafka Connect's API and the CLI.
// Every function may be called from any thread. A change is written to the store before it is answered; what it needs
// of a runner then happens in the background: ask status(), or poll reached().
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/host_config.hpp"
#include "metrics/metrics.hpp"
#include "plugins/registry.hpp"
#include "store/store.hpp"
#include "tasks/bucket/verification.hpp"
#include "tasks/offsets/offset_changes.hpp"
#include "tasks/offsets/start_position.hpp"
#include "tasks/status/task_status.hpp"

namespace ch::tasks {

struct TaskView {
  std::string name;
  Config config;     // as given, secrets masked
  Config topic_ids;  // topic -> the name under which its objects lie
  TaskStatus status;
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;
};

struct ServiceOptions {
  std::string advertised;  // host:port that other hosts and clients see
  const config::HostConfig* config = nullptr;
  const plugins::Registry* registry = nullptr;
  store::Store* store = nullptr;
  bool static_membership = true;  // false: the embedded broker of dev mode does not know it
  bool crashed = false;           // the process before this one did; see starts.hpp
};

class TaskService {
 public:
  explicit TaskService(ServiceOptions options);
  TaskService(const TaskService&) = delete;
  TaskService& operator=(const TaskService&) = delete;
  ~TaskService();  // as stop()

  Status start();  // runs what the store says is enabled
  void stop();     // orderly: stores and commits what is open, within 30 s

  // Making, enabling and changing a task also have it tried out in the background (PreflightScheduler): what is wrong comes as
  // `warnings` of its status, in the answer already if it is known within a second, and as an event. It refuses nothing.
  // A secret may be given as the mask that stands for it in every answer: then it stays as it is.
  // Name: 1 to 200 characters, UTF-8, no control characters. conflict if it is taken; invalid with every bad key.
  Result<TaskView> create(const std::string& name, const Config& config, store::Target target);
  struct PutAnswer {
    TaskView task;
    bool created = false;
  };
  Result<PutAnswer> put(const std::string& name, const Config& config, std::optional<bool> enabled);  // target survives if not given
  Result<TaskView> patch(const std::string& name, const std::vector<std::pair<std::string, std::optional<std::string>>>& changes);
  // Begins the removal; the task is gone when reached(name, Goal::gone). `discard`: what is open is dropped, not stored.
  Status remove(const std::string& name, bool discard);

  Result<TaskView> get(const std::string& name) const;
  std::vector<TaskView> list() const;  // by name; statuses without partitions
  std::vector<TaskStatus> statuses() const;
  struct Memory {
    std::uint64_t used = 0;
    std::uint64_t limit = 0;
  };
  std::size_t hanging_threads() const;  // that have not come round for long; waits for nobody
  bool goes_on() const;                 // the supervisor does, and at least one task's poll thread, if there are any; waits for nobody
  Memory memory() const;                // records in flight of all tasks, and memory.limit
  metrics::Metrics& metrics() const;    // what is counted; lives as long as the service
  Result<TaskStatus> status(const std::string& name) const;       // asks the poll threads, for up to 15 ms
  Result<TaskStatus> last_status(const std::string& name) const;  // as they said it last, within a second; waits for nobody

  // Idempotent. What makes a task run, create() and put() as well, is to be answered to a user only once start_decided(),
  // or after kStartLimit.
  Result<TaskStatus> enable(const std::string& name);  // of a paused one: changes nothing, it is enabled
  Result<TaskStatus> disable(const std::string& name);
  Result<TaskStatus> pause(const std::string& name);
  Result<TaskStatus> resume(const std::string& name);
  // Makes runners anew, whatever they do: consumer, connector, and what placeholders stand for. Nothing is stored first:
  // what is open is read again. None named: all. Invalid if the configuration does not hold any more, e.g. since a file that
  // a placeholder names is gone: then they go on as they are.
  Result<TaskStatus> restart(const std::string& name, const std::vector<std::uint32_t>& runners = {});

  static constexpr std::chrono::seconds kStartLimit{10};
  // The offsets at which the task starts are fixed and committed; or they cannot be, which its status tells; or it shall
  // not run.
  bool start_decided(const std::string& name) const;

  enum class Goal { running, disabled, paused, gone };
  bool reached(const std::string& name, Goal goal) const;  // running: every runner runs and owns its partitions

  struct Verdict {
    std::vector<KeyProblem> problems;  // empty: nothing is wrong
    std::optional<std::vector<std::string>>
        changes;  // keys that put() would change; nothing: there is no such task, or it would be refused
  };
  // What is wrong with such a task. Masks stand for what the task of this name has. `preflight` also touches bucket and
  // broker (up to 10 s).
  Verdict validate(const std::string& name, const Config& config, bool preflight) const;
  // The keys that a task of this connector may have: the common ones and the connector's.
  Result<config::Definition> definition(const std::string& connector) const;

  Result<ObjectPage> objects(const std::string& name, const ObjectQuery& query) const;  // asks the bucket; blocks
  // Begins or goes on with a walk through all that is stored, for some seconds: ask again with what it gave until it is
  // complete. Asks bucket and broker; blocks.
  Result<VerifyReport> verify(const std::string& name, VerifyReport so_far) const;
  // Topics that the task has stored records of, or is reading now.
  Result<std::vector<std::string>> used_topics(const std::string& name) const;
  // Committed offsets. Altering them needs a disabled task at rest (else: conflict) and begins a new series (docs/delivery.md);
  // up to 50 s, since the group must have emptied (unavailable if it does not). Blocking: at most kMaxRewinds at once, else
  // conflict.
  Result<std::vector<kafka::PartitionOffset>> offsets(const std::string& name) const;
  Status alter_offsets(const std::string& name, const std::vector<OffsetChange>& changes);
  Status reset_offsets(const std::string& name);
  Result<std::vector<store::Event>> events(const std::string& name, std::int64_t after, std::size_t limit) const;
  Result<std::vector<store::Event>> all_events(std::int64_t after, std::size_t limit) const;  // of all tasks, removed ones too
  // Newest first, id < before; `name`: "" of all tasks.
  Result<std::vector<store::Event>> latest_events(const std::string& name, std::int64_t before, std::size_t limit) const;
  Result<std::int64_t> newest_event() const;  // its id

  struct InstanceView {
    std::string id;
    std::string region;
    bool reachable = false;
    std::string message;  // why not
    std::string cluster_id;
  };
  std::vector<InstanceView> instances() const;  // asks each broker, up to 2 s together
  struct TopicView {
    std::string name;
    std::int32_t partitions = 0;
    std::vector<std::string> tasks;
  };
  Result<std::vector<TopicView>> topics(const std::string& instance) const;

  // What a task with such topics, topics.regex and start.position would find if it began now, so that who makes one sees what
  // it leaves out. Asks the brokers, up to 20 s. Error: invalid with every bad key; unavailable.
  struct RecordCounts {
    std::vector<TopicRecords> topics;  // by name
    std::vector<std::string> missing;  // named, but not there
  };
  Result<RecordCounts> count_records(const std::string& instance, Config source) const;

  const plugins::Registry& registry() const;
  const std::string& advertised() const;      // host:port of this host
  Config masked(const Config& config) const;  // secrets replaced

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ch::tasks
