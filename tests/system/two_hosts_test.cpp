// Two hosts with the same task share its partitions; when one is gone the other has them all.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "world.hpp"

using namespace ch::test;

namespace {

std::size_t owned(const HostProcess& host, const std::string& task) {
  const auto status = host.status(task);
  return status.is_object() && status.value("state", "") == "RUNNING" ? status.at("partitions").size() : 0;
}

}  // namespace

TEST_CASE("two hosts share a task, and one is killed, one is stopped, nothing is lost or stored twice", "[two_hosts]") {
  constexpr std::int32_t kPartitions = 8;
  World world;
  const auto second = world.another_host();
  world.admin().create_topic("shared", kPartitions);
  LedgerProducer producer(world.bootstrap(), "shared", Mix{61});
  const auto config = world.config("shared", {{"rotate.interval.ms", "300"}});
  world.host().start();
  second->start();
  world.create("shared", config);
  producer.produce(8000, kPartitions);
  REQUIRE(second->post("/v1/tasks", {{"name", "shared"}, {"config", config}}).status == 201);
  CHECK(eventually(60s, [&] { return owned(world.host(), "shared") == 4 && owned(*second, "shared") == 4; }));
  producer.produce(8000, kPartitions);

  world.host().kill();
  producer.produce(8000, kPartitions);
  const auto begin = std::chrono::steady_clock::now();
  CHECK(eventually(60s, [&] { return owned(*second, "shared") == kPartitions; }));
  figure(fmt::format("two hosts: all partitions taken over {:.1f} s after a kill -9",
                     std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()));
  world.host().start();
  CHECK(eventually(60s, [&] { return owned(world.host(), "shared") == 4; }));
  producer.produce(8000, kPartitions);
  CHECK(second->stop() == 0);
  producer.produce(8000, kPartitions);
  producer.flush();
  CHECK(world.drained("shared", "shared", kPartitions, 90s));
  const auto report = world.check("shared", producer.ledger());
  INFO(report.summary() << "\nsecond host:\n" << second->log_end() << "\nfirst host:\n" << world.host().log_end());
  CHECK(report.ok());
}

TEST_CASE("two hosts share a task, and its start.position is changed on both: everything is stored again once, and both go on",
          "[two_hosts]") {
  World world;
  const auto second = world.another_host();
  world.admin().create_topic("shared-again", 2);
  LedgerProducer producer(world.bootstrap(), "shared-again", Mix{62});
  producer.produce(1000, 2);
  producer.flush();
  auto config = world.config("shared-again", {{"rotate.interval.ms", "300"}});
  world.host().start();
  second->start();
  world.create("shared-again", config);
  REQUIRE(second->post("/v1/tasks", {{"name", "shared-again"}, {"config", config}}).status == 201);
  CHECK(eventually(60s, [&] { return owned(world.host(), "shared-again") == 1 && owned(*second, "shared-again") == 1; }));
  CHECK(world.drained("shared-again", "shared-again", 2));

  config["start.position"] = "2020-01-01T00:00:00Z";
  for (auto* host : {&world.host(), second.get()}) {
    CHECK(host->request("PUT", "/v1/tasks/shared-again", {{"config", config}, {"enabled", true}}).status == 200);
  }
  CHECK(eventually(90s, [&] { return owned(world.host(), "shared-again") == 1 && owned(*second, "shared-again") == 1; }));
  CHECK(world.drained("shared-again", "shared-again", 2));
  auto answer = world.host().post("/v1/tasks/shared-again/verify");
  while (answer.status == 200 && !answer.json.at("complete").get<bool>())
    answer = world.host().post("/v1/tasks/shared-again/verify", answer.json);
  INFO(answer.body << "\nsecond host:\n" << second->log_end() << "\nfirst host:\n" << world.host().log_end());
  REQUIRE(answer.status == 200);
  for (const auto& partition : answer.json.at("partitions")) {
    const auto& chains = partition.at("chains");
    REQUIRE(chains.size() == 2);
    CHECK((chains[0].at("series") == 1 && chains[0].at("records") == 500));
    CHECK((chains[1].at("series") == 2 && chains[1].at("records") == 500));
  }
}
