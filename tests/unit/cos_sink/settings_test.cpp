#include "settings.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <embedded/cos_sink_schema.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "fake_host.hpp"
#include "writer/object_identity.hpp"

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

// The values that the schema lists for a key.
std::set<std::string> offered(const std::string& key) {
  const auto schema = nlohmann::json::parse(schemas::cos_sink_schema_json);
  std::set<std::string> values;
  for (const auto& value : schema.at("properties").at(key).at("enum")) values.insert(value.get<std::string>());
  return values;
}

// One that make_settings takes and that no test task has.
std::string another_value(const std::string& key, const nlohmann::json& property) {
  static const Config values{{"cos.bucket", "other-1250000000"},
                             {"cos.endpoint", "http://h/{bucket}"},
                             {"object.key.template", "{partition}-{start_offset}"},
                             {"jsonl.fields", "value,key"},
                             {"csv.fields", "value"}};
  if (const auto known = values.find(key); known != values.end()) return known->second;
  if (property.contains("enum")) return property.at("enum").back().get<std::string>();
  return property.contains("minimum") ? "5" : "other";
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
  const auto schema = nlohmann::json::parse(schemas::cos_sink_schema_json);
  for (const auto& [key, property] : schema.at("properties").items()) {
    INFO(key);
    REQUIRE(property.contains("x-shapes-objects"));  // said of every key, so that none is forgotten
    const bool differs = make_settings(task_info({{key, another_value(key, property)}})).fingerprint != before;
    CHECK(differs == property.at("x-shapes-objects").get<bool>());
  }
}

// What running tasks have committed beside their offsets: with another fingerprint a range that is to be read again would stand.
TEST_CASE("the fingerprint of a configuration is the same in every version") {
  const auto of = [](Config more) { return make_settings(task_info(std::move(more))).fingerprint; };
  const Config filled_in{{"jsonl.fields", "value"},
                         {"csv.fields", "partition,offset,timestamp,key,value"},
                         {"csv.header", "true"},
                         {"behavior.on.null.values", "write"}};
  CHECK(of({}) == "63c2364bae691fc6");
  CHECK(of(filled_in) == "64d813b13d9bd042");
  auto elsewhere = filled_in;
  elsewhere["cos.region"] = "ap-beijing";
  CHECK(of(elsewhere) == "d24b1111c511adbe");
  CHECK(of({{"cos.bucket", "other-1250000001"},
            {"cos.endpoint", "http://127.0.0.1:9000/{bucket}"},
            {"object.key.template", "{topic}/{partition}-{start_offset}{ext}"},
            {"format", "csv"},
            {"compression", "zstd"},
            {"jsonl.fields", "key,value"},
            {"csv.fields", "offset,value"},
            {"csv.header", "false"},
            {"behavior.on.null.values", "ignore"}}) == "52e6def0116b0135");
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
  CHECK_THROWS_WITH(named("parquet", "none"), "'parquet' is no format");
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

TEST_CASE("the schema offers the kinds of credentials and the formats that there are, and no others") {
  std::set<std::string> sources, formats;
  for (const auto& kind : credential_kinds()) sources.emplace(kind.name);
  for (const auto& kind : format_kinds()) formats.emplace(kind.name);
  CHECK(offered("cos.credentials") == sources);
  CHECK(offered("format") == formats);
  CHECK_THAT(problem("cos.credentials", {{"cos.credentials", "profile"}}), Catch::Contains("no kind of credentials"));
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

TEST_CASE("a bucket's address is the task's, else the host's") {
  const auto endpoint = [](Config more) { return make_settings(task_info(std::move(more))).endpoint.base; };
  const std::pair<const std::string, std::string> host{"host.cos.endpoint", "http://127.0.0.1:9000/{bucket}"};
  const auto bucket = task_info()["cos.bucket"];
  CHECK(endpoint({host}) == "http://127.0.0.1:9000/" + bucket);
  CHECK(endpoint({host, {"cos.endpoint", "http://h/{bucket}"}}) == "http://h/" + bucket);
  auto task = task_info({host});
  task.region.clear();  // nothing asks for it
  CHECK(problems_of(task).empty());
}

TEST_CASE("an STS is the host's, and a task names one for its own keys alone, and only where the host lets it go") {
  const Config host{{"host.sts.endpoint", "https://sts.internal.tencentcloudapi.com"},
                    {"host.cvm.metadata.endpoint", "http://metadata.internal"},
                    {"host.egress.allowed", "*.tencentcloudapi.com,127.0.0.1"}};
  const auto with = [&](Config more) {
    more.insert(host.begin(), host.end());
    return more;
  };
  const auto sts_of = [&](Config more) { return make_settings(task_info(with(std::move(more)))).credentials.sts_endpoint; };
  const auto refusal = [&](const std::string& kind, const std::string& url) {
    return problems_of(task_info(with({{"cos.credentials", kind}, {"sts.endpoint", url}})))["sts.endpoint"];
  };
  CHECK(sts_of({{"cos.credentials", "assume-role"}}) == "https://sts.internal.tencentcloudapi.com");
  CHECK(sts_of({{"cos.credentials", "assume-role"}, {"sts.endpoint", "http://127.0.0.1:9000"}}) == "http://127.0.0.1:9000");
  CHECK(sts_of({{"cos.credentials", "web-identity"}, {"sts.endpoint", "http://127.0.0.1:9000"}}) ==
        "https://sts.internal.tencentcloudapi.com");
  CHECK(make_settings(task_info(with({{"cvm.metadata.endpoint", "http://attacker"}}))).credentials.metadata_endpoint ==
        "http://metadata.internal");
  CHECK(refusal("assume-role", "http://127.0.0.1:9000").empty());
  CHECK(refusal("assume-role", "https://sts.ap-guangzhou.tencentcloudapi.com").empty());
  for (const std::string kind : {"web-identity", "instance-role", "static", "file"})
    CHECK_THAT(refusal(kind, "https://sts.tencentcloudapi.com"), Catch::Contains("assume-role only"));
  for (const std::string url :
       {"http://attacker", "https://attacker", "http://sts.tencentcloudapi.com", "http://169.254.0.23", "http://localhost:1"})
    CHECK_THAT(refusal("assume-role", url), Catch::Contains("egress.allowed"));
  CHECK_THAT(
      problems_of(task_info({{"cos.credentials", "assume-role"}, {"sts.endpoint", "https://sts.tencentcloudapi.com"}}))["sts.endpoint"],
      Catch::Contains("egress.allowed"));  // a host that lists nothing
}

TEST_CASE("the identity of the host's pod is what the host hands over, and nothing of the process's environment") {
  ::setenv("TKE_ROLE_ARN", "qcs::cam::uin/1:roleName/r", 1);
  ::setenv("TKE_PROVIDER_ID", "p", 1);
  ::setenv("TKE_WEB_IDENTITY_TOKEN_FILE", "/var/run/token", 1);
  const Config task{{"cos.credentials", "web-identity"}};
  auto found = problems_of(task_info(task));
  for (const char* key : {"cos.role.arn", "cos.web.identity.provider.id", "cos.web.identity.token.file"})
    CHECK_THAT(found[key], Catch::Contains("is needed"));
  for (const char* name : {"TKE_ROLE_ARN", "TKE_PROVIDER_ID", "TKE_WEB_IDENTITY_TOKEN_FILE"}) ::unsetenv(name);
  auto handed = task;
  handed.insert({{"host.TKE_ROLE_ARN", "qcs::cam::uin/1:roleName/r"},
                 {"host.TKE_PROVIDER_ID", "p"},
                 {"host.TKE_WEB_IDENTITY_TOKEN_FILE", "/var/run/token"}});
  CHECK(problems_of(task_info(handed)).empty());
  CHECK(make_settings(task_info(handed)).credentials.token_file == "/var/run/token");
}

TEST_CASE("a proxy's URL is checked and never shown") {
  CHECK(problem("cos.proxy.url", {{"cos.proxy.url", "http://user:hunter2@proxy.example.com:3128"}}).empty());
  CHECK(make_settings(task_info({{"cos.proxy.url", "http://p:1"}})).proxy == std::optional<std::string>("http://p:1"));
  CHECK_FALSE(make_settings(task_info({})).proxy);
  // To STS it leads for the task's own keys alone: what is the pod's stays with the host.
  const auto to_sts = [](const char* kind) {
    return make_settings(task_info({{"cos.proxy.url", "http://p:1"}, {"cos.credentials", kind}})).credentials.proxy.has_value();
  };
  CHECK(to_sts("assume-role"));
  CHECK_FALSE(to_sts("web-identity"));
  CHECK_FALSE(to_sts("instance-role"));
  for (const std::string url :
       {"proxy.example.com:3128", "https://p:1", "socks5://p:1", "http://user:hunter2@p", "http://p:1/path", "http://p:1?x", "http://"}) {
    INFO(url);
    const auto why = problem("cos.proxy.url", {{"cos.proxy.url", url}});
    CHECK_FALSE(why.empty());
    CHECK(why.find("hunter2") == std::string::npos);
  }
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
