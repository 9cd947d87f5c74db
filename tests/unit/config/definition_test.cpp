#include "config/definition.hpp"

#include <catch2/catch.hpp>
#include <limits>

using namespace ch;
using config::Definition;
using config::Type;

namespace {

constexpr const char* kSchema = R"({
  "type": "object",
  "required": ["bucket", "secret"],
  "properties": {
    "topics":       {"type": "string", "x-list": true, "minLength": 1, "x-group": "Source", "x-order": 1},
    "topics.regex": {"type": "string", "x-group": "Source", "x-order": 2},
    "secret":       {"type": "string", "x-password": true, "minLength": 4, "x-group": "Store", "x-order": 2},
    "bucket":       {"type": "string", "maxLength": 10, "x-group": "Store", "x-order": 1, "x-importance": "high", "description": "Where."},
    "minutes":      {"type": ["integer", "string"], "minimum": 5, "maximum": 60, "default": "5", "x-unit": "minutes"},
    "idle.ms":      {"type": "integer", "x-unit": "ms", "minimum": 0, "default": 0},
    "part.bytes":   {"type": "integer", "x-unit": "bytes", "minimum": 1048576, "maximum": 5368709120, "default": "8MiB"},
    "cross":        {"type": "boolean", "default": false},
    "format":       {"type": "string", "enum": ["string", "jsonl"], "default": "string"},
    "encryption":   {"type": "string", "enum": ["none"], "default": "none"},
    "languages":    {"type": "string", "x-list": true, "enum": ["de", "en"]}
  },
  "patternProperties": {"^consumer\\.override\\..+": {"type": "string"}}
})";

Definition definition() {
  auto made = Definition::from_schema(kSchema);
  INFO((made ? "" : made.error().message));
  REQUIRE(made);
  return *made;
}

Config good() { return {{"topics", "orders"}, {"bucket", "b-1"}, {"secret", "s3cret"}}; }

// The only problem of good() with this value, or "" if there is none.
std::string problem_of(const std::string& key, const std::string& value) {
  Config config = good();
  config[key] = value;
  const auto problems = definition().check(config);
  if (problems.empty()) return "";
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].key == key);
  return problems[0].message;
}

std::string schema_fault(const std::string& properties, const std::string& rest = "") {
  const auto made = Definition::from_schema("{\"properties\": {" + properties + "}" + rest + "}");
  return made ? "" : made.error().message;
}

}  // namespace

TEST_CASE("a schema becomes keys, by group and order") {
  const auto made = definition();
  std::vector<std::string> names;
  for (const auto& key : made.keys()) names.push_back(key.name);
  CHECK(names == std::vector<std::string>{"topics", "topics.regex", "bucket", "secret", "minutes", "idle.ms", "part.bytes", "cross",
                                          "format", "encryption", "languages"});
  const auto* bucket = made.find("bucket");
  REQUIRE(bucket != nullptr);
  CHECK(bucket->type == Type::string);
  CHECK(bucket->required);
  CHECK_FALSE(bucket->has_default);
  CHECK(bucket->maximum == 10);
  CHECK(bucket->importance == "high");
  CHECK(bucket->documentation == "Where.");
  CHECK(made.find("secret")->type == Type::password);
  CHECK(made.find("topics")->type == Type::list);
  CHECK(made.find("minutes")->type == Type::integer);
  CHECK(made.find("minutes")->minimum == 5);
  CHECK(made.find("minutes")->unit == "minutes");
  CHECK(made.find("minutes")->importance == "medium");
  CHECK(made.find("idle.ms")->default_value == "0");
  CHECK(made.find("part.bytes")->type == Type::bytes);
  CHECK(made.find("cross")->type == Type::boolean);
  CHECK(made.find("cross")->default_value == "false");
  CHECK(made.find("format")->choices == std::vector<std::string>{"string", "jsonl"});
  CHECK(made.find("nothing") == nullptr);
  CHECK(made.accepts_prefix("consumer.override.fetch.min.bytes"));
  CHECK_FALSE(made.accepts_prefix("consumer.override."));
  CHECK_FALSE(made.accepts_prefix("consumerxoverride.a"));
}

TEST_CASE("a schema that cannot be used says why") {
  CHECK_THAT(Definition::from_schema("{").error().message, Catch::Contains("not JSON"));
  CHECK_THAT(Definition::from_schema("[]").error().message, Catch::Contains("not a JSON object"));
  CHECK_THAT(Definition::from_schema("{}").error().message, Catch::Contains("no object \"properties\""));
  CHECK_THAT(Definition::from_schema(std::string(config::kMaxSchemaBytes + 1, ' ')).error().message, Catch::Contains("at most"));
  CHECK_THAT(schema_fault(R"("a": 1)"), Catch::Contains("property \"a\": must be a JSON object"));
  CHECK_THAT(schema_fault(R"("a": {})"), Catch::Contains("\"type\" is missing"));
  CHECK_THAT(schema_fault(R"("a": {"type": "number"})"), Catch::Contains("known are string, integer"));
  CHECK_THAT(schema_fault(R"("a": {"type": ["integer", "null"]})"), Catch::Contains("a list of a name and \"string\""));
  CHECK_THAT(schema_fault(R"("a": {"type": "string", "x-pasword": true})"), Catch::Contains("did you mean \"x-password\"?"));
  CHECK_THAT(schema_fault(R"("a": {"type": "string", "x-password": "yes"})"), Catch::Contains("wrong type"));
  CHECK_THAT(schema_fault(R"("a": {"type": "string", "x-password": true, "default": "x"})"), Catch::Contains("cannot have a default"));
  CHECK_THAT(schema_fault(R"("a": {"type": "string", "x-importance": "huge"})"), Catch::Contains("high, medium or low"));
  CHECK_THAT(schema_fault(R"("a": {"type": "integer", "minimum": 1.5})"), Catch::Contains("whole number"));
  CHECK_THAT(schema_fault(R"("a": {"type": "integer", "minimum": 9, "maximum": 1})"), Catch::Contains("above its largest"));
  CHECK_THAT(schema_fault(R"("a": {"type": "integer", "minimum": 9, "default": 1})"),
             Catch::Contains("its default must be a whole number of at least 9"));
  CHECK_THAT(schema_fault(R"("a": {"type": "string", "default": null})"), Catch::Contains("\"default\" must be"));
  CHECK_THAT(schema_fault(R"("a": {"type": "string"})", R"(, "required": ["b"])"), Catch::Contains("\"required\" names \"b\""));
  for (const char* pattern : {"consumer", "^a.*", "^(a|b).+", "^.+", "^a$"}) {
    CHECK_THAT(schema_fault(R"("a": {"type": "string"})", std::string(R"(, "patternProperties": {")") + pattern + "\": {}}"),
               Catch::Contains("must be a prefix"));
  }
}

TEST_CASE("a good configuration has no problems") {
  CHECK(definition().check(good()).empty());
  auto config = good();
  config["consumer.override.fetch.min.bytes"] = "100";
  config["languages"] = "de, en";
  config["minutes"] = "60";
  config["cross"] = "true";
  CHECK(definition().check(config).empty());
}

TEST_CASE("every problem is found at once") {
  const auto problems = definition().check({{"bukcet", "x"}, {"minutes", "4"}, {"cross", "yes"}, {"secret", "abc"}});
  std::vector<std::string> keys;
  for (const auto& problem : problems) keys.push_back(problem.key);
  CHECK(keys == std::vector<std::string>{"bukcet", "cross", "minutes", "secret", "bucket"});
}

TEST_CASE("problems say what would be right") {
  CHECK(problem_of("bukcet", "x") == "is not a known key; did you mean bucket?");
  CHECK(problem_of("something.else", "x") == "is not a known key");
  CHECK(problem_of("minutes", "4") == "must be a whole number from 5 to 60 (minutes)");
  CHECK(problem_of("minutes", "61") == "must be a whole number from 5 to 60 (minutes)");
  CHECK(problem_of("idle.ms", "-1") == "must be a whole number of at least 0 (ms)");
  for (const char* bad : {"", "five", "5.0", " 5", "5 ", "+5", "0x5", "99999999999999999999"}) {
    CHECK(problem_of("minutes", bad) == "must be a whole number from 5 to 60 (minutes)");
  }
  CHECK(problem_of("part.bytes", "6GiB") == "must be a size in bytes from 1MiB to 5GiB");
  CHECK_THAT(problem_of("part.bytes", "8MB"), Catch::Contains("KiB, MiB or GiB"));
  CHECK(problem_of("part.bytes", "5GiB").empty());
  CHECK(problem_of("part.bytes", "1048576").empty());
  CHECK(problem_of("cross", "True") == "must be true or false");
  CHECK(problem_of("format", "csv") == "must be one of string, jsonl");
  CHECK(problem_of("encryption", "") == "must be none");
  CHECK(problem_of("bucket", "") == "must not be empty");
  CHECK(problem_of("bucket", "12345678901") == "must be at most 10 bytes long; it has 11");
  CHECK(problem_of("topics", "") == "must not be empty");
  CHECK(problem_of("topics", "a,,b") == "must be a comma list without empty items");
  CHECK(problem_of("languages", "de,fr") == "each item must be one of de, en");
}

TEST_CASE("text that could do harm is refused, and shown escaped") {
  CHECK_THAT(problem_of("bucket", "a\nb"), Catch::Contains("control characters; byte 2"));
  CHECK_THAT(problem_of("bucket", std::string("a\0b", 3)), Catch::Contains("control characters"));
  CHECK_THAT(problem_of("bucket", "a\xc2\x9b"), Catch::Contains("control characters"));
  CHECK_THAT(problem_of("bucket", "a\xff"), Catch::Contains("UTF-8; byte 2"));
  CHECK_THAT(problem_of("consumer.override.x", "\x1b[2J"), Catch::Contains("control characters"));
  CHECK(problem_of("bucket", "b\xc3\xbc").empty());
  CHECK(problem_of("consumer.override.x", std::string(config::kMaxValueBytes, 'a')).empty());
  CHECK_THAT(problem_of("consumer.override.x", std::string(config::kMaxValueBytes + 1, 'a')), Catch::Contains("at most 8192 bytes"));

  auto config = good();
  config["bucket"] = "a\nb";
  config["k\x1b[2J"] = "1";
  config[std::string(config::kMaxKeyBytes + 1, 'k')] = "1";
  const auto problems = definition().check(config);
  REQUIRE(problems.size() == 3);
  CHECK(problems[0].value == "a\\nb");
  CHECK(problems[1].key.find('\x1b') == std::string::npos);
  CHECK_THAT(problems[1].message, Catch::Contains("control characters"));
  CHECK(problems[2].key.size() < config::kMaxKeyBytes);
  CHECK_THAT(problems[2].message, Catch::Contains("at most 255 bytes"));

  Config many;
  for (std::size_t i = 0; i <= config::kMaxKeys; ++i) many["key" + std::to_string(i)] = "";
  CHECK(definition().check(many).size() == 1);
}

TEST_CASE("secrets are never shown") {
  for (const std::string secret : {"abc", "hunter2\n", "********", "", "hunter2\xff"}) {
    auto config = good();
    config["secret"] = secret;
    config["sceret"] = "hunter2";  // a mistyped key
    const auto problems = definition().check(config);
    REQUIRE(problems.size() == 2);
    for (const auto& problem : problems) {
      CHECK(problem.value.empty());
      CHECK(problem.message.find("hunter2") == std::string::npos);
    }
  }
  CHECK_THAT(problem_of("secret", "********"), Catch::Contains("mask"));

  const auto masked =
      definition().masked({{"bucket", "b-1"}, {"secret", "s3cret"}, {"of.a.missing.plugin", "s3cret"}, {"consumer.override.a", "1"}});
  CHECK(masked == Config{{"bucket", "b-1"}, {"secret", "********"}, {"of.a.missing.plugin", "********"}, {"consumer.override.a", "1"}});
  const auto secret = [](const std::string& value) { return definition().masked({{"secret", value}}).at("secret"); };
  CHECK(secret("${env:X}") == "${env:X}");
  CHECK(secret("${file:/a/b:key}") == "${file:/a/b:key}");
  CHECK(secret("s3cret${env:X}") == "********");
  CHECK(secret("${env:X}s3cret}") == "********");
  CHECK(secret("${s3cret}") == "********");
  CHECK(secret("").empty());
}

TEST_CASE("defaults fill what is missing") {
  auto config = good();
  config["minutes"] = "30";
  const auto full = definition().with_defaults(config);
  CHECK(full.at("minutes") == "30");
  CHECK(full.at("part.bytes") == "8MiB");
  CHECK(full.at("cross") == "false");
  CHECK(full.find("languages") == full.end());
  CHECK(definition().check(full).empty());
}

TEST_CASE("definitions merge") {
  auto merged = definition();
  const auto other = Definition::from_schema(R"({"required": ["path"], "properties": {
    "path": {"type": "string", "x-group": "Source", "x-order": 0},
    "minutes": {"type": "integer", "minimum": 1, "default": 1}}, "patternProperties": {"^x\\..+": {}}})");
  REQUIRE(other);
  merged.merge(*other);
  CHECK(merged.keys().front().name == "path");
  CHECK(merged.keys().size() == definition().keys().size() + 1);
  CHECK(merged.find("minutes")->minimum == 1);
  CHECK(merged.accepts_prefix("x.y"));
  CHECK(merged.accepts_prefix("consumer.override.y"));
  const auto problems = merged.check(good());
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].key == "path");
}

TEST_CASE("sizes and integers") {
  using config::parse_bytes;
  using config::parse_integer;
  CHECK(parse_bytes("0") == 0);
  CHECK(parse_bytes("4096") == 4096);
  CHECK(parse_bytes("1KiB") == 1024);
  CHECK(parse_bytes("64MiB") == 67108864);
  CHECK(parse_bytes("1GiB") == 1073741824);
  CHECK(parse_bytes("8589934591GiB") == std::int64_t{8589934591} << 30);
  for (const char* bad :
       {"", "KiB", "-1", "-0", "1.5GiB", "1 GiB", "1gib", "1TiB", "1GB", "8589934592GiB", "9223372036854775808", "1KiBMiB"}) {
    INFO(bad);
    CHECK_FALSE(parse_bytes(bad));
  }
  CHECK(parse_integer("-7") == -7);
  CHECK(parse_integer("9223372036854775807") == std::numeric_limits<std::int64_t>::max());
  for (const char* bad : {"", "-", "9223372036854775808", "1e3", "1 "}) CHECK_FALSE(parse_integer(bad));
}

TEST_CASE("the nearest name is one that may have been meant") {
  const std::vector<std::string> known = {"cos.bucket", "cos.region", "time.granularity.minutes", "rotate.bytes", "topics"};
  using config::nearest;
  CHECK(nearest("cos.bukcet", known) == "cos.bucket");
  CHECK(nearest("cos_bucket", known) == "cos.bucket");
  CHECK(nearest("COS.REGION", known) == "cos.region");
  CHECK(nearest("bucket", known) == "cos.bucket");
  CHECK(nearest("time.granularity", known) == "time.granularity.minutes");
  CHECK(nearest("topic", known) == "topics");
  CHECK(nearest("topcis", known) == "topics");
  CHECK(nearest("quite.another", known).empty());
  CHECK(nearest("", known).empty());
  CHECK(nearest("x", known).empty());
  CHECK(nearest(std::string(300, 'a'), known).empty());
  CHECK(nearest("a", {}).empty());
}
