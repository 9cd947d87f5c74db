// What a cluster refuses that can be reached: told until it is over, and no longer.
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <catch2/catch.hpp>

#include "base/clock.hpp"
#include "runner/runner.hpp"
#include "runner_parts.hpp"
#include "support/kafka/producer.hpp"
#include "support/process/eventually.hpp"

using namespace ch;
using namespace ch::runner;
using namespace std::chrono_literals;

namespace {

constexpr auto kHealed = 60s;
constexpr std::int16_t kFetch = 1, kOffsetCommit = 8, kFindCoordinator = 10, kJoinGroup = 11;  // of Kafka's protocol
constexpr std::int32_t kBroker = 1;

struct RefusingWorld : test::RunnerParts {
  std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)> owner{rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0),
                                                                 &rd_kafka_destroy};
  std::unique_ptr<rd_kafka_mock_cluster_t, decltype(&rd_kafka_mock_cluster_destroy)> mock{rd_kafka_mock_cluster_new(owner.get(), 1),
                                                                                          &rd_kafka_mock_cluster_destroy};
  std::unique_ptr<Runner> runner;

  std::string bootstrap() const { return rd_kafka_mock_cluster_bootstraps(mock.get()); }
  void start(const std::vector<std::string>& topics) {
    for (const auto& topic : topics) rd_kafka_mock_topic_create(mock.get(), topic.c_str(), 1, 1);
    auto s = spec("refused", bootstrap(), topics);
    s.overrides = {{"topic.metadata.refresh.interval.ms", "1000"}};
    runner = std::make_unique<Runner>(std::move(s));
  }
  void produce(const std::string& topic, std::uint64_t count) {
    test::Mix mix;
    mix.large = 0;
    test::LedgerProducer producer(bootstrap(), topic, mix);
    producer.produce(count, 1);
    producer.flush();
  }
  void push_refusals(std::int16_t request, rd_kafka_resp_err_t code, std::size_t count) {
    const std::vector<rd_kafka_resp_err_t> codes(count, code);
    rd_kafka_mock_push_request_errors_array(mock.get(), request, count, codes.data());
  }
  std::size_t refusals_left(std::int16_t request) {
    std::size_t count = 0;
    rd_kafka_mock_broker_error_stack_cnt(mock.get(), kBroker, request, &count);
    return count;
  }
  bool reaches(State state, std::size_t partitions) {
    return test::eventually(kHealed, [&] {
      runner->ask_status();
      const auto status = runner->status();
      return status.state == state && status.partitions.size() == partitions;
    });
  }
  void check_told_once(const std::string& reason = "broker_auth", const std::string& words = "") {
    CHECK(count("interrupted") == 1);
    CHECK(count("recovered") == 1);
    const std::lock_guard lock(mutex);
    for (const auto& event : events) {
      if (event.kind != "interrupted") continue;
      CHECK(event.reason == reason);
      CHECK_THAT(event.message, Catch::Contains(words));
    }
  }
};

}  // namespace

TEST_CASE("runner: a topic that is refused keeps the task interrupted while the other one is archived, and heals by itself") {
  RefusingWorld world;
  world.start({"fine", "refused"});
  REQUIRE(world.reaches(State::running, 2));
  rd_kafka_mock_topic_set_error(world.mock.get(), "refused", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  REQUIRE(world.reaches(State::interrupted, 1));
  world.produce("fine", 100);
  CHECK(test::eventually(kHealed, [&] { return world.recording.records() == 100; }));
  const auto status = world.runner->status();
  CHECK(status.state == State::interrupted);
  REQUIRE(status.interruption);
  CHECK(status.interruption->reason == "broker_auth");
  CHECK_FALSE(status.interruption->remedy.empty());
  CHECK(world.count("recovered") == 0);
  rd_kafka_mock_topic_set_error(world.mock.get(), "refused", RD_KAFKA_RESP_ERR_NO_ERROR);
  REQUIRE(world.reaches(State::running, 2));
  world.check_told_once();
}

TEST_CASE("runner: the only topic refused is no task that starts for ever") {
  RefusingWorld world;
  world.start({"refused"});
  REQUIRE(world.reaches(State::running, 1));
  rd_kafka_mock_topic_set_error(world.mock.get(), "refused", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  REQUIRE(world.reaches(State::interrupted, 0));
  rd_kafka_mock_topic_set_error(world.mock.get(), "refused", RD_KAFKA_RESP_ERR_NO_ERROR);
  REQUIRE(world.reaches(State::running, 1));
  world.check_told_once();
}

TEST_CASE("runner: a group that is refused is an interruption until it is joined") {
  RefusingWorld world;
  world.push_refusals(kFindCoordinator, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, 5);
  world.start({"orders"});
  REQUIRE(test::eventually(kHealed, [&] { return world.count("recovered") > 0; }));
  CHECK(world.refusals_left(kFindCoordinator) == 0);
  REQUIRE(world.reaches(State::running, 1));
  world.check_told_once();
}

TEST_CASE("runner: a read that is refused interrupts its partition until it is read to its end") {
  RefusingWorld world;
  world.start({"orders"});
  REQUIRE(world.reaches(State::running, 1));
  world.push_refusals(kFetch, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 4);
  REQUIRE(test::eventually(kHealed, [&] { return world.count("recovered") > 0; }));
  CHECK(world.refusals_left(kFetch) == 0);
  REQUIRE(world.reaches(State::running, 1));
  world.check_told_once();
}

TEST_CASE("runner: what the broker says to a commit is the partition's interruption, in its words, and no reason to join anew") {
  struct Row {
    rd_kafka_resp_err_t code;
    const char* reason;
    const char* words;
  };
  const auto row = GENERATE(Row{RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE, "group_refused", "Offset metadata string too large"},
                            Row{RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, "broker_auth", "Group authorization failed"});
  RefusingWorld world;
  world.start({"orders"});
  REQUIRE(world.reaches(State::running, 1));
  world.push_refusals(kOffsetCommit, row.code, 5);
  world.produce("orders", 10);
  REQUIRE(world.reaches(State::interrupted, 1));
  const auto status = world.runner->status();
  REQUIRE(status.partitions.front().interruption);
  const auto told = *status.partitions.front().interruption;
  CHECK(told.reason == row.reason);
  CHECK_THAT(told.message, Catch::Contains("orders-0") && Catch::Contains(row.words));
  CHECK(told.next_try_ms > told.since_ms);
  REQUIRE(world.reaches(State::running, 1));
  CHECK(world.refusals_left(kOffsetCommit) == 0);
  world.check_told_once(row.reason, row.words);
  CHECK(world.count("rejoin") == 0);
}

TEST_CASE("runner: a group that may not be as it asks is told as that, and not as brokers that are away") {
  RefusingWorld world;
  world.push_refusals(kJoinGroup, RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT, 3);
  world.start({"orders"});
  REQUIRE(test::eventually(kHealed, [&] { return world.count("recovered") > 0; }));
  REQUIRE(world.reaches(State::running, 1));
  world.check_told_once("group_refused", "Invalid session timeout");
}

TEST_CASE("runner: settings that change while nobody answers are taken by a session that has nothing to do") {
  RefusingWorld other;
  RefusingWorld world;  // the last one keeps the recording
  rd_kafka_mock_topic_create(other.mock.get(), "orders", 1, 1);
  rd_kafka_mock_topic_create(world.mock.get(), "orders", 1, 1);
  std::mutex mutex;
  auto address = world.bootstrap();
  auto s = world.spec("refused", address, {"orders"});
  s.cluster = [&]() -> Result<kafka::Properties> {
    const std::lock_guard lock(mutex);
    return kafka::Properties{{"bootstrap.servers", address}};
  };
  world.runner = std::make_unique<Runner>(std::move(s));
  REQUIRE(world.reaches(State::running, 1));
  const auto away = world.bootstrap();
  world.mock.reset();
  REQUIRE(test::eventually(kHealed, [&] {
    world.runner->ask_status();
    return world.runner->status().state == State::interrupted;
  }));
  // It shows when it looks again, and who did not answer.
  REQUIRE(test::eventually(20s, [&] {
    world.runner->ask_status();
    const auto told = world.runner->status().interruption;
    return told && told->next_try_ms > wall_ms() && told->message.find("Connection refused") != std::string::npos;
  }));
  const auto told = *world.runner->status().interruption;
  CHECK(told.reason == "broker_unreachable");
  CHECK_THAT(told.message, Catch::Contains(away));
  CHECK(told.next_try_ms <= wall_ms() + 5000);
  CHECK(world.count("rejoin") == 0);
  {
    const std::lock_guard lock(mutex);
    address = other.bootstrap();
  }
  REQUIRE(world.reaches(State::running, 1));
  CHECK(world.count("rejoin") == 1);
  other.produce("orders", 100);
  CHECK(test::eventually(kHealed, [&] { return world.recording.records() == 100; }));
}
