// What a kill -9 of the host must not change.
#include <catch2/catch.hpp>

#include "world.hpp"

using namespace ch::test;

TEST_CASE("after kill -9 the same tasks are in the same states", "[restart]") {
  World world;
  world.admin().create_topic("restart", 2);
  LedgerProducer producer(world.bootstrap(), "restart", Mix{21});
  auto& host = world.host();
  host.start();
  world.create("restart-running", world.config("restart"));
  world.create("restart-disabled", world.config("restart", {{"rotate.records", "77"}}), false);
  world.create("restart-paused", world.config("restart"));
  world.create("restart-gone", world.config("restart"));
  REQUIRE(world.reaches("restart-running", "RUNNING"));
  REQUIRE(world.reaches("restart-paused", "RUNNING"));
  REQUIRE(host.post("/v1/tasks/restart-paused/pause").status == 202);
  REQUIRE(world.reaches("restart-paused", "PAUSED"));
  REQUIRE(host.request("DELETE", "/v1/tasks/restart-gone").status < 300);
  REQUIRE(eventually(30s, [&] { return host.get("/v1/tasks/restart-gone").status == 404; }));
  const auto config_before = host.get("/v1/tasks/restart-disabled").json.at("config");

  host.kill();
  producer.produce(2000, 2);
  producer.flush();
  host.start();

  CHECK(world.reaches("restart-running", "RUNNING"));
  CHECK(world.reaches("restart-paused", "PAUSED"));
  CHECK(host.state("restart-disabled") == "DISABLED");
  CHECK(host.get("/v1/tasks/restart-disabled").json.at("config") == config_before);
  CHECK(host.get("/v1/tasks/restart-gone").status == 404);
  CHECK(world.drained("restart-running", "restart", 2));
  CHECK(world.check("restart-running", producer.ledger()).ok());
  CHECK(committed_sum(world.admin(), "restart-paused", "restart", 2) == 0);

  CHECK(host.post("/v1/tasks/restart-paused/resume").status == 202);
  CHECK(world.reaches("restart-paused", "RUNNING"));
  CHECK(world.drained("restart-paused", "restart", 2));
  CHECK(world.check("restart-paused", producer.ledger()).ok());
}

TEST_CASE("SIGTERM stores what is open, commits it and ends with 0", "[restart]") {
  World world;
  world.admin().create_topic("sigterm", 2);
  LedgerProducer producer(world.bootstrap(), "sigterm", Mix{22});
  producer.produce(500, 2);
  producer.flush();
  world.host().start();
  world.create("sigterm", world.config("sigterm", {{"rotate.interval.ms", "600000"}}));
  const auto read_all = [&] {
    const auto status = world.host().status("sigterm");
    if (!status.is_object() || status.at("partitions").size() != 2) return false;
    for (const auto& partition : status.at("partitions")) {
      if (partition.at("position") != 250) return false;
    }
    return true;
  };
  REQUIRE(eventually(30s, read_all));
  CHECK(count_objects(world.bucket()) == 0);
  CHECK(world.host().stop() == 0);
  CHECK(world.admin().lag("connect-sigterm", "sigterm", 2) == 0);
  const auto report = world.check("sigterm", producer.ledger());
  INFO(report.summary());
  CHECK(report.ok());
  CHECK(report.objects == 2);
}
