// A bucket with versions of its objects: COS then overwrites where it is told not to.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "world.hpp"

using namespace ch::test;

namespace {

void put_file(World& world, const std::string& name, const json& meta, const std::string& body) {
  world.stop_cos();
  write_file(world.bucket() / "objects" / name, body);
  write_file(world.bucket() / "objects" / (name + ".meta.json"), meta.dump());
  world.start_cos();
}

// Those of stored objects; the preflight's probe, which is removed, leaves one, too.
std::vector<std::filesystem::path> versions_of(const World& world) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(world.bucket() / "versions"))
    if (entry.path().string().find(".txt") != std::string::npos && !entry.path().string().ends_with(".meta.json"))
      found.push_back(entry.path());
  return found;
}

}  // namespace

TEST_CASE("a bucket with versions: nobody else's object is overwritten, and a late request stores the same once more", "[breaks]") {
  const bool enabled = GENERATE(true, false);
  CAPTURE(enabled);
  World world;
  const std::string task = enabled ? "versions" : "versions-suspended";
  world.admin().create_topic(task, 2);
  world.cos().set_versioning(World::kBucket, true);
  if (!enabled) world.cos().set_versioning(World::kBucket, false);
  const auto foreign = fmt::format("of%2F{}%2F1-0.txt", task);
  const json meta = {{"key", fmt::format("of/{}/1-0.txt", task)},
                     {"size", 5},
                     {"etag", "e"},
                     {"crc64", ""},
                     {"modified_ms", 1},
                     {"headers", json::object()},
                     {"metadata", json::object()}};
  put_file(world, foreign, meta, "mine\n");

  LedgerProducer producer(world.bootstrap(), task, Mix{97});
  const auto produce = [&] {
    producer.produce(200, 2);
    producer.flush();
  };
  world.host().start();
  world.create(task,
               world.config(task, {{"rotate.records", "100"}, {"object.key.template", "of/{topic}/{partition}-{start_offset}{ext}"}}));
  produce();
  CHECK(world.interrupted(task, "object_conflict"));
  CHECK(eventually(30s, [&] { return world.admin().committed("connect-" + task, task, 1).front().offset == 100; }));
  CHECK(read_file(world.bucket() / "objects" / foreign) == "mine\n");
  CHECK(versions_of(world).empty());
  world.stop_cos();
  std::filesystem::remove(world.bucket() / "objects" / foreign);
  std::filesystem::remove(world.bucket() / "objects" / (foreign + ".meta.json"));
  world.start_cos();
  CHECK(world.drained(task, task, 2, 90s));

  if (enabled) {
    // A PUT whose sender is gone takes effect behind the one of its successor.
    ch::cos_emulator::Fault late;
    late.operation = "put";
    late.kind = ch::cos_emulator::Fault::Kind::stall;
    late.stall_ms = 15000;
    const auto puts = [&] { return world.cos().counters().requests["put"]; };
    const auto before = puts();
    world.cos().add_fault(late);
    produce();
    CHECK(eventually(30s, [&] { return puts() >= before + 1; }));
    world.host().kill();
    world.host().start();
    CHECK(world.drained(task, task, 2));
    CHECK(eventually(30s, [&] { return versions_of(world).size() == 1; }));
    for (const auto& version : versions_of(world)) {
      const auto name = version.filename().string();
      const auto object = (world.bucket() / "objects" / name.substr(0, name.find(".txt") + 4)).string();
      REQUIRE(eventually(10s, [&] { return std::filesystem::exists(object + ".meta.json"); }));  // what replaced the version
      CHECK(read_file(version) == read_file(object));
    }
  }
  produce();
  CHECK(world.drained(task, task, 2));
  const auto report = world.check(task, producer.ledger());
  INFO(report.summary());
  CHECK(report.ok());
}

TEST_CASE("a task whose next name is taken goes on under its own name, by another template and its offsets", "[verify]") {
  World world;
  world.admin().create_topic("taken", 1);
  const json meta = {
      {"key", "of/taken/0-100.txt"}, {"size", 5}, {"etag", "e"}, {"crc64", ""}, {"modified_ms", 1}, {"headers", json::object()},
      {"metadata", json::object()}};
  put_file(world, "of%2Ftaken%2F0-100.txt", meta, "mine\n");
  LedgerProducer producer(world.bootstrap(), "taken", Mix{98});
  producer.produce(200, 1);
  producer.flush();
  auto& host = world.host();
  host.start();
  world.create("taken", world.config("taken", {{"rotate.records", "100"},
                                               {"consumer.override.session.timeout.ms", "6000"},
                                               {"object.key.template", "of/{topic}/{partition}-{start_offset}{ext}"}}));
  REQUIRE(world.interrupted("taken", "object_conflict"));
  CHECK(host.post("/v1/tasks/taken/disable").status < 300);
  CHECK(host.state("taken") != "DISABLED");  // it waits for the name
  host.kill();
  host.start();
  REQUIRE(world.reaches("taken", "DISABLED"));
  const json other = {{"object.key.template", "of/{task}/{topic}/{partition}-{start_offset}{ext}"}};
  CHECK(host.request("PATCH", "/v1/tasks/taken", {{"config", other}}).status == 200);
  REQUIRE(world.admin().committed("connect-taken", "taken", 1).front().offset == 100);
  const auto offsets =
      json::parse(R"({"offsets": [{"partition": {"kafka_topic": "taken", "kafka_partition": 0}, "offset": {"kafka_offset": 100}}]})");
  const auto altered = host.request("PATCH", "/connectors/taken/offsets", offsets);
  INFO(altered.body);
  REQUIRE(altered.status == 200);
  CHECK(host.post("/v1/tasks/taken/enable").status < 300);
  REQUIRE(world.drained("taken", "taken", 1));
  CHECK(read_file(world.bucket() / "objects" / "of%2Ftaken%2F0-100.txt") == "mine\n");
  const auto report = host.post("/v1/tasks/taken/verify").json;
  INFO(report.dump(1));
  CHECK(report.at("ok") == true);
  CHECK(report.at("all_stored") == true);
  CHECK(report.at("records") == 200);
  CHECK(report.at("counts").at("foreign") == 1);
}
