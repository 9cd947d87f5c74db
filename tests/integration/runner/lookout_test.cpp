// What brokers tell of topics that nobody reads, by the embedded broker.
#include "kafka/lookout.hpp"

#include <catch2/catch.hpp>

#include "base/clock.hpp"
#include "dev/broker.hpp"
#include "support/kafka/producer.hpp"

using namespace ch;
using namespace std::chrono_literals;

TEST_CASE("a lookout tells ends, what any group has committed, and since when records are there, without joining a group") {
  const auto broker = dev::Broker::start().value();
  REQUIRE(broker->create_topic("orders", 3));
  const auto began = wall_ms();
  test::LedgerProducer producer(broker->bootstrap(), "orders");
  for (int i = 0; i < 50; ++i) producer.send(i % 2, "value");
  producer.flush();
  const kafka::Properties cluster{{"bootstrap.servers", broker->bootstrap()}};
  {
    kafka::GroupClient group(cluster, "connect-orders", "test");
    REQUIRE(group.commit({{{"orders", 0}, 10, "state"}}, 10s).value);
  }
  auto made = kafka::Lookout::make(cluster, "test");
  REQUIRE(made);
  auto& lookout = **made;
  const auto topics = lookout.all_topics(10s);
  REQUIRE_FALSE(topics.trouble);
  CHECK(topics.value.at("orders") == 3);

  const std::vector<kafka::TopicPartition> partitions{{"orders", 0}, {"orders", 1}, {"orders", 2}};
  for (int round = 0; round < 2; ++round) {
    const auto ends = lookout.ends(partitions, 10s);
    REQUIRE_FALSE(ends.trouble);
    REQUIRE(ends.value.size() == 3);
    CHECK(ends.value[0].offset == 25);
    CHECK(ends.value[1].offset == 25);
    CHECK(ends.value[2].offset == 0);

    const auto committed = lookout.committed("connect-orders", partitions, 10s);
    REQUIRE_FALSE(committed.trouble);
    REQUIRE(committed.value.size() == 3);
    CHECK(committed.value[0].offset == 10);
    CHECK(committed.value[0].metadata == "state");
    CHECK(committed.value[1].offset == -1);
    const auto nobody = lookout.committed("connect-nobody", partitions, 10s);
    CHECK((nobody.trouble || nobody.value.at(0).offset == -1));

    // The last of them has no record, and does not keep the others waiting.
    const auto firsts = lookout.first_records({{{"orders", 0}, 10, ""}, {{"orders", 1}, 24, ""}, {{"orders", 2}, 0, ""}}, 10s);
    REQUIRE(firsts.size() == 2);
    for (const auto& first : firsts) {
      CHECK(first.from == (first.where.partition == 0 ? 10 : 24));
      CHECK(first.time_ms >= began - 1000);
      CHECK(first.time_ms <= wall_ms() + 1000);
    }
  }
  CHECK(lookout.first_records({}, 10s).empty());
}

TEST_CASE("a lookout at brokers that are away says so in time") {
  auto made = kafka::Lookout::make(kafka::Properties{{"bootstrap.servers", "127.0.0.1:1"}}, "test");
  REQUIRE(made);
  const auto begin = std::chrono::steady_clock::now();
  CHECK((*made)->all_topics(1s).trouble);
  CHECK((*made)->ends({{"orders", 0}}, 1s).trouble);
  CHECK((*made)->committed("connect-orders", {{"orders", 0}}, 1s).trouble);
  CHECK((*made)->first_records({{{"orders", 0}, 0, ""}}, 1s).empty());
  CHECK(std::chrono::steady_clock::now() - begin < 30s);
  CHECK_FALSE(kafka::Lookout::make(kafka::Properties{{"no.such.property", "x"}}, "test"));
}
