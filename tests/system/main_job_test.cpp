// The main job: records of every kind go in, the host is killed in the middle, and everything is in the bucket once.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <future>
#include <random>

#include "world.hpp"

using namespace ch::test;

namespace {

using Clock = std::chrono::steady_clock;

std::uint64_t test_seed() {
  const char* given = std::getenv("CH_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
}

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

void judge(World& world, const std::string& task, const Ledger& ledger, double seconds) {
  const auto report = world.check(task, ledger);
  INFO(report.summary());
  CHECK(report.ok());
  CHECK(report.records == ledger.records());
  const double megabytes = static_cast<double>(ledger.bytes()) / 1e6;
  figure(fmt::format("{}: {} records, {:.0f} MB, {} objects in {:.1f} s ({:.1f} MB/s, {:.0f} records/s), {} lost, {} twice, {} wrong", task,
                     ledger.records(), megabytes, report.objects, seconds, megabytes / seconds,
                     static_cast<double>(ledger.records()) / seconds, report.lost_count, report.twice_count, report.wrong_count));
}

}  // namespace

TEST_CASE("50 000 records, five kill -9 at random moments", "[main_job]") {
  constexpr std::int32_t kPartitions = 4;
  const auto seed = test_seed();
  std::mt19937_64 random(seed);
  World world;
  world.admin().create_topic("small-job", kPartitions);
  LedgerProducer producer(world.bootstrap(), "small-job", Mix{seed});
  world.host().start();
  const auto begin = Clock::now();
  world.create("small-job",
               world.config("small-job", {{"rotate.interval.ms", "300"}, {"rotate.records", "700"}, {"rotate.bytes", "262144"}}));
  std::string moments;
  for (int kill = 0; kill < 5; ++kill) {
    producer.produce(10000, kPartitions);
    const std::chrono::milliseconds alive(50 + random() % 1500);
    CHECK_FALSE(world.host().process().wait(alive));
    world.host().kill();
    moments += fmt::format(" {}", alive.count());
    world.host().start();
  }
  producer.flush();
  INFO("seed " << seed << ", killed after ms:" << moments);
  CHECK(world.drained("small-job", "small-job", kPartitions, 90s));
  judge(world, "small-job", producer.ledger(), seconds_since(begin));
}

TEST_CASE("1 000 000 records, 16 partitions, two kill -9", "[main_job]") {
  constexpr std::int32_t kPartitions = 16;
  constexpr std::uint64_t kRecords = 1000000;
  World world;
  world.admin().create_topic("main-job", kPartitions);
  LedgerProducer producer(world.bootstrap(), "main-job", Mix{test_seed()});
  producer.produce(kRecords / 4, kPartitions);
  producer.flush();
  world.host().start();
  const auto begin = Clock::now();
  world.create(
      "main-job",
      world.config("main-job",
                   {{"rotate.interval.ms", "2000"}, {"rotate.records", "20000"}, {"rotate.bytes", "4MiB"}, {"part.bytes", "1MiB"}}));
  auto rest = std::async(std::launch::async, [&] {
    producer.produce(kRecords - kRecords / 4, kPartitions);
    producer.flush();
  });
  for (const auto share : {kRecords / 10, kRecords / 2}) {
    CHECK(eventually(
        120s, [&] { return committed_sum(world.admin(), "main-job", "main-job", kPartitions) >= static_cast<std::int64_t>(share); }));
    world.host().kill();
    CHECK(committed_sum(world.admin(), "main-job", "main-job", kPartitions) < static_cast<std::int64_t>(kRecords));
    world.host().start();
  }
  rest.get();
  CHECK(world.drained("main-job", "main-job", kPartitions, 180s));
  judge(world, "main-job", producer.ledger(), seconds_since(begin));
  const auto status = world.host().status("main-job");
  REQUIRE(status.at("partitions").size() == kPartitions);
  for (const auto& partition : status.at("partitions")) CHECK(partition.at("lag") == 0);
}
