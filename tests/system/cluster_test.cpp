// Two brokers: the group's coordinator, and leaders of the topic, move from one to the other and back.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "world.hpp"

using namespace ch::test;

namespace {

constexpr const char* kTopic = "moved";
constexpr std::int32_t kPartitions = 4;
constexpr const char* kOffsets = "__consumer_offsets";

// Where the coordinator of a group is, as the broker works it out: Java's hash of its name.
std::int32_t offsets_partition(const std::string& group) {
  std::uint32_t hash = 0;
  for (const char c : group) hash = 31 * hash + static_cast<unsigned char>(c);
  return static_cast<std::int32_t>((hash & 0x7fffffffU) % KafkaBroker::kOffsetsPartitions);
}

}  // namespace

TEST_CASE("the group's coordinator moves to another broker, in order and by kill -9, and back", "[breaks]") {
  KafkaBroker first(KafkaBroker::Pair{});
  first.start();
  KafkaBroker second(KafkaBroker::Pair{&first});
  second.start();
  World world(first.bootstrap() + "," + second.bootstrap(), json::object());
  auto& admin = world.admin();
  REQUIRE(eventually(30s, [&] { return admin.brokers() == 2; }));
  admin.create_topic(kTopic, kPartitions, {}, 2);
  (void)admin.committed("connect-of-nobody", kTopic, 1);  // makes the topic of offsets

  std::string task;
  const auto coordinator = [&] { return admin.leader(kOffsets, offsets_partition("connect-" + task)); };
  REQUIRE(eventually(30s, [&] {
    for (const char letter : std::string("abcdefgh")) {
      task = fmt::format("moved-{}", letter);
      if (coordinator() == 2) return true;
    }
    return false;
  }));
  // While leaders move the tests' own client may be refused.
  const auto drained = [&] {
    return eventually(90s, [&] {
      try {
        return admin.lag("connect-" + task, kTopic, kPartitions) == 0;
      } catch (const std::exception&) {
        return false;
      }
    });
  };
  LedgerProducer producer(world.bootstrap(), kTopic, Mix{96});
  world.host().start();
  world.create(task, world.config(kTopic, {{"rotate.interval.ms", "300"},
                                           {"consumer.override.session.timeout.ms", "3000"},
                                           {"consumer.override.heartbeat.interval.ms", "500"}}));
  const auto produce = [&] {
    producer.produce(2000, kPartitions);
    producer.flush();
  };
  produce();
  REQUIRE(drained());
  for (const bool killed : {false, true}) {
    CAPTURE(killed);
    REQUIRE(coordinator() == 2);
    producer.produce(2000, kPartitions);  // on its way
    if (killed) {
      second.kill();
    } else {
      second.stop();
    }
    CHECK(eventually(90s, [&] { return coordinator() == 1; }));
    produce();
    CHECK(drained());
    CHECK(world.reaches(task, "RUNNING", 60s));
    second.start();
    producer.produce(2000, kPartitions);
    CHECK(eventually(60s, [&] { return coordinator() == 2; }));
    produce();
    CHECK(drained());
  }
  CHECK(world.reaches(task, "RUNNING", 60s));
  const auto report = world.check(task, producer.ledger());
  INFO(report.summary() << world.host().log_end());
  CHECK(report.ok());
  CHECK(report.records == producer.ledger().records());
}
