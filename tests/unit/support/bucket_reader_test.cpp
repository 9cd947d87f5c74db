// The reader that judges the product is itself put to the test: each way in which a bucket can be wrong is planted.
#include "support/ledger/bucket_reader.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/process/temp_dir.hpp"

using namespace ch::test;

namespace {

class Bucket {
 public:
  Bucket() { std::filesystem::create_directories(dir_.path() / "objects"); }

  // Values of a partition of the ledger: text, "" or null.
  void produce(std::int32_t partition, const std::vector<std::optional<std::string>>& values) {
    auto& entries = ledger_.partitions[partition];
    for (const auto& value : values) {
      entries.push_back(
          entry_of(static_cast<std::int64_t>(entries.size()), value ? std::optional<std::string_view>(*value) : std::nullopt));
    }
  }

  void store(std::int32_t partition, std::int64_t start, std::int64_t end, const std::string& body, const nlohmann::json& other = {}) {
    nlohmann::json metadata = {{"cluster", "c"},
                               {"task", "t"},
                               {"topic", "orders"},
                               {"partition", std::to_string(partition)},
                               {"start-offset", std::to_string(start)},
                               {"end-offset", std::to_string(end)},
                               {"records", std::to_string(end - start)},
                               {"format", "string"},
                               {"fingerprint", "f"},
                               {"series", "1"}};
    if (other.is_object()) metadata.update(other);
    const auto name = fmt::format("{}-{}-{}", partition, start, ++stored_);
    write_file(dir_.path() / "objects" / name, body);
    write_file(dir_.path() / "objects" / (name + ".meta.json"),
               nlohmann::json{{"key", name}, {"size", body.size()}, {"metadata", metadata}}.dump());
  }

  void leave_probe() {
    write_file(dir_.path() / "objects/i%2Forders%2Fconnector-host-preflight", "x");
    write_file(dir_.path() / "objects/i%2Forders%2Fconnector-host-preflight.meta.json",
               R"({"key": "i/orders/connector-host-preflight", "size": 1, "metadata": {}})");
  }

  Report check(std::map<std::int32_t, std::int64_t> first = {}) { return check_bucket({dir_.path(), "t", std::move(first)}, ledger_); }
  Ledger& ledger() { return ledger_; }

 private:
  TempDir dir_;
  Ledger ledger_{"orders", {}};
  int stored_ = 0;
};

}  // namespace

TEST_CASE("a bucket that holds everything once is accepted") {
  Bucket bucket;
  bucket.produce(0, {"a", "", std::nullopt, "with\nnewline", "e"});
  bucket.produce(1, {"x"});
  bucket.store(0, 0, 3, "a\n\n\n");
  bucket.store(0, 3, 5, "with\nnewline\ne\n");
  bucket.store(1, 0, 1, "x\n");
  bucket.store(0, 0, 1, "foreign\n", {{"task", "another"}});
  bucket.leave_probe();
  const auto report = bucket.check();
  CHECK(report.summary() == "3 objects, 6 records, 21 bytes");
  CHECK(report.ok());
}

TEST_CASE("lost records are found: between objects, at the start, at the end, a whole partition") {
  Bucket bucket;
  bucket.produce(0, {"a", "b", "c", "d", "e", "f"});
  bucket.produce(1, {"x", "y"});
  bucket.store(0, 1, 2, "b\n");
  bucket.store(0, 4, 5, "e\n");
  const auto report = bucket.check();
  CHECK(report.lost_count == 6);
  CHECK(report.lost == std::vector<std::string>{"partition 0: 1 records of [0, 1)", "partition 0: 2 records of [2, 4)",
                                                "partition 0: 1 records of [5, 6)", "partition 1: 2 records of [0, 2)"});
  CHECK(report.twice_count + report.wrong_count == 0);
}

TEST_CASE("records that are there twice are found, also within an object that lies inside another") {
  Bucket bucket;
  bucket.produce(0, {"a", "b", "c", "d"});
  bucket.store(0, 0, 3, "a\nb\nc\n");
  bucket.store(0, 1, 2, "b\n");
  bucket.store(0, 2, 4, "c\nd\n");
  const auto report = bucket.check();
  CHECK(report.twice_count == 2);
  CHECK(report.lost_count + report.wrong_count == 0);
}

TEST_CASE("a wrong byte, order, length or separator is found") {
  Bucket bucket;
  bucket.produce(0, {"aa", "bb", std::nullopt});
  const auto body = GENERATE(std::string("aa\nbX\n\n"), std::string("bb\naa\n\n"), std::string("aa\nbb\n"), std::string("aa\nbb\n\n\n"),
                             std::string("aa\nbb\nx\n"), std::string("aa\nbb  "), std::string(""));
  bucket.store(0, 0, 3, body);
  const auto report = bucket.check();
  CHECK(report.wrong_count == 1);
  CHECK(report.lost_count + report.twice_count == 0);
}

TEST_CASE("metadata that does not tell the truth is found") {
  Bucket bucket;
  bucket.produce(0, {"a", "b"});
  SECTION("count") { bucket.store(0, 0, 2, "a\nb\n", {{"records", "3"}}); }
  SECTION("not a number") { bucket.store(0, 0, 2, "a\nb\n", {{"start-offset", "0x"}}); }
  SECTION("a range turned round") { bucket.store(0, 0, 2, "a\nb\n", {{"end-offset", "0"}}); }
  SECTION("beyond the last record") { bucket.store(0, 0, 2, "a\nb\n", {{"end-offset", "9"}}); }
  SECTION("no fingerprint") { bucket.store(0, 0, 2, "a\nb\n", {{"fingerprint", ""}}); }
  SECTION("another format") { bucket.store(0, 0, 2, "a\nb\n", {{"format", "jsonl"}}); }
  SECTION("a partition that nothing was produced to") { bucket.store(0, 0, 2, "a\nb\n", {{"partition", "7"}}); }
  CHECK_FALSE(bucket.check().ok());
  CHECK(bucket.check().wrong_count > 0);
}

TEST_CASE("records before the first expected offset are unexpected, and are not missed") {
  Bucket bucket;
  bucket.produce(0, {"a", "b", "c", "d"});
  SECTION("kept out") {
    bucket.store(0, 2, 4, "c\nd\n");
    CHECK(bucket.check({{0, 2}}).summary() == "1 objects, 2 records, 4 bytes");
  }
  SECTION("let in") {
    bucket.store(0, 1, 4, "b\nc\nd\n");
    const auto report = bucket.check({{0, 2}});
    CHECK(report.unexpected_count == 1);
    CHECK(report.lost_count + report.twice_count + report.wrong_count == 0);
  }
}

TEST_CASE("offsets that no record has are not missed") {
  Bucket bucket;
  bucket.ledger().partitions[0] = {entry_of(0, "a"), entry_of(5, "b"), entry_of(6, "c")};
  bucket.store(0, 0, 1, "a\n");
  bucket.store(0, 5, 7, "b\nc\n");
  CHECK(bucket.check().ok());
}

TEST_CASE("values are the same for the same mix and index, and of every kind") {
  const Mix mix{7};
  std::string buffer, again;
  std::size_t nulls = 0, empty = 0, newlines = 0, medium = 0, large = 0;
  for (std::uint64_t i = 0; i < 20000; ++i) {
    const auto value = make_value(mix, i, buffer);
    REQUIRE(value == make_value(mix, i, again));
    if (!value) {
      ++nulls;
    } else if (value->empty()) {
      ++empty;
    } else if (value->find_first_not_of('\n') == std::string_view::npos) {
      ++newlines;
    } else {
      REQUIRE(value->size() <= kLargeBytes);
      medium += value->size() > 300 && value->size() <= kMediumBytes ? 1U : 0U;
      large += value->size() > kMediumBytes ? 1U : 0U;
    }
  }
  CHECK(nulls > 50);
  CHECK(empty > 50);
  CHECK(newlines > 50);
  CHECK(medium > 100);
  CHECK(large > 0);
  CHECK(make_value(Mix{8}, 1000, again) != make_value(mix, 1000, buffer));
}
