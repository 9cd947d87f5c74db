// A runner whose wall clock is set, whose poll thread hangs, or all of whose partitions stand for one cause.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>

#include "dev/broker.hpp"
#include "runner_parts.hpp"
#include "support/kafka/producer.hpp"
#include "support/process/eventually.hpp"

using namespace ch;
using namespace ch::runner;
using namespace std::chrono_literals;

namespace {

constexpr auto kLong = 120s;  // the embedded broker takes its time for a join, sanitizers and neighbours for everything

// Goes on as the system's does; each of the two may be set.
class SetClock final : public Clock {
 public:
  Instant steady() const override { return steady_now() + milliseconds(passed_); }
  std::int64_t wall_ms() const override { return ch::wall_ms() + off_ms_; }
  void set_wall(milliseconds off) { off_ms_ = off.count(); }
  void pass(milliseconds time) { passed_ += time.count(); }

 private:
  std::atomic<std::int64_t> off_ms_ = 0;
  std::atomic<std::int64_t> passed_ = 0;
};

struct World : test::RunnerParts {
  std::unique_ptr<dev::Broker> broker = dev::Broker::start().value();
  SetClock clock;

  World() { REQUIRE(broker->create_topic("orders", 4)); }
  RunnerSpec spec() {
    auto s = RunnerParts::spec("orders", broker->bootstrap(), {"orders"});
    s.clock = &clock;
    return s;
  }
  std::vector<store::Event> events_of(const std::string& kind) {
    const std::lock_guard lock(mutex);
    std::vector<store::Event> out;
    for (const auto& event : events)
      if (event.kind == kind) out.push_back(event);
    return out;
  }
};

bool reaches(Runner& runner, State state) {
  return test::eventually(kLong, [&] {
    runner.ask_status();
    return runner.status().state == state;
  });
}

}  // namespace

TEST_CASE("runner: a wall clock that is set by any amount, forward or back, keeps nothing from being delivered and committed") {
  World world;
  test::LedgerProducer producer(world.broker->bootstrap(), "orders", {});
  Runner runner(world.spec());
  REQUIRE(reaches(runner, State::running));
  std::size_t produced = 0;
  for (const auto off : {-30s, -600s, -28'800s, 34'560'000s, 0s, -34'560'000s}) {
    INFO("off by " << off.count() << " s");
    world.clock.set_wall(off);
    producer.produce(200, 4);
    producer.flush();
    produced += 200;
    CHECK(test::eventually(kLong, [&] { return world.recording.records() == produced; }));
    CHECK(test::eventually(kLong, [&] {
      runner.ask_status();
      const auto status = runner.status();
      const bool all = std::all_of(status.partitions.begin(), status.partitions.end(),
                                   [](const auto& one) { return one.committed_offset == one.end_offset; });
      return status.partitions.size() == 4 && all;
    }));
  }
  CHECK(world.events_of("rejoin").empty());
}

TEST_CASE("runner: a poll thread that does not come round is told of once, and when it does again") {
  World world;
  test::LedgerProducer producer(world.broker->bootstrap(), "orders", {});
  auto spec = world.spec();
  const auto beats = spec.beats;
  Runner runner(std::move(spec));
  REQUIRE(reaches(runner, State::running));
  {
    const std::lock_guard hangs(world.recording.mutex);  // so that the connector's next call does not return
    producer.produce(100, 4);
    producer.flush();
    std::this_thread::sleep_for(2s);  // it is called once a second
    runner.watch();
    CHECK(runner.status().state == State::running);  // not for what takes a little longer
    world.clock.pass(Beats::kLong);
    const auto status = runner.status();
    CHECK(status.stuck);
    CHECK(status.state == State::interrupted);
    REQUIRE(status.interruption);
    CHECK(status.interruption->reason == "runner_stuck");
    CHECK(beats->hanging(world.clock.steady()) == std::vector<std::string>{"runner 0 of orders"});
    runner.watch();
    runner.watch();
  }
  const auto told = world.events_of("interrupted");
  REQUIRE(told.size() == 1);
  CHECK(told[0].reason == "runner_stuck");
  CHECK(told[0].state == "INTERRUPTED");
  CHECK(test::eventually(kLong, [&] { return !runner.status().stuck; }));
  runner.watch();
  runner.watch();
  REQUIRE(world.events_of("recovered").size() == 1);
  CHECK(test::eventually(kLong, [&] { return world.recording.records() == 100; }));
}

TEST_CASE("runner: one cause that stops all partitions is one event, one interruption and one recovery") {
  World world;
  Runner runner(world.spec());
  REQUIRE(reaches(runner, State::running));
  const auto stand = [&](const std::string& reason) {
    const std::lock_guard lock(world.recording.mutex);
    world.recording.stands_for = reason;
  };
  stand("bucket_missing");
  REQUIRE(reaches(runner, State::interrupted));
  CHECK(test::eventually(kLong, [&] { return !world.events_of("interrupted").empty(); }));
  const auto status = runner.status();
  REQUIRE(status.interruption);
  CHECK(status.interruption->reason == "bucket_missing");
  CHECK(status.interruption->partitions == 4);
  CHECK(status.interruption->of_partitions == 4);
  for (const auto& one : status.partitions) {
    REQUIRE(one.interruption);  // each keeps its own
    CHECK(one.interruption->message == "partition " + std::to_string(one.partition) + " stands");
  }
  std::this_thread::sleep_for(3s);  // it is told again every second by the connector
  const auto told = world.events_of("interrupted");
  REQUIRE(told.size() == 1);
  CHECK(told[0].message.starts_with("4 of 4 partitions (orders 0-3): partition "));
  stand("");
  REQUIRE(reaches(runner, State::running));
  CHECK(world.events_of("recovered").size() == 1);
}
