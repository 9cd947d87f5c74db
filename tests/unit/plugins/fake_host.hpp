// The host's side of plugin.h for tests of connectors: keeps what they ask for and does it when the test says so.
// One thread: jobs run inside run_jobs().
#pragma once

#include <connector_host/connector.hpp>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace ch::tests {

struct FakeHost {
  struct Commit {
    PartitionId partition;
    std::int64_t offset;
    std::string state;
    std::int32_t urgency;
  };
  struct Interrupted {
    PartitionId partition;
    std::string reason;
    std::string message;
    std::string remedy;
    std::int64_t next_try_ms;
  };
  struct Job {
    ch_job_fn run;
    ch_job_fn done;
    void* job;
  };

  std::int64_t now = 1'000'000;
  std::uint64_t budget = std::uint64_t{64} << 20;
  std::uint64_t reserved = 0;
  std::size_t job_slots = 100;
  std::vector<std::pair<std::int32_t, std::string>> logged;
  std::vector<Commit> commits;
  std::vector<std::pair<PartitionId, std::int64_t>> resumed;
  std::vector<Interrupted> interruptions;
  std::vector<PartitionId> recoveries;
  std::vector<std::pair<std::string, std::uint64_t>> stored;  // key, bytes
  std::vector<std::pair<std::string, std::string>> headers;   // what every record has
  std::vector<std::pair<std::string, double>> counters;
  std::deque<Job> jobs;
  ch_host c = table();

  FakeHost() = default;
  FakeHost(const FakeHost&) = delete;  // `c` points to it
  FakeHost& operator=(const FakeHost&) = delete;

  // Jobs that a job's `done` submits run as well.
  void run_jobs() {
    while (!jobs.empty()) {
      const Job job = jobs.front();
      jobs.pop_front();
      job.run(job.job);
      job.done(job.job);
    }
  }

 private:
  static FakeHost& self(void* context) { return *static_cast<FakeHost*>(context); }
  static std::string text(ch_string string) { return std::string(view(string)); }

  ch_host table() {
    ch_host t{};
    t.struct_size = sizeof(t);
    t.context = this;
    t.log = [](void* h, std::int32_t level, ch_string message) { self(h).logged.emplace_back(level, text(message)); };
    t.now_ms = [](void* h) { return self(h).now; };
    t.submit = [](void* h, ch_job_fn run, ch_job_fn done, void* job) -> std::int32_t {
      if (self(h).jobs.size() >= self(h).job_slots) return CH_BUSY;
      self(h).jobs.push_back({run, done, job});
      return CH_OK;
    };
    t.request_commit = [](void* h, ch_partition_id partition, std::int64_t offset, ch_string state, std::int32_t urgency) -> std::int32_t {
      self(h).commits.push_back({partition, offset, text(state), urgency});
      return CH_OK;
    };
    t.resume = [](void* h, ch_partition_id partition, std::int64_t offset) -> std::int32_t {
      self(h).resumed.emplace_back(partition, offset);
      return CH_OK;
    };
    t.interrupted = [](void* h, ch_partition_id partition, const ch_interruption* i) {
      self(h).interruptions.push_back({partition, text(i->reason), text(i->message), text(i->remedy), i->next_try_ms});
    };
    t.recovered = [](void* h, ch_partition_id partition) { self(h).recoveries.push_back(partition); };
    t.reserve = [](void* h, std::uint64_t bytes) -> std::int32_t {
      if (self(h).reserved + bytes > self(h).budget) return CH_BUSY;
      self(h).reserved += bytes;
      return CH_OK;
    };
    t.release = [](void* h, std::uint64_t bytes) { self(h).reserved -= bytes; };
    t.stored = [](void* h, ch_partition_id, const ch_object* object) { self(h).stored.emplace_back(text(object->key), object->bytes); };
    t.headers = [](void* h, const ch_record*, ch_header_fn each, void* user) -> std::int32_t {
      for (const auto& [name, value] : self(h).headers) {
        each(user, c_string(name), {reinterpret_cast<const unsigned char*>(value.data()), value.size()});
      }
      return CH_OK;
    };
    t.count = [](void* h, ch_string name, double amount) { self(h).counters.emplace_back(text(name), amount); };
    return t;
  }
};

// Records of one partition with these values and consecutive offsets; `values` must outlive it.
class TestBatch {
 public:
  TestBatch(const std::vector<std::string>& values, std::int64_t first_offset) {
    for (const auto& value : values) {
      ch_record record{};
      record.value = {reinterpret_cast<const unsigned char*>(value.data()), value.size()};
      record.offset = first_offset++;
      record.timestamp_ms = -1;
      records_.push_back(record);
    }
  }
  ch_batch c() const { return {sizeof(ch_batch), sizeof(ch_record), records_.data(), records_.size()}; }
  std::vector<ch_record>& records() { return records_; }

 private:
  std::vector<ch_record> records_;
};

}  // namespace ch::tests
