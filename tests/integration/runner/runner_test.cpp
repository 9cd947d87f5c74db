// A runner against the embedded broker: what it delivers, commits and reports. Real brokers: tests/system.
#include "runner/runner.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "dev/broker.hpp"
#include "runner_parts.hpp"
#include "support/kafka/admin.hpp"
#include "support/kafka/producer.hpp"
#include "support/process/eventually.hpp"

using namespace ch;
using namespace ch::runner;
using namespace std::chrono_literals;

namespace {

constexpr auto kLong = 120s;  // the embedded broker takes its time for a join, sanitizers and neighbours for everything

struct World : test::RunnerParts {
  std::unique_ptr<dev::Broker> broker = dev::Broker::start().value();
  std::map<kafka::TopicPartition, store::SavedOffset> saved;  // mutex

  World() { REQUIRE(broker->create_topic("orders", 4)); }
  RunnerSpec spec() {
    auto s = RunnerParts::spec("orders", broker->bootstrap(), {"orders"});
    s.saved_offset = [this](const kafka::TopicPartition& where) -> std::optional<store::SavedOffset> {
      const std::lock_guard lock(mutex);
      const auto found = saved.find(where);
      return found == saved.end() ? std::nullopt : std::optional(found->second);
    };
    s.save_offsets = [this](std::vector<store::SavedOffset> offsets) {
      const std::lock_guard lock(mutex);
      for (auto& o : offsets) saved[{o.topic, o.partition}] = o;
    };
    return s;
  }
  bool had_event(const std::string& kind) { return count(kind) > 0; }
  // Every offset of every partition once and in order.
  void check_complete(const test::Ledger& ledger) {
    const std::lock_guard lock(recording.mutex);
    for (const auto& [partition, entries] : ledger.partitions) {
      std::vector<std::int64_t> expected;
      for (const auto& entry : entries) expected.push_back(entry.offset);
      CHECK(recording.offsets[partition] == expected);
    }
  }
};

test::Mix small_mix() {
  test::Mix mix;
  mix.large = 0;
  return mix;
}

}  // namespace

TEST_CASE("runner: delivers every record once and in order, commits what is asked, and goes on there after a restart") {
  World world;
  test::LedgerProducer producer(world.broker->bootstrap(), "orders", small_mix());
  producer.produce(8000, 4);
  producer.flush();
  {
    Runner runner(world.spec());
    REQUIRE(test::eventually(kLong, [&] { return world.recording.records() == 8000; }));
    CHECK(runner.start_fixed());
    REQUIRE(test::eventually(kLong, [&] {
      runner.ask_status();
      const auto status = runner.status();
      std::int64_t lag = 0;
      for (const auto& p : status.partitions) lag += p.end_offset - p.committed_offset;
      return status.state == State::running && status.partitions.size() == 4 && lag == 0;
    }));
    runner.stop(false, std::nullopt);
    REQUIRE(test::eventually(kLong, [&] { return runner.stopped(); }));
    CHECK(world.recording.flushes == 1);
  }
  producer.produce(4000, 4);
  producer.flush();
  Runner runner(world.spec());
  REQUIRE(test::eventually(kLong, [&] { return world.recording.records() == 12000; }));
  world.check_complete(producer.ledger());
  const std::lock_guard lock(world.recording.mutex);
  REQUIRE(world.recording.opened.size() == 8);
  for (std::size_t i = 4; i < 8; ++i) {
    CHECK(world.recording.opened[i].committed_offset == 2000);
    CHECK(world.recording.opened[i].state == "at 2000");
  }
}

TEST_CASE("runner: a connector that takes little at a time gets the same records again, none lost, none twice") {
  World world;
  world.recording.take_at_most = 7;
  test::LedgerProducer producer(world.broker->bootstrap(), "orders", small_mix());
  producer.produce(3000, 4);
  producer.flush();
  Runner runner(world.spec());
  const bool delivered = test::eventually(kLong, [&] { return world.recording.records() == 3000; });
  const bool ended = test::eventually(kLong, [&] {
    const std::lock_guard lock(world.recording.mutex);
    return world.recording.end_of_partition.size() == 4;
  });
  CAPTURE(world.recording.records(), runner.status().state, runner.status().partitions.size());
  CHECK(delivered);
  CHECK(ended);
  world.check_complete(producer.ledger());
}

TEST_CASE("runner: partitions that can take nothing hold up no other one, and go on where they were, also after a rejoin") {
  World world;
  world.recording.blocked = {1, 2};
  auto spec = world.spec();
  spec.info.buffer_memory = 1 << 20;  // far less than is waiting
  test::LedgerProducer producer(world.broker->bootstrap(), "orders", small_mix());
  const auto produce = [&] {
    for (int i = 0; i < 6000; ++i) producer.send(i % 4, std::string(1000, 'x'));
    producer.flush();
  };
  produce();
  auto runner = std::make_unique<Runner>(std::move(spec));
  REQUIRE(test::eventually(kLong, [&] { return world.recording.records() == 3000; }));
  CHECK(test::eventually(kLong, [&] { return runner->status().state == State::running; }));
  runner->stop(false, std::nullopt);
  REQUIRE(test::eventually(kLong, [&] { return runner->stopped(); }));
  {
    const std::lock_guard lock(world.recording.mutex);
    CHECK_FALSE(world.recording.offsets.contains(1));
  }
  spec = world.spec();
  spec.info.buffer_memory = 1 << 20;
  runner = std::make_unique<Runner>(std::move(spec));
  produce();
  REQUIRE(test::eventually(kLong, [&] { return world.recording.records() == 6000; }));
  {
    const std::lock_guard lock(world.recording.mutex);
    world.recording.blocked = {2};
  }
  REQUIRE(test::eventually(kLong, [&] { return world.recording.records() == 9000; }));
  {
    const std::lock_guard lock(world.recording.mutex);
    world.recording.blocked.clear();
  }
  REQUIRE(test::eventually(kLong, [&] { return world.recording.records() == 12000; }));
  world.check_complete(producer.ledger());
}

TEST_CASE("runner: paused it reads nothing, keeps its partitions, and goes on when resumed") {
  World world;
  auto spec = world.spec();
  spec.paused = true;
  test::LedgerProducer producer(world.broker->bootstrap(), "orders", small_mix());
  producer.produce(400, 4);
  producer.flush();
  Runner runner(std::move(spec));
  REQUIRE(test::eventually(kLong, [&] { return runner.status().state == State::paused && runner.status().partitions.size() == 4; }));
  CHECK(test::throughout(500ms, [&] { return world.recording.records() == 0; }));
  runner.pause(false);
  REQUIRE(test::eventually(kLong, [&] { return world.recording.records() == 400; }));
  world.check_complete(producer.ledger());
}

TEST_CASE("runner: a connector that fails shows as FAILED with its text and is started again by itself") {
  World world;
  world.recording.fail_in_put = "the sky fell";
  test::LedgerProducer producer(world.broker->bootstrap(), "orders", small_mix());
  producer.produce(100, 4);
  producer.flush();
  Runner runner(world.spec());
  REQUIRE(test::eventually(kLong, [&] { return world.had_event("failed"); }));
  {
    const std::lock_guard lock(world.mutex);
    const auto event = std::find_if(world.events.begin(), world.events.end(), [](const auto& e) { return e.kind == "failed"; });
    CHECK(event->message.find("the sky fell") != std::string::npos);
  }
  REQUIRE(test::eventually(kLong, [&] { return world.recording.records() == 100; }));
  CHECK(world.recording.created == 2);
}

TEST_CASE("runner: no broker is an interruption with reason, remedy and next try, and it heals") {
  World world;
  auto spec = world.spec();
  spec.cluster = [] { return kafka::Properties{{"bootstrap.servers", "127.0.0.1:1"}, {"socket.connection.setup.timeout.ms", "1000"}}; };
  Runner runner(std::move(spec));
  REQUIRE(test::eventually(kLong, [&] { return runner.status().state == State::interrupted; }));
  const auto status = runner.status();
  REQUIRE(status.interruption);
  CHECK(status.interruption->reason == "broker_unreachable");
  CHECK_FALSE(status.interruption->remedy.empty());
  CHECK(status.interruption->next_try_ms > 0);
  CHECK_FALSE(runner.start_fixed());
  runner.stop(false, std::nullopt);
  CHECK(test::eventually(kLong, [&] { return runner.stopped(); }));
}

TEST_CASE("runner: a topic that is not there is named, and the task runs once it is") {
  World world;
  auto spec = world.spec();
  spec.topics = {"later"};
  Runner runner(std::move(spec));
  REQUIRE(test::eventually(kLong, [&] { return runner.status().interruption && runner.status().interruption->reason == "topic_missing"; }));
  CHECK(runner.status().interruption->message.find("later") != std::string::npos);
  REQUIRE(world.broker->create_topic("later", 2));
  runner.retry();
  CHECK(test::eventually(kLong, [&] { return runner.status().state == State::running; }));
}

TEST_CASE("runner: offsets that the broker does not know are taken from what the host has kept") {
  World world;
  test::LedgerProducer producer(world.broker->bootstrap(), "orders", small_mix());
  producer.produce(400, 4);
  producer.flush();
  world.saved[{"orders", 2}] = {"orders", 2, 60, ""};  // an offset without a state is enough
  Runner runner(world.spec());
  REQUIRE(test::eventually(kLong, [&] { return world.recording.records() == 340; }));
  const std::lock_guard lock(world.recording.mutex);
  CHECK(world.recording.offsets[2].front() == 60);
  CHECK(world.recording.offsets[1].front() == 0);  // never known: added since, from its beginning
}
