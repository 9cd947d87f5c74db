#include "rest/core/request_body.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace ch::rest;

namespace {

const std::vector<std::string> kFields = {"name", "config", "enabled"};

TaskBody read(std::string_view text, bool nulls = false) {
  auto body = read_task_body(text, kFields, nulls);
  if (!body) FAIL(body.error().message);
  return std::move(*body);
}

std::string refused(std::string_view text) {
  const auto body = read_task_body(text, kFields, false);
  REQUIRE_FALSE(body);
  REQUIRE(body.error().code == ch::ErrorCode::invalid);
  return body.error().message;
}

// The one problem of a body.
ch::KeyProblem problem(std::string_view text, bool nulls = false) {
  const auto body = read(text, nulls);
  REQUIRE(body.problems.size() == 1);
  return body.problems[0];
}

}  // namespace

TEST_CASE("a task body is read, scalars as their text") {
  const auto body = read(
      R"({"name":"orders","enabled":false,"config":{"topics":"a","tasks.max":2,"x.f":1.10,"x.e":1E5,"x.b":true,"x.n":-7,"x.u":"\u00e9"}})");
  REQUIRE(body.problems.empty());
  REQUIRE(body.name == "orders");
  REQUIRE(body.enabled == false);
  const ch::Config expected = {{"topics", "a"}, {"tasks.max", "2"}, {"x.f", "1.10"},    {"x.e", "1E5"},
                               {"x.b", "true"}, {"x.n", "-7"},      {"x.u", "\xc3\xa9"}};
  REQUIRE(body.values() == expected);
  REQUIRE(read(R"({"config":{"x":123456789012345678901234567890}})").values().at("x") == "123456789012345678901234567890");
}

TEST_CASE("what is absent stays absent") {
  const auto body = read("{}");
  REQUIRE_FALSE(body.name);
  REQUIRE_FALSE(body.enabled);
  REQUIRE_FALSE(body.config);
  REQUIRE(body.values().empty());
}

TEST_CASE("what is no JSON in UTF-8 is refused with the place, and without quoting it") {
  REQUIRE(refused("") == "the body is empty; send a JSON object");
  REQUIRE(refused("{\"config\":{\"cos.secret.key\":\"hush\",\n}}").find("line 2, column 1") != std::string::npos);
  REQUIRE(refused("{\"cos.secret.key\":\"hush\" x").find("hush") == std::string::npos);
  refused("{\"name\":\"\xff\"}");
  refused("{\"name\":\"\xc3\"}");
  refused("{\"name\":\"\xed\xa0\x80\"}");  // a surrogate
  refused("{\"name\":\"\\ud800\"}");
  refused("{\"name\":\"a\"} x");
  refused("{'name':1}");
  refused("{\"a\":1e999}");
  refused("[]");
  refused("null");
  refused("\"text\"");
}

TEST_CASE("a body with a NUL byte is no JSON, whatever stands before it") {
  using namespace std::string_literals;
  for (const std::string& body : {"{\"a\":1}\0{\"b\":2}"s, "{}\0"s, "\0"s, "{\"a\":\"\0\"}"s}) {
    const auto parsed = parse_json(body);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message.find("NUL") != std::string::npos);
  }
  CHECK(parse_json("{\"a\":\"\\u0000\"}"));
}

TEST_CASE("a key that is there twice is refused, on every level") {
  REQUIRE(refused(R"({"name":"a","name":"b"})") == "the key name is there twice");
  REQUIRE(refused(R"({"config":{"topics":"a","x":1,"topics":"b"}})") == "the key topics is there twice");
  REQUIRE(read(R"({"config":{"name":"a"},"name":"b"})").name == "b");
}

TEST_CASE("bodies nest 32 levels deep at most") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  REQUIRE(parse_json(nested(kMaxJsonDepth)));
  REQUIRE_FALSE(parse_json(nested(kMaxJsonDepth + 1)));
  REQUIRE(refused(std::string(1000000, '[')).find("32") != std::string::npos);
  std::string objects;
  for (int i = 0; i < 100000; ++i) objects += "{\"a\":";
  REQUIRE(refused(objects).find("32") != std::string::npos);
}

TEST_CASE("values that are no scalars are problems of their key") {
  const auto list = problem(R"({"config":{"topics":["a","b"]}})");
  REQUIRE(list.key == "topics");
  REQUIRE(list.message.find("commas") != std::string::npos);
  const auto object = problem(R"({"config":{"cos":{"secret.key":"hush"}}})");
  REQUIRE(object.key == "cos");
  REQUIRE(object.value.empty());
  REQUIRE(problem(R"({"config":{"topics":null}})").key == "topics");
  REQUIRE(problem(R"({"config":[]})").key == "config");
  REQUIRE(problem(R"({"name":5})").key == "name");
  REQUIRE(problem(R"({"enabled":"true"})").key == "enabled");
}

TEST_CASE("null is a removal where changes are read") {
  const auto body = read(R"({"config":{"a":null,"b":"c"}})", true);
  REQUIRE(body.problems.empty());
  REQUIRE(*body.config == Changes{{"a", std::nullopt}, {"b", "c"}});
  REQUIRE(body.values() == ch::Config{{"b", "c"}});
}

TEST_CASE("an unknown field names the one that was meant") {
  const auto near = problem(R"({"confg":{}})");
  REQUIRE(near.key == "confg");
  REQUIRE(near.message.find("did you mean config?") != std::string::npos);
  REQUIRE(problem(R"({"zzzzzzzzzzz":1})").message.find("name, config, enabled") != std::string::npos);
  REQUIRE(problem(R"({"cos.bucket":"x"})").message.find("belong into \"config\"") != std::string::npos);
  const auto all = read(R"({"a1":1,"config":{"x":[]},"name":null})");
  REQUIRE(all.problems.size() == 3);
}

TEST_CASE("durations") {
  using std::chrono::milliseconds;
  REQUIRE(parse_duration("500ms") == milliseconds(500));
  REQUIRE(parse_duration("30s") == milliseconds(30000));
  REQUIRE(parse_duration("2m") == milliseconds(120000));
  REQUIRE(parse_duration("0s") == milliseconds(0));
  REQUIRE(parse_duration("10m") == kMaxWait);
  for (const auto* bad : {"", "30", "s", "-1s", "1.5s", "1h", "11m", "600001ms", "30 s", "99999999999999999999s", "1sm"}) {
    INFO(bad);
    REQUIRE_FALSE(parse_duration(bad));
  }
}

TEST_CASE("query parameters") {
  std::vector<ch::KeyProblem> problems;
  const Parameters parameters = {{"wait", "1s"}, {"discard", "true"}, {"limit", "10"}};
  REQUIRE(wait_parameter(parameters, problems) == std::chrono::milliseconds(1000));
  REQUIRE(flag_parameter(parameters, "discard", problems));
  REQUIRE_FALSE(flag_parameter(parameters, "preflight", problems));
  REQUIRE(number_parameter(parameters, "limit", 1, 1000, problems) == 10);
  REQUIRE_FALSE(number_parameter(parameters, "after", 0, 10, problems));
  REQUIRE(problems.empty());

  const Parameters bad = {{"wait", "soon"}, {"discard", "yes"}, {"limit", "0"}};
  wait_parameter(bad, problems);
  flag_parameter(bad, "discard", problems);
  number_parameter(bad, "limit", 1, 1000, problems);
  REQUIRE(problems.size() == 3);
  REQUIRE(problems[0].key == "wait");
  REQUIRE(problems[0].value == "soon");
  REQUIRE(problems[2].message == "must be a whole number from 1 to 1000");
}
