// One topic, one bucket and one host for the scenario tests of the writer, with what they all ask.
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "fake_cos.hpp"
#include "fake_host.hpp"
#include "writer/offset_state.hpp"

namespace ch::cos_test {

using Effect = FakeCos::Effect;
using cos::Outcome;

// Partition 0 begins at offset 100.
struct Bench {
  explicit Bench(Config more = {}, std::uint64_t memory = 1 << 20, int partitions = 1, HostOptions host_options = {})
      : broker(partitions), task(with_defaults(std::move(more), memory)), options(host_options) {
    cos->page_size = 1000;
    for (auto& partition : broker.partitions) partition.committed.offset = partition.end = 100;
    start();
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;
  ~Bench() {
    cos->fault = nullptr;
    std::uint64_t left = 0;
    if (host) host->reserved_at_end = &left;
    host.reset();
    CHECK(left == 0);
  }

  // A host that knows nothing of the one before it.
  void start() { host = std::make_unique<FakeHost>(broker, cos, task, options); }
  void restart() {
    host.reset();
    start();
    host->open({0});
  }

  TopicPartition& partition(int number = 0) { return broker.partitions.at(static_cast<std::size_t>(number)); }
  void produce(int count, int number = 0, const std::string& value = "v") {
    for (int i = 0; i < count; ++i) partition(number).append(value);
  }
  void pass(std::int64_t ms) {
    broker.clock_ms += ms;
    host->tick();
  }
  // Opens partition 0 and waits until it goes on.
  void open() {
    host->open({0});
    host->run_jobs();
    REQUIRE(host->resumed(0));
  }
  void flush() {
    host->sink().flush();
    host->settle();
  }

  cos::State state(int number = 0) {
    return std::get<cos::State>(cos::decode(partition(number).committed.state, partition(number).committed.offset));
  }
  cos::Intent intent(int number = 0) { return std::get<cos::Intent>(state(number)); }
  cos::Idle idle(int number = 0) { return std::get<cos::Idle>(state(number)); }
  const FakeCos::Object& object(const std::string& key) const { return cos->objects.at(key); }
  FakeCos::Object& only_object() {
    REQUIRE(cos->objects.size() == 1);
    return cos->objects.begin()->second;
  }
  std::string reason(int number = 0) const {
    const auto found = host->interruptions.find(number);
    return found == host->interruptions.end() ? "" : found->second.reason;
  }
  // Fails every call of the verb until it is cleared.
  void fail(const std::string& verb, Effect effect, cos::Failure with = failure(Outcome::retry)) {
    cos->fault = [verb, effect, with](const std::string& called, const std::string&) {
      return called == verb ? FakeCos::Fault{effect, with} : FakeCos::Fault{};
    };
  }
  void fail_once(const std::string& verb, Effect effect, cos::Failure with = failure(Outcome::retry)) {
    cos->fault = [verb, effect, with, left = 1](const std::string& called, const std::string&) mutable {
      return called == verb && left-- > 0 ? FakeCos::Fault{effect, with} : FakeCos::Fault{};
    };
  }

  // An object of the task as an earlier host would have stored it.
  void put_object(const std::string& key, std::int64_t start, std::int64_t end, cos::Metadata other = {}, int number = 0) {
    const cos::Identity identity{task.cluster, task.name, "orders", number, partition(number).series};
    auto stored = cos::object_options(cos::make_settings(task), identity, {start, end, static_cast<std::uint64_t>(end - start)});
    for (auto& [name, value] : other) stored.metadata[name] = value;
    cos->objects[key] = {"there\n", stored};
  }
  cos::Intent commit_intent(std::int64_t start, std::int64_t end, const std::string& key, int number = 0) {
    cos::Intent intent;
    intent.key = key;
    intent.start = start;
    intent.end = end;
    intent.fingerprint = cos::make_settings(task).fingerprint;
    intent.records = static_cast<std::uint64_t>(end - start);
    intent.bytes = 2 * intent.records;
    intent.time_ms = broker.clock_ms;
    partition(number).committed = {start, cos::encode(intent)};
    return intent;
  }

  Broker broker;
  std::shared_ptr<FakeCos> cos = std::make_shared<FakeCos>();
  TaskInfo task;
  HostOptions options;
  std::unique_ptr<FakeHost> host;

 private:
  static TaskInfo with_defaults(Config more, std::uint64_t memory) {
    more.insert({"object.key.template", kTemplate});
    return task_info(std::move(more), memory);
  }
  static constexpr const char* kTemplate = "{topic}/{time:%Y%m%d%H%M%S}-{partition}-{start_offset}{ext}";
};

// Keys of the bench's template at its first second.
inline std::string key_at(std::int64_t start, int partition = 0) {
  return "orders/20231114221320-" + std::to_string(partition) + "-" + std::to_string(start) + ".txt";
}

}  // namespace ch::cos_test
