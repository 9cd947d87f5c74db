#include "cli/views.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace ch::cli;
using Json = nlohmann::json;

namespace {

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const Json kInterrupted =
    Json::parse(R"({"name":"orders","enabled":true,"state":"INTERRUPTED","since":"2026-11-25T03:29:05.123Z","group_id":"connect-orders",
  "lag":12,"delay_ms":840,"interruption":{"reason":"bucket_missing","message":"no bucket","remedy":"make it","since":"x","next_try":"2026-11-25T03:30:00.000Z"},
  "runners":[{"id":0,"host":"127.0.0.1:8083","state":"INTERRUPTED","trace":null}],
  "partitions":[{"topic":"orders","partition":3,"runner":0,"committed_offset":100,"position":120,"end_offset":132,"lag":32,
    "open":{"start_offset":100,"records":20,"bytes":4096,"due_at":"2026-11-25T03:31:00.000Z"},"last_object":{"key":"k/1","start_offset":50,"end_offset":100}}]})");

}  // namespace

TEST_CASE("a status shows the reason, the remedy and each partition") {
  const auto text = status_view(kInterrupted, {});
  CHECK(holds(text, "Interrupted: bucket_missing: no bucket; make it; next try 2026-11-25T03:30:00.000Z\n"));
  CHECK(holds(text, "Delay:       840ms\n"));
  CHECK(holds(text, "     0  127.0.0.1:8083  INTERRUPTED\n"));
  CHECK(holds(text, "orders          3       0        100  132   32    20  2026-11-25T03:31:00.000Z  k/1\n"));
  CHECK(state_line(kInterrupted) ==
        "INTERRUPTED since 2026-11-25T03:29:05.123Z: bucket_missing: no bucket; make it; next try 2026-11-25T03:30:00.000Z");
}

TEST_CASE("what a preflight has found is shown, and can do nothing to the terminal") {
  const auto status =
      Json::parse(R"({"name":"a","state":"RUNNING","warnings":[{"key":"cos.bucket","value":"","message":"PUT is refused\u001b[31m"}]})");
  CHECK(holds(status_view(status, {}), "Warning: cos.bucket: PUT is refused"));
  CHECK(warnings_view(status).find("warning: cos.bucket: PUT is refused") == 0);
  CHECK(warnings_view(status).find('\x1b') == std::string::npos);
  CHECK(warnings_view(Json::parse(R"({"name":"a"})")).empty());
}

TEST_CASE("a list of tasks has one line each") {
  const auto text = tasks_view(
      Json::parse(
          R"({"tasks":[{"name":"orders","state":"RUNNING","lag":5,"delay_ms":90000,"topics":"a,b","bucket":"b-1","granularity_minutes":5,
    "interruption":null}]})"),
      {});
  CHECK(text ==
        "NAME    STATE    LAG  DELAY  TOPICS  BUCKET  GRANULARITY  REASON\norders  RUNNING    5  1m30s  a,b     b-1              5m\n");
  CHECK(tasks_view(Json::parse(R"({"tasks":[]})"), {}) == "NAME  STATE  LAG  DELAY  TOPICS  BUCKET  GRANULARITY  REASON\n");
}

TEST_CASE("objects show their offsets, and links when asked") {
  const auto objects =
      Json::parse(R"({"objects":[{"key":"k","topic":"t","partition":0,"start_offset":0,"end_offset":11,"records":11,"bytes":792,
    "stored_at":"2026-11-25T04:16:47.000Z","url":"http://h/k?q"}],"next":null})");
  CHECK(holds(objects_view(objects, false, {}), "k    t              0    0..11       11    792  2026-11-25T04:16:47.000Z\n"));
  CHECK(holds(objects_view(objects, true, {}), "Z  http://h/k?q\n"));
}

TEST_CASE("keys are described with type, bounds, default and documentation") {
  const auto connector = Json::parse(R"({"keys":[
    {"name":"a","type":"integer","default":"5","required":false,"choices":[],"min":1,"max":9,"unit":"ms","group":"G","documentation":"First."},
    {"name":"b","type":"string","default":null,"required":true,"choices":["x","y"],"min":null,"max":null,"unit":null,"group":"G","documentation":"Second."}]})");
  CHECK(keys_view(connector, {}) == "G\n  a (integer, ms, from 1, to 9; default 5)\n      First.\n  b (x | y; required)\n      Second.\n");
}

TEST_CASE("refusals name every key with what was given") {
  const auto error = Json::parse(
      R"({"error_code":422,"message":"2 problems","errors":[{"key":"a","value":"1\u001b","message":"must be 2"},{"key":"","value":"","message":"x"}]})");
  CHECK(refusal(error) == "error: 2 problems\n  a: must be 2 (given: 1\\u001b)\n  x\n");
}

TEST_CASE("hostile or foreign JSON does no harm") {
  for (const char* text :
       {"null", "[]", "7", R"({"partitions":7,"runners":{"a":1},"interruption":[]})", R"({"tasks":[null,7,{"state":{}}]})"}) {
    const auto json = Json::parse(text);
    CHECK_NOTHROW(status_view(json, {}));
    CHECK_NOTHROW(tasks_view(json, {}));
    CHECK_NOTHROW(objects_view(json, true, {}));
    CHECK_NOTHROW(events_view(json, {}));
    CHECK_NOTHROW(keys_view(json, {}));
    CHECK_NOTHROW(task_view(json));
    CHECK_NOTHROW(refusal(json));
  }
  const auto shown = json_view(Json{{"name", "\x1b[2J\xc2\x9b\x7f"}});
  CHECK(shown == "{\n  \"name\": \"\\u001b[2J\\u009b\\u007f\"\n}\n");
  CHECK(Json::parse(shown).at("name") == "\x1b[2J\xc2\x9b\x7f");
}
