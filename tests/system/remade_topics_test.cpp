// Topics that are deleted and made again at once, as tools do that empty them: librdkafka before 2.10 holds on to what it has
// freed of the old ones (decision 10), and takes the whole process with it.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "world.hpp"

using namespace ch::test;

namespace {

constexpr int kTopics = 12, kRounds = 15;

}  // namespace

TEST_CASE("topics that are made again at once end no host", "[breaks]") {
  World world;
  auto& host = world.host();
  host.start();
  std::string all;
  for (int i = 0; i < kTopics; ++i) {
    world.admin().create_topic(fmt::format("remade-{}", i), 2);
    all += fmt::format("{}remade-{}", i == 0 ? "" : ",", i);
  }
  world.create("remade", world.config(all));
  REQUIRE(world.reaches("remade", "RUNNING"));
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < kTopics; ++i) {
      world.admin().delete_topic(fmt::format("remade-{}", i));
      world.admin().create_topic(fmt::format("remade-{}", i), 2);
    }
    INFO(round);
    REQUIRE(throughout(500ms, [&] { return host.running(); }));
  }
  CHECK(host.stop() == 0);
}
