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

TEST_CASE("two hosts share a task; one is killed, one is stopped, nothing is lost or stored twice", "[two_hosts]") {
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
