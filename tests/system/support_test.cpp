// The support library against a real broker: were it wrong, no other system test could be believed.
#include <catch2/catch.hpp>

#include "support/kafka/admin.hpp"
#include "support/kafka/broker.hpp"
#include "support/kafka/producer.hpp"

using namespace ch::test;

TEST_CASE("the ledger says what the broker holds, over a kill -9 of the broker", "[support]") {
  auto& broker = shared_broker();
  KafkaAdmin admin(broker.bootstrap());
  admin.create_topic("support-ledger", 3);
  CHECK(admin.has_topic("support-ledger"));
  LedgerProducer producer(broker.bootstrap(), "support-ledger", Mix{3});
  producer.produce(3000, 3);
  producer.flush();
  producer.produce(1500, 3);
  broker.kill();
  CHECK_FALSE(broker.running());
  broker.start();
  producer.flush();
  CHECK(producer.ledger().records() == 4500);
  const auto marks = admin.watermarks("support-ledger", 3);
  for (std::int32_t p = 0; p < 3; ++p) {
    CHECK(marks.at(static_cast<std::size_t>(p)).high == 1500);
    CHECK(producer.ledger().partitions.at(p).back().offset == 1499);
  }
  CHECK(admin.lag("support-group", "support-ledger", 3) == 4500);
  CHECK(admin.committed("support-group", "support-ledger", 3).at(0).offset == -1);
}

TEST_CASE("topics are created, grow and are deleted, and a missing one is not made up", "[support]") {
  KafkaAdmin admin(shared_broker().bootstrap());
  CHECK_FALSE(admin.has_topic("support-topic"));
  admin.create_topic("support-topic", 1, {{"retention.ms", "3600000"}});
  admin.add_partitions("support-topic", 4);
  CHECK(admin.watermarks("support-topic", 4).size() == 4);
  CHECK_THROWS_WITH(admin.create_topic("support-topic", 1), Catch::Contains("already exists"));
  admin.delete_topic("support-topic");
  CHECK_THROWS(admin.delete_topic("support-topic"));
}
