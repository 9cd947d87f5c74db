// A host and a broker in memory, in which nothing happens by itself: the test delivers records, runs jobs, stores and
// answers commits, one by one and in any order. One thread.
#pragma once

#include <connector_host/connector.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fake_cos.hpp"
#include "settings.hpp"
#include "sink.hpp"

namespace ch::cos_test {

struct LogRecord {
  std::int64_t offset = 0;
  std::string value;
  bool is_null = false;
  std::optional<std::string> key = {};
  std::vector<std::pair<std::string, std::optional<std::string>>> headers = {};
  std::int64_t timestamp_ms = 0;  // 0: that of the delivery
};

struct Committed {
  std::int64_t offset = 0;
  std::string state;
};

// One partition of the topic, and what the group has committed for it.
struct TopicPartition {
  std::int32_t number = 0;
  std::vector<LogRecord> records;  // what is left of the log
  std::int64_t end = 0;
  Committed committed;
  std::uint64_t series = 0;
  std::vector<Committed> sent;  // every commit that ever left a host: a copy of it may be late
  bool undone = false;          // `committed` is such a copy

  void append(const std::string& value) { records.push_back({end++, value}); }
};

struct Broker {
  std::int64_t clock_ms = 1'700'000'000'000;
  std::int64_t wall_step_ms = 0;  // by how much the wall clock of all hosts has been set
  std::vector<TopicPartition> partitions;
  bool answers_without_storing = false;  // a lie, to see that the oracle notices
  PartitionId next_id = 1;               // never used twice

  explicit Broker(int count) : partitions(static_cast<std::size_t>(count)) {
    for (int i = 0; i < count; ++i) partitions[static_cast<std::size_t>(i)].number = i;
  }
};

struct HostOptions {
  std::size_t queue_limit = 64;
  std::int64_t clock_skew_ms = 0;
};

TaskInfo task_info(Config more = {}, std::uint64_t buffer_memory = 1 << 20);

class FakeHost {
 public:
  FakeHost(Broker& broker, std::shared_ptr<FakeCos> cos, const TaskInfo& task, HostOptions options = {},
           const std::string& topic = "orders");
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;
  ~FakeHost();  // finishes all jobs, destroys the sink; throws nothing, leaves reserved() for the test in `reserved_at_end`

  cos::CosSink& sink() { return *sink_; }
  std::int64_t steady() const { return broker_.clock_ms + options_.clock_skew_ms; }
  std::int64_t now() const { return steady() + broker_.wall_step_ms; }  // the wall clock

  // Partitions.
  void open(const std::vector<int>& partitions);
  void close(const std::vector<int>& partitions, bool lost);
  bool owns(int partition) const { return ids_.contains(partition); }
  std::vector<int> owned() const;
  PartitionId id(int partition) const { return ids_.at(partition); }
  void die() { dead_ = true; }  // the process is gone; what its jobs have sent to COS may still arrive

  // Records. Returns how many were taken.
  std::size_t deliver(int partition, std::size_t at_most = 1000);
  bool resumed(int partition) const;
  std::int64_t position(int partition) const;

  // Jobs: a body is run, later its end is told.
  std::size_t queued_jobs() const { return queued_.size(); }
  std::size_t ended_jobs() const { return ended_.size(); }
  void run_job(std::size_t index = 0);
  void end_job(std::size_t index = 0);
  void run_all_bodies();
  void run_jobs();  // until there are none

  // Commits: sent, stored by the broker, answered.
  std::vector<int> with_requests() const;
  std::vector<int> in_flight() const;
  void send(int partition);
  void store(int partition);  // of what is in flight
  void answer(int partition, bool accepted);
  void commit_all();  // all three, until nothing is requested

  std::int64_t tick();
  // Everything that can be done without the clock moving on.
  void settle(bool with_commits = true);

  struct Told {
    std::string reason, message, remedy;
    std::int64_t next_try_ms = 0;
  };
  std::map<int, Told> interruptions;  // those that stand
  std::size_t interruptions_told = 0;
  std::int32_t reject_result = CH_FAILED;
  std::map<std::pair<int, std::int64_t>, std::string> rejected;  // partition and offset: why
  std::vector<StoredObject> stored;
  std::string log;
  std::uint64_t reserved = 0;
  std::uint64_t* reserved_at_end = nullptr;

 private:
  struct Assignment {
    int partition = 0;
    std::optional<std::int64_t> position;
    std::int64_t end_told = -1;
    unsigned resumes = 0;
  };
  struct Job {
    ch_job_fn run, done;
    void* job;
  };
  struct InFlight {
    Committed commit;
    bool stored = false;
  };

  void make_table();
  std::int32_t take_request(PartitionId id, std::int64_t offset, std::string state);

  Broker& broker_;
  std::shared_ptr<FakeCos> cos_;
  HostOptions options_;
  std::string topic_;
  std::uint64_t budget_;
  ch_host table_{};
  std::map<int, PartitionId> ids_;
  std::map<PartitionId, Assignment> assignments_;
  std::map<PartitionId, Committed> requests_;
  std::map<PartitionId, InFlight> in_flight_;
  std::deque<Job> queued_, ended_;
  bool dead_ = false;
  std::unique_ptr<cos::CosSink> sink_;
};

}  // namespace ch::cos_test
