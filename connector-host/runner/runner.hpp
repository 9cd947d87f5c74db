// What runs an enabled task: a poll thread of its own with one consumer, one connector task object and an upload pool.
// It never gives up on what a human or time can mend: it reports an interruption and tries again with capped back-off.
// Functions may be called from any thread and do not wait for the poll thread, except where they say so.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "ckafka/instance.hpp"
#include "kafka/client_config.hpp"
#include "kafka/group_client.hpp"
#include "metrics/metrics.hpp"
#include "plugins/connector.hpp"
#include "runner/beats.hpp"
#include "runner/budget.hpp"
#include "runner/status.hpp"
#include "store/store.hpp"

namespace ch::runner {

// What the start of a task needs to know of its past, and of where it has to begin.
struct StartAnswer {
  std::optional<Interruption> trouble;
  std::uint64_t series = 1;
  Config topic_ids;  // see TaskInfo
};

// What becomes of records that cannot be stored: the task's errors.*.
struct ErrorSettings {
  bool tolerate = false;          // false: the partition stops before the first one
  std::string dead_letter_topic;  // "" none
  int replication_factor = 3;     // of that topic, if it has to be created
  bool context_headers = true;
  bool log = false;
  bool log_messages = false;
};

struct RunnerSpec {
  TaskInfo info;  // resolved configuration; the cluster id is filled in by the runner
  std::string host;
  std::string group_id;
  std::string group_instance_id;
  std::function<Result<kafka::Properties>()> cluster;  // of the instance, its secrets as they are now
  std::shared_ptr<ckafka::Instance> ckafka;            // CKafka's API for it; null if it is not to be asked
  kafka::Properties overrides;
  ErrorSettings errors;
  std::vector<std::string> topics;  // names, or one regular expression that begins with ^
  std::shared_ptr<const plugins::Connector> connector;
  Budget* host_budget = nullptr;
  std::shared_ptr<metrics::TaskMetrics> metrics;
  bool paused = false;
  const Clock* clock = &system_clock();  // of the poll thread, and of what runs on it
  std::shared_ptr<Beats> beats = std::make_shared<Beats>();

  // Called on the poll thread, several runners of a task at the same time. Each of these is safe for that.
  std::function<StartAnswer(kafka::GroupClient&, const std::map<std::string, std::int32_t>& partitions)> fix_start;
  std::function<std::optional<store::SavedOffset>(const kafka::TopicPartition&)> saved_offset;
  std::function<void(std::vector<store::SavedOffset>)> save_offsets;
  std::function<void(store::Event)> add_event;
};

// What brokers that do not answer, or refuse us, mean: CKafka's API knows if their instance is isolated. Never blocks.
Interruption explained(ckafka::Instance* instance, const Interruption& trouble);

class Runner {
 public:
  explicit Runner(RunnerSpec spec);
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  ~Runner();  // as stop(discard), and waits for the thread

  // Ends it: `discard` drops what is open; else it is stored and committed first, for as long as that takes or until
  // `at_most` is over. May be called again with a harder choice.
  void stop(bool discard, std::optional<std::chrono::milliseconds> at_most);
  bool stopped() const;
  // Before stop(): none that reads the same topics will follow. It leaves the group, which else keeps its partitions for it until its
  // session times out.
  void leave_for_good();
  void pause(bool on);
  void retry();  // ends all waiting for a next try, and has credentials read anew

  bool ask_status();            // makes the poll thread publish a fresh one soon; false: it is not in a session that could
  RunnerStatus status() const;  // INTERRUPTED for runner_stuck while the poll thread does not come round
  // Tells, once, when the poll thread does not come round, and when it does again. For one thread at a time, now and then.
  void watch();
  std::uint64_t status_count() const;  // how many have been published
  // True when the start offsets are fixed and committed: a crash from here on changes nothing.
  bool start_fixed() const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace ch::runner
