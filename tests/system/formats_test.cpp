// Every format and compression through the real host, read back by an independent reader; and records that cannot be
// stored, in the dead-letter topic.
#include <fmt/format.h>

#include <array>
#include <catch2/catch.hpp>
#include <map>
#include <thread>

#include "support/kafka/handles.hpp"
#include "world.hpp"

using namespace ch::test;

namespace {

constexpr int kRecords = 3000;
constexpr std::int64_t kFirstTime = 1700000000000;

std::string base64(const std::string& bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) { return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U; };
    const unsigned three = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    for (std::size_t j = 0; j < 4; ++j) out += i + j <= bytes.size() ? kDigits[three >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

// Number `i`: JSON, text, bytes that are no text, or a tombstone; every third with a header.
std::optional<std::string> value_of(int i) {
  if (i % 50 == 7) return std::nullopt;
  if (i % 50 == 13) return fmt::format("\xFF\xFE {}", i);
  if (i % 10 == 3) return fmt::format("line \"{}\",\nand another", i);
  return fmt::format("{{\"id\": {}, \"text\": \"{}\"}}", i, std::string(static_cast<std::size_t>(i % 300), 'x'));
}
bool is_text(int i) { return i % 50 != 13; }

// Into partition 0, in order. Returns what the reader is to find.
json produce(const std::string& bootstrap, const std::string& topic) {
  const auto client = make_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", bootstrap}, {"acks", "all"}, {"enable.idempotence", "true"}});
  json expected = json::array();
  for (int i = 0; i < kRecords; ++i) {
    const auto value = value_of(i);
    const auto key = fmt::format("key-{}", i % 7);
    rd_kafka_headers_t* headers = rd_kafka_headers_new(1);
    if (i % 3 == 0) rd_kafka_header_add(headers, "number", -1, key.data(), static_cast<ssize_t>(key.size()));
    std::array<rd_kafka_vu_t, 7> parts{};
    parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    parts[0].u.cstr = topic.c_str();
    parts[1].vtype = RD_KAFKA_VTYPE_PARTITION;
    parts[1].u.i32 = 0;
    parts[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    parts[2].u.i = RD_KAFKA_MSG_F_COPY;
    parts[3].vtype = RD_KAFKA_VTYPE_KEY;
    parts[3].u.mem = {const_cast<char*>(key.data()), key.size()};
    parts[4].vtype = RD_KAFKA_VTYPE_VALUE;
    parts[4].u.mem = {value ? const_cast<char*>(value->data()) : nullptr, value ? value->size() : 0};
    parts[5].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
    parts[5].u.i64 = kFirstTime + i;
    parts[6].vtype = RD_KAFKA_VTYPE_HEADERS;
    parts[6].u.headers = headers;
    REQUIRE(rd_kafka_produceva(client.get(), parts.data(), parts.size()) == nullptr);
    json entry{{"topic", topic},   {"partition", 0},          {"offset", i}, {"timestamp", kFirstTime + i}, {"key", base64(key)},
               {"value", nullptr}, {"headers", json::array()}};
    if (value) entry["value"] = base64(*value);
    if (i % 3 == 0) entry["headers"].push_back({base64("number"), base64(key)});
    expected.push_back(std::move(entry));
  }
  expect_ok(rd_kafka_flush(client.get(), 30000), "flush");
  return expected;
}

// Bodies of a task's objects in the bucket, by start offset.
std::vector<std::string> objects_of(const World& world, const std::string& task) {
  std::map<int, std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(world.bucket())) {
    const auto path = entry.path().string();
    if (!path.ends_with(".meta.json")) continue;
    const auto metadata = json::parse(read_file(path)).at("metadata");
    if (metadata.at("task") == task) found[std::stoi(metadata.at("start-offset").get<std::string>())] = path.substr(0, path.size() - 10);
  }
  std::vector<std::string> paths;
  for (const auto& [start, path] : found) paths.push_back(path);
  return paths;
}

struct DeadLetter {
  std::string key, value;
  std::map<std::string, std::string> headers;
};

std::vector<DeadLetter> dead_letters(const std::string& bootstrap, const std::string& topic, std::size_t count) {
  const auto client =
      make_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", bootstrap}, {"group.id", topic}, {"auto.offset.reset", "earliest"}});
  auto* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
  expect_ok(rd_kafka_assign(client.get(), list), "assign");
  rd_kafka_topic_partition_list_destroy(list);
  std::vector<DeadLetter> found;
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (found.size() < count && std::chrono::steady_clock::now() < deadline) {
    auto* message = rd_kafka_consumer_poll(client.get(), 100);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      DeadLetter letter{
          {static_cast<const char*>(message->key), message->key_len}, {static_cast<const char*>(message->payload), message->len}, {}};
      rd_kafka_headers_t* headers = nullptr;
      rd_kafka_message_headers(message, &headers);
      const char* name = nullptr;
      const void* value = nullptr;
      std::size_t size = 0;
      for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
        letter.headers[name] = std::string(static_cast<const char*>(value), size);
      found.push_back(std::move(letter));
    }
    rd_kafka_message_destroy(message);
  }
  rd_kafka_consumer_close(client.get());
  return found;
}

}  // namespace

TEST_CASE("every format and compression, read back, and what csv cannot hold is in the dead-letter topic", "[formats]") {
  World world;
  world.admin().create_topic("formats", 1);
  const auto expected = produce(world.bootstrap(), "formats");
  world.host().start();
  const std::vector<json> tasks{
      {{"format", "string"}, {"compression", "gzip"}},
      {{"format", "jsonl"}, {"compression", "none"}},
      {{"format", "jsonl"}, {"compression", "zstd"}, {"jsonl.fields", "topic,partition,offset,timestamp,key,value,headers"}},
      {{"format", "raw"}, {"compression", "zstd"}},
      {{"format", "csv"},
       {"errors.tolerance", "all"},
       {"errors.deadletterqueue.topic.name", "formats-dead"},
       {"errors.deadletterqueue.topic.replication.factor", "1"}},
      {{"format", "avro"}, {"compression", "none"}}};
  const auto name = [](std::size_t i) { return fmt::format("formats-{}", i); };
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    auto config = tasks[i];
    config["rotate.records"] = "700";
    config["object.key.template"] = "{task}/{topic}/{time}-{partition}-{start_offset}{ext}";
    world.create(name(i), world.config("formats", config));
  }
  const auto file = world.host().dir() / "expected.json";
  write_file(file, expected.dump());
  const auto root = std::filesystem::path(CH_SOURCE_DIR) / "tests";
  std::vector<std::string> words{(root / "support/python/run.sh").string(), (root / "support/python/read_formats.py").string(),
                                 file.string()};
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    CHECK(world.drained(name(i), "formats", 1));
    const auto fields = tasks[i].value("jsonl.fields", "");
    const auto objects = objects_of(world, name(i));
    CHECK(objects.size() >= 4);
    for (const auto& path : objects) words.push_back(path + (fields.empty() ? "" : "=" + fields));
  }
  const auto finished = run(words, 300s);
  INFO(finished.output << finished.errors);
  CHECK(finished.status == 0);

  const auto letters = dead_letters(world.bootstrap(), "formats-dead", kRecords / 50);
  REQUIRE(letters.size() == kRecords / 50);
  int i = 13;
  for (const auto& letter : letters) {
    REQUIRE_FALSE(is_text(i));
    CHECK(letter.value == *value_of(i));
    CHECK(letter.key == fmt::format("key-{}", i % 7));
    CHECK(letter.headers.at("__connect.errors.topic") == "formats");
    CHECK(letter.headers.at("__connect.errors.partition") == "0");
    CHECK(letter.headers.at("__connect.errors.offset") == std::to_string(i));
    CHECK(letter.headers.at("__connect.errors.connector.name") == name(4));
    CHECK_THAT(letter.headers.at("__connect.errors.exception.message"), Catch::Contains("not UTF-8"));
    CHECK(letter.headers.contains("number") == (i % 3 == 0));
    i += 50;
  }
  CHECK_THAT(world.host().get("/v1/tasks/" + name(4) + "/events").body, Catch::Contains("rejected"));
  const auto counted =
      fmt::format("connector_host_records_rejected_total{{outcome=\"dead_letter\",task=\"{}\"}} {}", name(4), kRecords / 50);
  CHECK_THAT(world.host().get("/metrics").body, Catch::Contains(counted));
}

TEST_CASE("a record that cannot be stored stops its partition with its offset, and the others go on", "[formats]") {
  World world;
  world.admin().create_topic("stops", 2);
  LedgerProducer producer(world.bootstrap(), "stops");
  producer.send(0, "good");
  producer.send(0, "\xFF");
  producer.send(0, "behind it");
  for (int i = 0; i < 100; ++i) producer.send(1, "other");
  producer.flush();
  world.host().start();
  world.create("stops", world.config("stops", {{"format", "csv"}}));
  REQUIRE(world.interrupted("stops", "record_rejected"));
  CHECK_THAT(world.host().status("stops").at("interruption").at("message").get<std::string>(), Catch::Contains("offset 1 of stops-0"));
  const auto committed = [&](std::size_t partition) { return world.admin().committed("connect-stops", "stops", 2).at(partition).offset; };
  CHECK(eventually(30s, [&] { return committed(0) == 1 && committed(1) == 100; }));

  // A dead-letter topic that cannot be made is told; passing over without one is what the task then asks for.
  auto config =
      world.config("stops", {{"format", "csv"}, {"errors.tolerance", "all"}, {"errors.deadletterqueue.topic.name", "stops-dead"}});
  CHECK(world.host().request("PUT", "/v1/tasks/stops", {{"config", config}, {"enabled", true}}).status == 200);
  CHECK(world.interrupted("stops", "topic_missing"));
  config.erase("errors.deadletterqueue.topic.name");
  CHECK(world.host().request("PUT", "/v1/tasks/stops", {{"config", config}, {"enabled", true}}).status == 200);
  CHECK(world.drained("stops", "stops", 2));
  CHECK(world.reaches("stops", "RUNNING"));
}

TEST_CASE("a dead letter that its topic refuses as too large stops its partition alone, until the topic takes it", "[formats]") {
  World world;
  world.admin().create_topic("too-large", 2);
  world.admin().create_topic("too-large-dead", 1, {{"max.message.bytes", "10000"}});
  const std::string large = "\xFF" + std::string(20000, 'x');
  LedgerProducer producer(world.bootstrap(), "too-large");
  producer.send(0, "good");
  producer.send(0, large);
  for (int i = 0; i < 100; ++i) producer.send(0, i % 10 == 0 ? "\xFF small" : "behind it");
  for (int i = 0; i < 100; ++i) producer.send(1, i % 10 == 0 ? "\xFF small" : "other");
  producer.flush();
  world.host().start();
  world.create("too-large", world.config("too-large", {{"format", "csv"},
                                                       {"errors.tolerance", "all"},
                                                       {"errors.deadletterqueue.topic.name", "too-large-dead"},
                                                       {"errors.deadletterqueue.topic.replication.factor", "1"}}));
  REQUIRE(world.interrupted("too-large", "record_rejected"));
  const auto told = world.host().status("too-large").at("interruption");
  INFO(told.dump(1));
  CHECK_THAT(told.at("message").get<std::string>(),
             Catch::Contains("offset 1 of too-large-0, 20001 bytes") && Catch::Contains("dead-letter topic too-large-dead refuses it"));
  CHECK_THAT(told.at("remedy").get<std::string>(), Catch::Contains("max.message.bytes of too-large-dead"));
  const auto committed = [&](std::size_t partition) {
    return world.admin().committed("connect-too-large", "too-large", 2).at(partition).offset;
  };
  CHECK(eventually(30s, [&] { return committed(1) == 100; }));
  for (int i = 0; i < 100; ++i) producer.send(1, i % 10 == 0 ? "\xFF small" : "other");
  producer.flush();
  CHECK(eventually(30s, [&] { return committed(1) == 200; }));  // also what comes while the other stands
  CHECK(committed(0) <= 1);

  world.admin().configure_topic("too-large-dead", {{"max.message.bytes", "1000000"}});
  CHECK(world.drained("too-large", "too-large", 2));
  CHECK(world.reaches("too-large", "RUNNING"));
  std::map<std::string, int> letters;
  for (const auto& letter : dead_letters(world.bootstrap(), "too-large-dead", 31)) ++letters[letter.value];
  CHECK(letters == std::map<std::string, int>{{large, 1}, {"\xFF small", 30}});
  const auto events = [&] { return world.host().get("/v1/tasks/too-large/events?limit=1000").body; };
  CHECK(eventually(20s, [&] { return events().find("recovered from record_rejected") != std::string::npos; }));
  CHECK_THAT(events(), !Catch::Contains("rejoin"));
}

TEST_CASE("a dead letter that its topic refuses for its time stops its partition alone, and nothing is joined anew for it", "[formats]") {
  World world;
  world.admin().create_topic("too-old", 2);
  world.admin().create_topic("too-old-dead", 1, {{"message.timestamp.before.max.ms", "1000"}});
  LedgerProducer producer(world.bootstrap(), "too-old");
  producer.send(0, "good");
  producer.send(0, "\xFF bad");
  for (int i = 0; i < 100; ++i) producer.send(0, "behind it");
  for (int i = 0; i < 100; ++i) producer.send(1, "other");
  producer.flush();
  std::this_thread::sleep_for(2s);  // then what was produced is too old for the topic
  world.host().start();
  world.create("too-old", world.config("too-old", {{"format", "csv"},
                                                   {"errors.tolerance", "all"},
                                                   {"errors.deadletterqueue.topic.name", "too-old-dead"},
                                                   {"errors.deadletterqueue.topic.replication.factor", "1"}}));
  REQUIRE(world.interrupted("too-old", "record_rejected"));
  const auto told = world.host().status("too-old").at("interruption");
  INFO(told.dump(1));
  CHECK_THAT(told.at("message").get<std::string>(), Catch::Contains("offset 1 of too-old-0") && Catch::Contains("refuses it") &&
                                                        Catch::Contains("timestamp", Catch::CaseSensitive::No));
  CHECK_THAT(told.at("remedy").get<std::string>(), Catch::Contains("message.timestamp.before.max.ms"));
  CHECK(eventually(30s, [&] { return world.admin().committed("connect-too-old", "too-old", 2).at(1).offset == 100; }));

  world.admin().configure_topic("too-old-dead", {});
  CHECK(world.drained("too-old", "too-old", 2));
  CHECK(world.reaches("too-old", "RUNNING"));
  CHECK(dead_letters(world.bootstrap(), "too-old-dead", 1).front().value == "\xFF bad");
  CHECK_THAT(world.host().get("/v1/tasks/too-old/events?limit=1000").body, !Catch::Contains("rejoin"));
}

TEST_CASE("an object behind a dead letter is not stored before the letter is there, and a kill -9 loses neither", "[formats]") {
  World world;
  world.admin().create_topic("behind", 1);
  world.admin().create_topic("behind-dead", 1, {{"max.message.bytes", "10000"}});
  const std::string large = "\xFF" + std::string(20000, 'x');
  LedgerProducer producer(world.bootstrap(), "behind");
  world.host().start();
  world.create("behind", world.config("behind", {{"format", "csv"},
                                                 {"rotate.records", "10"},
                                                 {"rotate.interval.ms", "600000"},
                                                 {"errors.tolerance", "all"},
                                                 {"errors.deadletterqueue.topic.name", "behind-dead"},
                                                 {"errors.deadletterqueue.topic.replication.factor", "1"}}));
  REQUIRE(world.reaches("behind", "RUNNING"));
  // The next object is cut at once, while the end of this one is still to be committed: at the same offset as its intent.
  for (int i = 0; i < 10; ++i) producer.send(0, "good");
  producer.flush();
  REQUIRE(eventually(30s, [&] { return count_objects(world.bucket()) == 1; }));
  for (int i = 0; i < 11; ++i) producer.send(0, i == 5 ? large : "more");
  producer.flush();
  REQUIRE(world.interrupted("behind", "record_rejected"));
  CHECK(eventually(20s, [&] { return world.admin().committed("connect-behind", "behind", 1).front().offset == 10; }));
  CHECK(throughout(2s, [&] { return count_objects(world.bucket()) == 1; }));
  world.host().kill();
  world.host().start();
  REQUIRE(world.interrupted("behind", "record_rejected"));
  CHECK(count_objects(world.bucket()) == 1);
  world.admin().configure_topic("behind-dead", {{"max.message.bytes", "1000000"}});
  CHECK(world.drained("behind", "behind", 1));
  CHECK(dead_letters(world.bootstrap(), "behind-dead", 1).front().value == large);
}

TEST_CASE("a task whose dead letter is refused takes another dead-letter topic, and can be disabled", "[formats]") {
  World world;
  world.admin().create_topic("refused", 1);
  world.admin().create_topic("refused-dead", 1, {{"max.message.bytes", "10000"}});
  world.admin().create_topic("refused-other", 1);
  const std::string large = "\xFF" + std::string(20000, 'x');
  LedgerProducer producer(world.bootstrap(), "refused");
  for (const auto& value : {std::string("good"), large, std::string("good")}) producer.send(0, value);
  producer.flush();
  world.host().start();
  auto config = world.config("refused", {{"format", "csv"},
                                         {"errors.tolerance", "all"},
                                         {"errors.deadletterqueue.topic.name", "refused-dead"},
                                         {"errors.deadletterqueue.topic.replication.factor", "1"}});
  world.create("refused", config);
  REQUIRE(world.interrupted("refused", "record_rejected"));
  CHECK(world.host().post("/v1/tasks/refused/disable").status == 202);
  CHECK(world.reaches("refused", "DISABLED"));
  CHECK(world.host().post("/v1/tasks/refused/enable").status == 202);
  REQUIRE(world.interrupted("refused", "record_rejected"));
  config["errors.deadletterqueue.topic.name"] = "refused-other";
  CHECK(world.host().request("PUT", "/v1/tasks/refused", {{"config", config}, {"enabled", true}}).status == 200);
  CHECK(world.drained("refused", "refused", 1));
  CHECK(dead_letters(world.bootstrap(), "refused-other", 1).front().value == large);
}

TEST_CASE("a record that stops its partition is removed by an operator: the partition goes on, the others never waited", "[formats]") {
  World world;
  world.admin().create_topic("removed", 2);
  LedgerProducer producer(world.bootstrap(), "removed");
  producer.send(0, "good");
  producer.send(0, "\xFF");
  for (int i = 0; i < 30; ++i) producer.send(0, std::string(900000, 'x'));  // more than may be held for all partitions together
  producer.flush();
  world.host().start();
  world.create("removed", world.config("removed", {{"format", "csv"}}));
  REQUIRE(world.interrupted("removed", "record_rejected"));
  REQUIRE(world.host().post("/v1/tasks/removed/restart").status < 300);  // what lies behind it has been fetched meanwhile
  const auto committed = [&](std::size_t partition) {
    return world.admin().committed("connect-removed", "removed", 2).at(partition).offset;
  };
  for (int i = 0; i < 100; ++i) producer.send(1, "other");
  producer.flush();
  CHECK(eventually(30s, [&] { return committed(0) == 1 && committed(1) == 100; }));

  world.admin().delete_records("removed", 0, 2);
  REQUIRE(world.host().post("/v1/tasks/removed/restart").status < 300);
  CHECK(world.drained("removed", "removed", 2));
  CHECK(world.reaches("removed", "RUNNING"));
  CHECK_THAT(world.host().get("/v1/tasks/removed/events?limit=1000").body, Catch::Contains("removed offsets 1 to 1"));
}
