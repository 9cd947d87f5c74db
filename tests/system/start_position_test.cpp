// Where a task starts is fixed before enable answers: a crash right behind the answer changes nothing.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
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

TEST_CASE("whoever makes a task is told how many records lie before its start", "[start]") {
  World world;
  world.admin().create_topic("start-told", 2);
  LedgerProducer producer(world.bootstrap(), "start-told", Mix{44});
  producer.produce(200, 2);
  producer.flush();
  auto& host = world.host();
  host.start();
  const auto count = [&](const std::string& query) { return host.get("/v1/instances/default/records?" + query).json; };
  const json found = {{"name", "start-told"}, {"partitions", 2}, {"records", 200}, {"skipped", 200}};
  CHECK(count("topics=start-told,no-such-topic") ==
        json({{"records", 200}, {"skipped", 200}, {"topics", {found}}, {"missing", {"no-such-topic"}}}));
  CHECK(count("topics=no-such-topic&start.position=") ==
        json({{"records", 0}, {"skipped", 0}, {"topics", json::array()}, {"missing", {"no-such-topic"}}}));
  CHECK(count("topics=start-told&start.position=").at("skipped") == 200);
  CHECK(count("topics.regex=start-tol.*&start.position=earliest").at("skipped") == 0);
  CHECK(count("topics=start-told&start.position=2020-01-01T00:00:00Z").at("skipped") == 0);
  CHECK(count("topics=start-told&start.position=committed").at("skipped") == nullptr);
  CHECK(host.get("/v1/instances/default/records").status == 422);
  CHECK(host.get("/v1/instances/default/records?topics=a&start.position=yesterday").status == 422);
  CHECK(host.get("/v1/instances/other/records?topics=a").status == 404);

  const auto file = world.dir() / "told.json";
  const auto task = [&](const std::string& name, const std::string& position, const std::string& command) {
    write_file(file, json({{"name", name}, {"config", world.config("start-told", {{"start.position", position}})}}).dump());
    return run({binary("connector-host").string(), "task", command, file.string(), "--url", host.url()}, 60s);
  };
  const auto latest = task("told-latest", "latest", "create");
  INFO(latest.output << latest.errors);
  CHECK(latest.status == 0);
  CHECK(latest.errors.find("starts behind 200 existing records; start.position=earliest would take them") != std::string::npos);
  CHECK(host.get("/v1/tasks/told-latest/status").json.at("starts_behind") == 200);
  const auto events = host.get("/v1/tasks/told-latest/events?limit=1000").json.at("events");
  CHECK(std::any_of(events.begin(), events.end(), [](const json& event) {
    return event.at("kind") == "start" && event.at("message").get<std::string>().find("behind 200 existing records") != std::string::npos;
  }));

  const auto earliest = task("told-earliest", "earliest", "apply");
  CHECK(earliest.errors.find("starts behind") == std::string::npos);
  CHECK(host.get("/v1/tasks/told-earliest/status").json.at("starts_behind") == 0);

  // One that goes on has left nothing out.
  CHECK(host.post("/v1/tasks/told-latest/disable?wait=30s").status == 200);
  CHECK(host.post("/v1/tasks/told-latest/enable").json.at("starts_behind") == nullptr);
}
