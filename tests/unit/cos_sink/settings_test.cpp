#include "settings.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "fake_host.hpp"
#include "identity.hpp"

namespace ch::cos {
namespace {

using cos_test::task_info;

std::map<std::string, std::string> problems_of(const TaskInfo& task) {
  std::map<std::string, std::string> found;
  Problems problems(
      [](void* user, ch_string key, ch_string, ch_string message) {
        (*static_cast<std::map<std::string, std::string>*>(user))[std::string(view(key))] = view(message);
      },
      &found);
  validate(task, problems);
  return found;
}

std::string problem(const std::string& key, Config more, std::uint64_t memory = 64 << 20) {
  auto found = problems_of(task_info(std::move(more), memory));
  const auto message = found[key];
  found.erase(key);
  CHECK(found.empty());
  return message;
}

}  // namespace

TEST_CASE("sizes take binary units") {
  CHECK(parse_size("0") == 0);
  CHECK(parse_size("1000") == 1000);
  CHECK(parse_size("3KiB") == 3072);
  CHECK(parse_size("8MiB") == 8 << 20);
  CHECK(parse_size("2GiB") == std::uint64_t{2} << 30);
  for (const char* bad : {"", "MiB", "8 MiB", "8MB", "-1", "99999999999999999999", "18446744073709551615GiB"})
    CHECK_THROWS_WITH(parse_size(bad), Catch::Contains("is no size"));
}

TEST_CASE("a task's keys become settings") {
  auto task = task_info({{"time.granularity.minutes", "7"},
                         {"rotate.records", "100"},
                         {"rotate.idle.ms", "250"},
                         {"part.bytes", "2MiB"},
                         {"cos.server.side.encryption", "none"},
                         {"cos.ca.location", "/ca.pem"}},
                        64 << 20);
  const auto settings = make_settings(task);
  CHECK(settings.endpoint.base == "https://archive-1250000000.cos.ap-guangzhou.myqcloud.com");
  CHECK(settings.endpoint.bucket == "archive-1250000000");
  CHECK(settings.rotate_interval_ms == 420000);
  CHECK(settings.rotate_records == 100);
  CHECK(settings.rotate_idle_ms == 250);
  CHECK(settings.rotate_bytes == 32 << 20);  // half of buffer.memory where none is given
  CHECK(settings.part_bytes == 2 << 20);
  CHECK(settings.encryption.empty());
  CHECK(settings.ca_file == "/ca.pem");

  task.config["rotate.interval.ms"] = "1500";
  task.config["rotate.bytes"] = "1MiB";
  task.config["cos.region"] = "ap-beijing";
  CHECK(make_settings(task).rotate_interval_ms == 1500);
  CHECK(make_settings(task).rotate_bytes == 1 << 20);
  CHECK(make_settings(task).endpoint.base == "https://archive-1250000000.cos.ap-beijing.myqcloud.com");
  task.config["cos.endpoint"] = "https://{bucket}.cos-internal.{region}.tencentcos.cn";  // within a VPC
  CHECK(make_settings(task).endpoint.base == "https://archive-1250000000.cos-internal.ap-beijing.tencentcos.cn");
  CHECK(problems_of([&] {
          auto in_region = task;
          in_region.config["cos.region"] = "";
          return in_region;
        }())
            .empty());
  task.config["cos.endpoint"] = "http://127.0.0.1:9000/{bucket}";
  CHECK(make_settings(task).endpoint.base == "http://127.0.0.1:9000/archive-1250000000");
}

TEST_CASE("the fingerprint is of what decides the content, and of nothing else") {
  const auto before = make_settings(task_info()).fingerprint;
  CHECK(before.size() == 16);
  CHECK(before.find_first_not_of("0123456789abcdef") == std::string::npos);
  for (const auto& [key, value] : Config{{"cos.bucket", "other-1250000000"},
                                         {"cos.endpoint", "http://h/{bucket}"},
                                         {"object.key.template", "{partition}-{start_offset}"},
                                         {"format", "csv"},
                                         {"csv.fields", "value"},
                                         {"jsonl.fields", "value,key"},
                                         {"behavior.on.null.values", "ignore"},
                                         {"compression", "gzip"}})
    CHECK(make_settings(task_info({{key, value}})).fingerprint != before);
  for (const auto& [key, value] : Config{
           {"rotate.records", "5"}, {"part.bytes", "1MiB"}, {"cos.secret.key", "new"}, {"cos.acl", "default"}, {"compression.level", "1"}})
    CHECK(make_settings(task_info({{key, value}})).fingerprint == before);
}

TEST_CASE("format and compression decide what objects are called and say they are") {
  const auto named = [](const char* format, const char* compression) {
    const auto settings = make_settings(task_info({{"format", format}, {"compression", compression}}));
    return settings.ext + " " + settings.content_type;
  };
  CHECK(named("string", "none") == ".txt text/plain; charset=utf-8");
  CHECK(named("jsonl", "none") == ".jsonl application/x-ndjson");
  CHECK(named("csv", "gzip") == ".csv.gz application/gzip");
  CHECK(named("raw", "zstd") == ".raw.zst application/zstd");
  CHECK(named("avro", "none") == ".avro application/avro");
}

TEST_CASE("wrong fields and levels are refused") {
  for (const char* fields : {"valu", "value,", "key,key", " "})
    CHECK_THAT(problem("jsonl.fields", {{"format", "jsonl"}, {"jsonl.fields", fields}}), Catch::Contains("comma list"));
  CHECK(problem("csv.fields", {{"format", "csv"}, {"csv.fields", "offset, value"}}).empty());
  CHECK_THAT(problem("compression.level", {{"compression", "gzip"}, {"compression.level", "4"}}), Catch::Contains("1 to 3"));
  CHECK(problem("compression.level", {{"compression", "zstd"}, {"compression.level", "6"}}).empty());
  CHECK_THAT(problem("compression.level", {{"compression.level", "1"}}), Catch::Contains("gzip or zstd"));
}

TEST_CASE("a good task has no problems") { CHECK(problems_of(task_info({}, 64 << 20)).empty()); }

TEST_CASE("cross-field problems say what would be right") {
  CHECK_THAT(problem("cos.bucket", {{"cos.bucket", "archive"}}), Catch::Contains("NAME-APPID"));
  CHECK_THAT(problem("cos.bucket", {{"cos.bucket", "Archive-125"}}), Catch::Contains("NAME-APPID"));
  CHECK_THAT(problem("cos.region", {{"cos.region", "ap-beijing"}}), Catch::Contains("cos.cross.region.allowed=true"));
  CHECK(problem("cos.region", {{"cos.region", "ap-beijing"}, {"cos.cross.region.allowed", "true"}}).empty());
  CHECK_THAT(problem("cos.endpoint", {{"cos.endpoint", "ftp://x"}}), Catch::Contains("http://"));
  CHECK_THAT(problem("cos.endpoint", {{"cos.endpoint", "http:///x"}}), Catch::Contains("a host"));
  CHECK_THAT(problem("cos.endpoint", {{"cos.endpoint", "http://h/{buckets}"}}), Catch::Contains("placeholders"));
  CHECK_FALSE(problem("object.key.template", {{"object.key.template", "{topic}/{partition}"}}).empty());
  CHECK_THAT(problem("object.key.template", {{"object.key.template", "{partition}-{start_offset}"}, {"topics", "a,b"}}),
             Catch::Contains("{topic}"));
  CHECK_THAT(problem("cos.secret.id", {{"cos.secret.id", ""}}), Catch::Contains("is needed"));
  CHECK_THAT(problem("cos.secret.key", {{"cos.secret.key", ""}}), Catch::Contains("is needed"));
  CHECK_THAT(problem("rotate.bytes", {{"rotate.bytes", "40MiB"}}), Catch::Contains("raise buffer.memory to 83886080"));
  CHECK(problem("rotate.bytes", {{"rotate.bytes", "32MiB"}}).empty());
  CHECK_THAT(problem("part.bytes", {{"part.bytes", "1MiB"}}, std::uint64_t{64} << 30), Catch::Contains("10000 parts"));
}

TEST_CASE("a region is needed where the address needs one") {
  auto task = task_info();
  task.region.clear();
  CHECK_THAT(problems_of(task)["cos.region"], Catch::Contains("ap-guangzhou"));
  task.config["cos.endpoint"] = "http://127.0.0.1:9000/{bucket}";
  CHECK(problems_of(task).empty());
}

TEST_CASE("no problem quotes a secret") {
  auto task = task_info({{"cos.secret.key", "verysecret"}, {"cos.bucket", "x"}, {"cos.endpoint", "x"}, {"rotate.bytes", "99GiB"}});
  for (const auto& [key, message] : problems_of(task)) CHECK(message.find("verysecret") == std::string::npos);
}

TEST_CASE("what is not printable ASCII is percent-encoded in metadata") {
  CHECK(header_value("orders-1_x.y/z") == "orders-1_x.y/z");
  CHECK(header_value("50% \xC3\xA9\n") == "50%25%20%C3%A9%0A");
}

TEST_CASE("an object is ours only if all of it is equal") {
  const Identity identity{"cluster", "task \xC3\xA9", "topic", 3, 2};
  const auto options = object_options(make_settings(task_info()), identity, {10, 20, 9});
  REQUIRE(own_range(identity, options.metadata));
  CHECK(own_range(identity, options.metadata)->start == 10);
  CHECK(own_range(identity, options.metadata)->end == 20);
  CHECK(own_range(identity, options.metadata)->records == 9);
  for (const char* name : {"cluster", "task", "topic", "partition", "series", "start-offset", "end-offset", "records"}) {
    auto other = options.metadata;
    other[name] = "x";
    CHECK_FALSE(own_range(identity, other));
    other.erase(name);
    CHECK_FALSE(own_range(identity, other));
  }
  auto backwards = options.metadata;
  backwards["end-offset"] = "10";
  CHECK_FALSE(own_range(identity, backwards));
}

TEST_CASE("topics that have ids are stored under them, the others under their names") {
  auto task = task_info({});
  task.topic_ids = {{"orders", "topic-4dyo4uuw"}};
  const auto settings = make_settings(task);
  CHECK(settings.prefix_of("orders", 0) == settings.instance + "/topic-4dyo4uuw/");
  CHECK(settings.prefix_of("bills", 0) == settings.instance + "/bills/");
  CHECK(settings.key_fields("orders", 0, 0, 0).topic_name == "orders");
}

}  // namespace ch::cos
