// Where a task starts is fixed before enable answers: a crash right behind the answer changes nothing.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "world.hpp"

using namespace ch::test;

namespace {

std::string now_rfc3339() {
  const auto now = std::chrono::system_clock::now();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(now)), ms % 1000);
}

// 600 records, enable, kill -9 at once, 400 records, start: which offsets are stored, by the position asked for.
void crash_after_enable(const std::string& name, const std::string& position, std::map<std::int32_t, std::int64_t> first) {
  World world;
  world.admin().create_topic(name, 2);
  LedgerProducer producer(world.bootstrap(), name, Mix{41});
  producer.produce(600, 2);
  producer.flush();
  world.host().start();
  world.create(name, world.config(name, {{"start.position", position}}));
  world.host().kill();
  producer.produce(400, 2);
  producer.flush();
  world.host().start();
  CHECK(world.reaches(name, "RUNNING"));
  CHECK(world.drained(name, name, 2));
  const auto report = world.check(name, producer.ledger(), first);
  INFO(report.summary());
  CHECK(report.ok());
}

}  // namespace

TEST_CASE("latest: what was there before enable is not stored, what came after is, over a crash", "[start]") {
  crash_after_enable("start-latest", "latest", {{0, 300}, {1, 300}});
}

TEST_CASE("earliest: everything is stored, over a crash", "[start]") { crash_after_enable("start-earliest", "earliest", {}); }

TEST_CASE("a time: what is at least so young is stored", "[start]") {
  World world;
  world.admin().create_topic("start-time", 2);
  LedgerProducer producer(world.bootstrap(), "start-time", Mix{42});
  producer.produce(200, 2);
  producer.flush();
  // The next records must be of a later millisecond than the time named.
  const auto position = now_rfc3339();
  REQUIRE(eventually(1s, [&] { return now_rfc3339() > position; }));
  const auto later = now_rfc3339();
  REQUIRE(eventually(1s, [&] { return now_rfc3339() > later; }));
  producer.produce(300, 2);
  producer.flush();
  world.host().start();
  world.create("start-time", world.config("start-time", {{"start.position", later}}));
  producer.produce(100, 2);
  producer.flush();
  CHECK(world.drained("start-time", "start-time", 2));
  const auto report = world.check("start-time", producer.ledger(), {{0, 100}, {1, 100}});
  INFO(report.summary());
  CHECK(report.ok());
}

TEST_CASE("a partition that is added later starts at its first record", "[start]") {
  const json instance = {
      {"bootstrap.servers", shared_broker().bootstrap()}, {"region", "ap-guangzhou"}, {"topic.metadata.refresh.interval.ms", "1000"}};
  World world(json{{"instances", {{"default", instance}}}});
  world.admin().create_topic("start-grown", 1);
  LedgerProducer producer(world.bootstrap(), "start-grown", Mix{43});
  producer.produce(100, 1);
  producer.flush();
  world.host().start();
  world.create("start-grown", world.config("start-grown", {{"start.position", "latest"}}));
  REQUIRE(world.reaches("start-grown", "RUNNING"));
  world.admin().add_partitions("start-grown", 2);
  REQUIRE(eventually(20s, [&] { return world.admin().watermarks("start-grown", 2).size() == 2; }));
  LedgerProducer second(world.bootstrap(), "start-grown");
  for (int i = 0; i < 50; ++i) second.send(1, "early");
  second.flush();
  CHECK(world.drained("start-grown", "start-grown", 2));
  Ledger both = producer.ledger();
  both.partitions[1] = second.ledger().partitions.at(1);
  const auto report = world.check("start-grown", both, {{0, 100}});
  INFO(report.summary());
  CHECK(report.ok());
}
