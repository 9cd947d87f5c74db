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
