// What a host costs that has nothing to do, and how soon it is ready.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "proc.hpp"
#include "world.hpp"

using namespace ch::test;

namespace {

using Clock = std::chrono::steady_clock;
constexpr double kMaxOwnMemory = 15e6;
// How many wakes there are is ours, what each costs the machine's: both are held, for the one to explain the other.
constexpr double kMaxWakes = 25;  // a second
constexpr double kMaxCpuShare = 0.005;
constexpr double kMaxStart = 0.3;  // seconds, beside the broker's join time
constexpr std::chrono::seconds kMeasured{10};

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// From a client's birth to its assignment, as any consumer of this broker has it: what the host cannot be faster than.
double join_time(const std::string& bootstrap, const std::string& topic, const std::string& group) {
  const auto begin = Clock::now();
  const auto client = make_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", bootstrap}, {"group.id", group}});
  rd_kafka_poll_set_consumer(client.get());
  const Handle<rd_kafka_topic_partition_list_t> topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  expect_ok(rd_kafka_subscribe(client.get(), topics.get()), "subscribe");
  bool assigned = false;
  while (!assigned && seconds_since(begin) < 30) {
    if (auto* message = rd_kafka_consumer_poll(client.get(), 5); message != nullptr) rd_kafka_message_destroy(message);
    rd_kafka_topic_partition_list_t* list = nullptr;
    expect_ok(rd_kafka_assignment(client.get(), &list), "assignment");
    assigned = list->cnt > 0;
    rd_kafka_topic_partition_list_destroy(list);
  }
  const double seconds = seconds_since(begin);
  rd_kafka_consumer_close(client.get());
  return seconds;
}

}  // namespace

TEST_CASE("an idle host is small, quiet and quickly there", "[idle]") {
  World world;
  world.admin().create_topic("idle", 4);
  auto& host = world.host();
  host.start();
  world.create("idle", world.config("idle", {{"rotate.interval.ms", "60000"}}));
  REQUIRE(world.reaches("idle", "RUNNING"));

  double best_start = 1e9, best_join = 1e9;
  for (int i = 0; i < 3; ++i) {
    best_join = std::min(best_join, join_time(world.bootstrap(), "idle", "idle-join"));
    REQUIRE(host.stop() == 0);
    const auto begin = Clock::now();
    host.start();
    REQUIRE(world.reaches("idle", "RUNNING"));
    best_start = std::min(best_start, seconds_since(begin));
  }
  // Settled: what a start does once is over.
  REQUIRE(throughout(3s, [&] { return host.running(); }));

  const auto before = running_of(host.process().pid());
  const auto begin = Clock::now();
  REQUIRE(throughout(kMeasured, [&] { return host.running(); }));
  const auto after = running_of(host.process().pid());
  const double share = static_cast<double>(after.nanoseconds - before.nanoseconds) / 1e9 / seconds_since(begin);
  const double wakes = static_cast<double>(after.times - before.times) / seconds_since(begin);
  const auto memory = memory_of(host.process().pid(), binary("").parent_path());
  const double own = static_cast<double>(memory.rss - memory.libraries);
  figure(
      fmt::format("idle: RSS {:.1f} MB, of it shared libraries {:.1f} MB, own {:.1f} MB (anonymous {:.1f} MB); CPU {:.2f} % of a core and "
                  "{:.0f} wakes a second over {} s",
                  static_cast<double>(memory.rss) / 1e6, static_cast<double>(memory.libraries) / 1e6, own / 1e6,
                  static_cast<double>(memory.anonymous) / 1e6, share * 100, wakes, kMeasured.count()));
  figure(fmt::format("idle: start to RUNNING {:.2f} s, a plain consumer's join {:.2f} s", best_start, best_join));
  CHECK(own <= kMaxOwnMemory);
  CHECK(wakes <= kMaxWakes);
  CHECK(share <= kMaxCpuShare);
  CHECK(best_start <= kMaxStart + best_join);
}
