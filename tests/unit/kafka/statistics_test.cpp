#include "kafka/statistics.hpp"

#include <catch2/catch.hpp>

using ch::kafka::Fence;
using ch::kafka::parse_statistics;
using ch::kafka::Statistics;

TEST_CASE("statistics: the coordinator's counters are read and the topics passed over") {
  const auto stats = parse_statistics(R"({"name":"c","brokers":{
      "127.0.0.1:9092/1":{"state":"UP","req":{"OffsetCommit":99}},
      "GroupCoordinator":{"state":"UP","disconnects":2,"txretries":1,"req":{"Fetch":0,"OffsetCommit":7}}},
      "topics":{"orders":{"partitions":{"0":{"brokers":5}}}}})");
  REQUIRE(stats);
  CHECK(stats->offset_commits_sent == 7);
  CHECK(stats->disconnects == 2);
  CHECK(stats->retries == 1);
  CHECK(stats->any_broker_up);
}

TEST_CASE("statistics: no broker up, no coordinator yet, nonsense") {
  const auto down = parse_statistics(R"({"brokers":{"127.0.0.1:9092/1":{"state":"CONNECT"}}})");
  REQUIRE(down);
  CHECK_FALSE(down->any_broker_up);
  CHECK(down->offset_commits_sent == 0);
  CHECK_FALSE(parse_statistics("{"));
  CHECK_FALSE(parse_statistics("{}"));
}

TEST_CASE("fence: as many commits sent as asked for is no reason for suspicion") {
  Fence fence;
  fence.commit_asked();
  CHECK_FALSE(fence.suspicious({1, 0, 0, true}));
  fence.commit_answered();
  CHECK_FALSE(fence.suspicious({1, 0, 0, true}));
}

TEST_CASE("fence: a commit that librdkafka sent twice by itself is seen") {
  Fence fence;
  fence.commit_asked();
  fence.commit_answered();
  CHECK(fence.suspicious({2, 0, 0, true}));
}

TEST_CASE("fence: a connection that broke while a commit was under way is seen, one that broke at rest is not") {
  Fence fence;
  CHECK_FALSE(fence.suspicious({0, 0, 0, true}));
  CHECK_FALSE(fence.suspicious({0, 1, 0, true}));  // at rest
  fence.commit_asked();
  fence.commit_answered();
  CHECK(fence.suspicious({1, 2, 0, true}));
  CHECK_FALSE(fence.suspicious({1, 2, 0, true}));
  fence.commit_asked();  // still under way at the sample, answered behind it
  CHECK_FALSE(fence.suspicious({2, 2, 0, true}));
  fence.commit_answered();
  CHECK(fence.suspicious({2, 2, 1, true}));
}
