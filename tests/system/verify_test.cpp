// `verify` against a real broker and bucket: a task that is whole, and each way in which it might not be.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <optional>

#include "world.hpp"

using namespace ch::test;

namespace {

constexpr std::int32_t kPartitions = 3;

// A task that has stored 900 records, and what a person may do to its bucket behind its back.
class Stored {
 public:
  explicit Stored(const std::string& name) : name_(name) {
    world.admin().create_topic(name, kPartitions);
    producer.emplace(world.bootstrap(), name, Mix{81});
    producer->produce(900, kPartitions);
    producer->flush();
    world.host().start();
    world.create(name, world.config(name, {{"rotate.records", "50"}, {"rotate.interval.ms", "600000"}}));
    REQUIRE(world.drained(name, name, kPartitions));
    for (const auto& file : std::filesystem::recursive_directory_iterator(world.bucket() / "objects"))
      if (file.path().string().ends_with(".meta.json")) metas.push_back(file.path());
    std::sort(metas.begin(), metas.end());
    REQUIRE(metas.size() >= 18);
  }
  std::filesystem::path meta(std::int32_t partition, std::int64_t start) const {
    const auto end = fmt::format("-{}-{}.txt.meta.json", partition, start);
    const auto found = std::find_if(metas.begin(), metas.end(), [&](const auto& file) { return file.string().ends_with(end); });
    REQUIRE(found != metas.end());
    return *found;
  }
  json verify(const std::string& query = "") {
    json report;
    Answer answer = world.host().post("/v1/tasks/" + name_ + "/verify" + query);
    while (answer.status == 200 && !(report = answer.json).at("complete").get<bool>())
      answer = world.host().post("/v1/tasks/" + name_ + "/verify", report);
    INFO(answer.status << answer.body);
    CHECK(answer.status == 200);
    return report;
  }
  Finished cli(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{binary("connector-host").string(), "task", "verify", name_, "--url", world.host().url()};
    words.insert(words.end(), more.begin(), more.end());
    return run(words, 90s);
  }
  template <class Change>
  void change_bucket(Change&& change) {
    world.stop_cos();
    change();
    world.start_cos();
  }
  // The body of an object and its metadata; another name for both.
  static std::filesystem::path body_of(const std::filesystem::path& meta) {
    const auto text = meta.string();
    return text.substr(0, text.size() - std::string(".meta.json").size());
  }
  World world;
  std::optional<LedgerProducer> producer;
  std::vector<std::filesystem::path> metas;

 private:
  std::string name_;
};

}  // namespace

TEST_CASE("verify: a task that is whole", "[verify]") {
  Stored stored("verify-whole");
  const auto report = stored.verify("?deep=true");
  INFO(report.dump(1));
  CHECK(report.at("ok") == true);
  CHECK(report.at("records") == 900);
  CHECK(report.at("findings").empty());
  for (const auto& partition : report.at("partitions")) {
    CHECK(partition.at("chains").at(0).at("ranges") == json({{0, 300}}));
    CHECK(partition.at("committed_offset") == 300);
    CHECK(partition.at("position") == 300);
  }
  CHECK(stored.verify("?partition=1").at("records") == 300);
  CHECK(stored.world.host().post("/v1/tasks/verify-whole/verify?topic=other").status == 422);
  CHECK(stored.world.host().post("/v1/tasks/nobody/verify").status == 404);
  const auto cli = stored.cli({"--deep"});
  INFO(cli.output << cli.errors);
  CHECK(cli.status == 0);
}

TEST_CASE("verify: what was stored before template, format and bucket were changed is found", "[verify]") {
  Stored stored("verify-moved");
  auto& world = stored.world;
  const auto change = [&](const json& to) {
    CHECK(world.host().request("PATCH", "/v1/tasks/verify-moved", {{"config", to}}).status == 200);
    REQUIRE(world.reaches("verify-moved", "RUNNING"));
  };
  const auto whole = [&](std::int64_t end) {
    const auto report = stored.verify("?deep=true");
    INFO(report.dump(1));
    CHECK(report.at("ok") == true);
    CHECK(report.at("findings").empty());
    CHECK(report.at("records") == 3 * end);
    for (const auto& partition : report.at("partitions")) CHECK(partition.at("chains").at(0).at("ranges") == json({{0, end}}));
  };
  const auto more = [&] {
    stored.producer->produce(300, kPartitions);
    stored.producer->flush();
    REQUIRE(world.drained("verify-moved", "verify-moved", kPartitions));
  };
  change({{"format", "jsonl"}});
  whole(300);  // nothing is stored yet under the new name
  more();
  change({{"object.key.template", "other/{topic}/{partition}/{start_offset}{ext}"}, {"compression", "gzip"}});
  more();
  change({{"object.key.template", nullptr}, {"compression", nullptr}, {"format", nullptr}});  // and back: a gap for who looks there only
  more();
  whole(600);

  // Where nobody can look there is no gap, but nothing is proven either.
  world.cos().add_bucket("gone-1250000000");
  change({{"cos.bucket", "gone-1250000000"}});
  more();
  change({{"cos.bucket", World::kBucket}});
  more();
  whole(800);
  world.cos().remove_bucket("gone-1250000000");
  const auto report = stored.verify();
  INFO(report.dump(1));
  CHECK(report.at("counts").at("gap") == 0);
  CHECK(report.at("counts").at("unknown") == 1 + kPartitions);
  CHECK(report.at("ok") == false);
  const auto cli = stored.cli();
  INFO(cli.output << cli.errors);
  CHECK(cli.status == 7);
  CHECK(cli.output.find("gone-1250000000") != std::string::npos);
}

TEST_CASE("verify: where a task of the same name stored before, nobody knows", "[verify]") {
  Stored stored("verify-anew");
  auto& world = stored.world;
  CHECK(world.host().request("DELETE", "/v1/tasks/verify-anew").status < 300);
  REQUIRE(eventually(30s, [&] { return world.host().get("/v1/tasks/verify-anew").status == 404; }));
  const auto lost = stored.meta(0, 50);
  stored.change_bucket([&] {
    std::filesystem::remove(Stored::body_of(lost));
    std::filesystem::remove(lost);
  });
  world.create("verify-anew", world.config("verify-anew", {{"rotate.records", "50"}, {"rotate.interval.ms", "600000"}}));
  REQUIRE(world.reaches("verify-anew", "RUNNING"));
  const auto report = stored.verify();
  INFO(report.dump(1));
  CHECK(report.at("counts").at("gap") == 0);
  CHECK(report.at("counts").at("unknown") == 1);
  CHECK(report.at("ok") == false);
}

TEST_CASE("verify: a lost object, one that is there twice, a damaged and a foreign one", "[verify]") {
  Stored stored("verify-broken");
  // Not the first of a partition: with nothing before it nobody can tell that it was there.
  const auto lost = stored.meta(0, 50), twice = stored.meta(1, 100), damaged = stored.meta(2, 150);
  stored.change_bucket([&] {
    std::filesystem::remove(Stored::body_of(lost));
    std::filesystem::remove(lost);
    // The same object under a name of a later second, as a second host without fence and audit would store it.
    auto meta = json::parse(read_file(twice));
    const auto rename = [](std::string name) { return name.replace(name.find("%2F20") + 3, 4, "2099"); };
    auto key = meta.at("key").get<std::string>();
    meta["key"] = key.replace(key.find("/20") + 1, 4, "2099");
    std::filesystem::copy(Stored::body_of(twice), rename(Stored::body_of(twice).string()));
    write_file(rename(twice.string()), meta.dump());
    auto body = read_file(Stored::body_of(damaged));
    body[body.size() / 2] ^= 1;
    write_file(Stored::body_of(damaged), body);
    auto foreign = json::parse(read_file(twice));
    key = foreign.at("key").get<std::string>();
    foreign["key"] = key.replace(key.find("/20") + 1, 4, "2098");
    foreign["metadata"] = json::object();
    const auto other = [](std::string name) { return name.replace(name.find("%2F20") + 3, 4, "2098"); };
    std::filesystem::copy(Stored::body_of(twice), other(Stored::body_of(twice).string()));
    write_file(other(twice.string()), foreign.dump());
  });
  const auto report = stored.verify();
  INFO(report.dump(1));
  CHECK(report.at("ok") == false);
  CHECK(report.at("counts") ==
        json({{"gap", 1}, {"overlap", 0}, {"duplicate", 1}, {"wrong", 0}, {"unknown", 0}, {"foreign", 1}, {"orphan_upload", 0}}));
  const auto deep = stored.verify("?deep=true");
  INFO(deep.dump(1));
  CHECK(deep.at("counts").at("wrong") == 1);
  const auto cli = stored.cli();
  INFO(cli.output << cli.errors);
  CHECK(cli.status == 7);
  CHECK(cli.output.find("duplicate") != std::string::npos);
  CHECK(stored.cli({"--output", "json"}).status == 7);
}
