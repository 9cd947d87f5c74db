// What operators and brokers do to a topic and to the group's offsets. None of it loses, repeats or waits for ever; what
// only a human can decide is told with what to do.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <thread>

#include "support/kafka/transactions.hpp"
#include "world.hpp"

using namespace ch::test;

namespace {

// Quick sessions: a static member that has gone keeps the group until its session is over.
json config_of(const World& world, const std::string& topic, json other = json::object()) {
  other.merge_patch({{"consumer.override.session.timeout.ms", "1500"}, {"consumer.override.heartbeat.interval.ms", "300"}});
  return world.config(topic, other);
}

std::string events(World& world, const std::string& task) { return world.host().get("/v1/tasks/" + task + "/events?limit=1000").body; }

json verified(World& world, const std::string& task) {
  json report;
  Answer answer = world.host().post("/v1/tasks/" + task + "/verify");
  while (answer.status == 200 && !(report = answer.json).at("complete").get<bool>())
    answer = world.host().post("/v1/tasks/" + task + "/verify", report);
  INFO(answer.status << answer.body);
  REQUIRE(answer.status == 200);
  return report;
}

std::string explained(const json& report) {
  std::string all;
  for (const auto& note : report.at("explained")) all += note.at("message").get<std::string>() + "\n";
  return all;
}

// With a key each: later values of a key let the broker remove earlier ones.
void produce_keyed(const std::string& topic, int count, int keys, const std::string& last_key) {
  const auto client = make_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", shared_broker().bootstrap()}, {"enable.idempotence", "true"}});
  const Handle<rd_kafka_topic_t> handle(rd_kafka_topic_new(client.get(), topic.c_str(), nullptr));
  for (int i = 0; i < count; ++i) {
    auto key = i + 1 == count ? last_key : fmt::format("key-{}", i % keys);
    auto value = fmt::format("{} number {}", key, i);
    REQUIRE(rd_kafka_produce(handle.get(), 0, RD_KAFKA_MSG_F_COPY, value.data(), value.size(), key.data(), key.size(), nullptr) == 0);
  }
  expect_ok(rd_kafka_flush(client.get(), 30000), "flush");
}

// What the broker still has of partition 0.
Ledger read_back(const std::string& topic) {
  const auto client = make_client(
      RD_KAFKA_CONSUMER, {{"bootstrap.servers", shared_broker().bootstrap()}, {"group.id", topic}, {"enable.partition.eof", "true"}});
  const Handle<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
  expect_ok(rd_kafka_assign(client.get(), list.get()), "assign");
  Ledger ledger;
  ledger.topic = topic;
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  for (bool end = false; !end;) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("the topic cannot be read back");
    auto* message = rd_kafka_consumer_poll(client.get(), 100);
    if (message == nullptr) continue;
    end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
      ledger.partitions[0].push_back(entry_of(message->offset, std::string_view(static_cast<const char*>(message->payload), message->len)));
    rd_kafka_message_destroy(message);
  }
  rd_kafka_consumer_close(client.get());
  return ledger;
}

}  // namespace

TEST_CASE("a compacted topic: records that go between an intent and its object, and gaps in what is read", "[breaks]") {
  World world;
  const std::string task = "compacted";
  world.admin().create_topic(task, 1, {{"cleanup.policy", "compact"}, {"segment.ms", "1000"}, {"min.cleanable.dirty.ratio", "0.001"}});
  produce_keyed(task, 200, 20, "the last");
  world.host().set_environment({{"CH_FAILPOINTS", "put.before=crash(1)"}});
  world.host().start();
  world.create(task, config_of(world, task, {{"rotate.records", "200"}, {"rotate.interval.ms", "5000"}}));
  REQUIRE(eventually(60s, [&] { return !world.host().running(); }));
  const auto intent = world.admin().committed("connect-" + task, task, 1).front();
  REQUIRE(intent.offset == 0);
  REQUIRE_FALSE(intent.metadata.empty());

  // What comes a second later goes to another segment; the first is then compacted.
  std::this_thread::sleep_for(1500ms);
  produce_keyed(task, 30, 10, "another last");
  REQUIRE(eventually(60s, [&] { return read_back(task).records() < 100; }));
  world.host().set_environment({});
  world.host().start();
  CHECK(world.drained(task, task, 1));
  const auto left = read_back(task);
  const auto report = world.check(task, left);
  INFO(report.summary());
  CHECK(report.ok());
  CHECK(report.objects == 2);
  CHECK(report.records == left.records());
  const auto walk = verified(world, task);
  INFO(walk.dump(1));
  CHECK(walk.at("ok") == true);
  CHECK(explained(walk).find("hold no record") != std::string::npos);
}

TEST_CASE("records that are damaged on the broker's disk are not passed over, and hold up no other partition", "[breaks]") {
  World world;
  const std::string task = "damaged";
  world.admin().create_topic(task, 2);
  LedgerProducer producer(world.bootstrap(), task, Mix{95});
  const auto produce = [&] {
    for (int i = 0; i < 100; ++i) producer.send(i % 2, fmt::format("record {} of {}", i, task));
    producer.flush();
  };
  produce();
  const auto segment = shared_broker().segment(task, 0);
  const auto whole = static_cast<std::streamoff>(std::filesystem::file_size(segment));
  produce();
  const auto flip = [&] {
    std::fstream file(segment, std::ios::in | std::ios::out | std::ios::binary);
    const auto at = whole + 100;  // among the second half's values
    file.seekg(at);
    const auto byte = static_cast<char>(file.get() ^ 1);
    file.seekp(at);
    file.put(byte);
  };
  flip();
  produce();  // behind it
  world.host().start();
  world.create(task, config_of(world, task));
  CHECK(world.interrupted(task, "offset_lost"));
  INFO(world.host().status(task).dump(1));
  CHECK(world.host().status(task).dump().find("CRC32C") != std::string::npos);
  CHECK(eventually(60s, [&] { return world.admin().committed("connect-" + task, task, 2).at(1).offset == 150; }));
  CHECK(throughout(6s, [&] { return world.admin().committed("connect-" + task, task, 2).at(0).offset <= 50; }));
  flip();
  CHECK(world.host().post("/v1/tasks/" + task + "/restart", json::object()).status == 202);
  CHECK(world.drained(task, task, 2));
  const auto report = world.check(task, producer.ledger());
  INFO(report.summary());
  CHECK(report.ok());
  CHECK(world.reaches(task, "RUNNING"));
}

TEST_CASE("while a task is disabled its group is deleted, its offsets are reset, its records removed", "[breaks]") {
  World world;
  const std::string task = "operator", group = "connect-operator";
  world.admin().create_topic(task, 1);
  LedgerProducer producer(world.bootstrap(), task, Mix{91});
  world.host().start();
  world.create(task, config_of(world, task));
  const auto store = [&](std::uint64_t count) {
    producer.produce(count, 1);
    producer.flush();
    return world.drained(task, task, 1);
  };
  const auto switch_to = [&](const std::string& action) {
    return world.host().post("/v1/tasks/" + task + "/" + action + "?wait=30s").status == 200;
  };
  REQUIRE(store(500));
  REQUIRE(switch_to("disable"));
  const auto objects = count_objects(world.bucket());

  world.admin().delete_group(group);  // as offsets.retention.minutes does
  REQUIRE(world.admin().committed(group, task, 1).front().offset == -1);
  REQUIRE(switch_to("enable"));
  CHECK(world.drained(task, task, 1));
  CHECK(count_objects(world.bucket()) == objects);
  REQUIRE(store(300));
  REQUIRE(switch_to("disable"));

  const auto before = count_objects(world.bucket());
  world.admin().set_offset(group, task, 0, 0);  // kafka-consumer-groups --reset-offsets --to-earliest: no state beside it
  REQUIRE(world.admin().committed(group, task, 1).front().metadata.empty());
  REQUIRE(switch_to("enable"));
  CHECK(world.drained(task, task, 1));
  CHECK(count_objects(world.bucket()) == before);
  REQUIRE(store(300));
  CHECK(world.check(task, producer.ledger()).ok());
  REQUIRE(switch_to("disable"));

  producer.produce(400, 1);
  producer.flush();
  world.admin().delete_records(task, 0, 1100 + 150);  // retention passes the committed offset
  REQUIRE(switch_to("enable"));
  CHECK(world.drained(task, task, 1));
  const auto report = world.check(task, producer.ledger());
  INFO(report.summary());
  CHECK(report.twice_count == 0);
  CHECK(report.records == 1500);  // the ranges form a chain: what was removed lies within one
  CHECK(events(world, task).find("removed offsets 1100 to 1249") != std::string::npos);
  const auto walk = verified(world, task);
  INFO(walk.dump(1));
  CHECK(walk.at("ok") == true);
  CHECK(walk.at("records") == 1500 - 150);
  CHECK(explained(walk).find("150 offsets of series 1 hold no record") != std::string::npos);
}

TEST_CASE("transactions: what was aborted is not stored, markers are no gap, lag reads 0", "[breaks]") {
  World world;
  world.admin().create_topic("transactions", 2);
  TransactionProducer producer(world.bootstrap(), "transactions");
  world.host().start();
  world.create("transactions", config_of(world, "transactions", {{"rotate.records", "15"}}));
  for (int i = 0; i < 20; ++i) {
    producer.transaction(10, 2, i % 3 != 0);
    if (i == 9) {
      world.host().kill();
      world.host().start();
    }
  }
  CHECK(world.drained("transactions", "transactions", 2));
  const auto report = world.check("transactions", producer.ledger());
  INFO(report.summary());
  CHECK(report.ok());
  CHECK(report.records == producer.ledger().records());
  const auto walk = verified(world, "transactions");
  INFO(walk.dump(1));
  CHECK(walk.at("ok") == true);
  CHECK(explained(walk).find("hold no record") != std::string::npos);
}

TEST_CASE("what waits behind an open transaction is told at its partition, and stored when it ends", "[breaks]") {
  World world;
  world.admin().create_topic("left-open", 2);
  TransactionProducer producer(world.bootstrap(), "left-open");
  producer.transaction(10, 2, true);
  world.host().start();
  world.create("left-open", config_of(world, "left-open"));
  REQUIRE(world.drained("left-open", "left-open", 2));
  REQUIRE(world.reaches("left-open", "RUNNING"));
  producer.open(3, 1);  // in partition 0, behind 5 records and their marker
  json status;
  const auto told = [&] {
    status = world.host().status("left-open");
    return status.is_object() && status.value("state", "") == "INTERRUPTED";
  };
  REQUIRE(eventually(90s, told));
  INFO(status.dump(1));
  const auto& partitions = status.at("partitions");
  const auto& why = partitions.at(0).at("interruption");
  CHECK(why.at("reason") == "open_transaction");
  CHECK_THAT(why.at("message").get<std::string>(), Catch::Contains("left-open-0 has records up to offset 8") &&
                                                       Catch::Contains("a transaction that begins at offset 6 has not ended"));
  CHECK(why.at("since").is_string());
  CHECK(why.at("next_try").is_null());  // it is read all the time
  CHECK(partitions.at(1).at("interruption").is_null());
  CHECK(status.at("interruption").at("reason") == "open_transaction");
  producer.close(true);
  CHECK(world.reaches("left-open", "RUNNING"));
  CHECK(world.drained("left-open", "left-open", 2));
  const auto report = world.check("left-open", producer.ledger());
  INFO(report.summary());
  CHECK(report.ok());
  CHECK_THAT(events(world, "left-open"), Catch::Contains("recovered from open_transaction") && !Catch::Contains("\"rejoin\""));
}

TEST_CASE("a pattern takes whole names and no internal topic, and what can be no name is refused", "[breaks]") {
  World world;
  for (const auto* topic : {"whole-a", "whole-a-not", "not-whole-b", "whole-b"}) world.admin().create_topic(topic, 1);
  LedgerProducer producer(world.bootstrap(), "whole-b");
  producer.produce(100, 1);
  producer.flush();
  world.admin().set_offset("whole-before", "whole-a", 0, 0);  // the broker makes its topic with the first commit of any group
  REQUIRE(world.admin().has_topic("__consumer_offsets"));
  world.host().start();
  world.create("whole", config_of(world, "", {{"topics", nullptr}, {"topics.regex", "^whole-a$|whole-b$|__consumer.*"}}));
  REQUIRE(world.reaches("whole", "RUNNING"));
  REQUIRE(world.drained("whole", "whole-b", 1));
  const auto status = world.host().status("whole");
  INFO(status.dump(1));
  std::set<std::string> topics;
  for (const auto& partition : status.at("partitions")) topics.insert(partition.at("topic"));
  CHECK(topics == std::set<std::string>{"whole-a", "whole-b"});

  for (const auto* topic : {"whole.*", "wid*", "a b", "..", ""}) {
    INFO(topic);
    const auto verdict = world.host().post("/v1/validate", {{"name", "refused"}, {"config", config_of(world, topic)}}).json;
    CHECK(verdict.at("valid") == false);
    CHECK(verdict.at("errors").at(0).at("key") == "topics");
    const bool pattern = std::string(topic).find('*') != std::string::npos;
    CHECK((verdict.dump().find("did you mean topics.regex?") != std::string::npos) == pattern);
  }
  CHECK(world.host().post("/v1/validate", {{"name", "taken"}, {"config", config_of(world, "__consumer_offsets")}}).json.at("valid") ==
        true);
}

TEST_CASE("a topic deleted and made again with lower offsets stands, and says what to do", "[breaks]") {
  const json instance = {
      {"bootstrap.servers", shared_broker().bootstrap()}, {"region", "ap-guangzhou"}, {"topic.metadata.refresh.interval.ms", "1000"}};
  World world(json{{"instances", {{"default", instance}}}});
  world.admin().create_topic("made-again", 1);
  LedgerProducer producer(world.bootstrap(), "made-again", Mix{92});
  producer.produce(500, 1);
  producer.flush();
  world.host().start();
  world.create("made-again", config_of(world, "made-again"));
  REQUIRE(world.drained("made-again", "made-again", 1));
  const auto objects = count_objects(world.bucket());
  REQUIRE(world.host().post("/v1/tasks/made-again/disable?wait=30s").status == 200);
  world.admin().delete_topic("made-again");
  REQUIRE(eventually(20s, [&] { return !world.admin().has_topic("made-again"); }));
  world.admin().create_topic("made-again", 1);
  LedgerProducer again(world.bootstrap(), "made-again", Mix{93});
  again.produce(50, 1);
  again.flush();
  REQUIRE(world.host().post("/v1/tasks/made-again/enable").status == 202);
  const auto told = [&] {
    const auto status = world.host().status("made-again");
    return status.is_object() && status.value("state", "") == "INTERRUPTED" && status.dump().find("offset_lost") != std::string::npos;
  };
  CHECK(eventually(40s, told));
  INFO(world.host().status("made-again").dump(1) << world.host().log_end());
  CHECK(throughout(1s, told));
  CHECK(count_objects(world.bucket()) == objects);
  CHECK(world.check("made-again", producer.ledger()).ok());
}

TEST_CASE("two hosts with one id, as a copied state folder makes them, fence each other and store everything once", "[breaks]") {
  World world;
  const auto twin = world.another_host();
  world.admin().create_topic("twins", 2);
  LedgerProducer producer(world.bootstrap(), "twins", Mix{94});
  const auto config = config_of(world, "twins", {{"rotate.records", "40"}});
  world.host().start();
  world.create("twins", config);
  producer.produce(400, 2);
  producer.flush();
  REQUIRE(world.drained("twins", "twins", 2));
  std::filesystem::create_directories(twin->dir() / "state");
  std::filesystem::copy(world.host().dir() / "state" / "host.id", twin->dir() / "state" / "host.id");
  twin->start();
  REQUIRE(twin->post("/v1/tasks", {{"name", "twins"}, {"config", config}}).status == 201);
  // Each time that one joins, the coordinator refuses the other for good.
  CHECK(eventually(30s, [&] {
    producer.produce(50, 2);
    return events(world, "twins").find("rejoin") != std::string::npos;
  }));
  producer.flush();
  world.host().kill();
  CHECK(eventually(60s, [&] { return world.admin().lag("connect-twins", "twins", 2) == 0; }));
  const auto report = world.check("twins", producer.ledger());
  INFO(report.summary() << twin->log_end());
  CHECK(report.ok());
}
