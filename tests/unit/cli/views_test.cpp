#include "cli/views.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/time.hpp"
#include "cli/table.hpp"

using namespace ch::cli;
using Json = nlohmann::json;

namespace {

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const Json kInterrupted =
    Json::parse(R"({"name":"orders","enabled":true,"state":"INTERRUPTED","since":"2026-11-25T03:29:05.123Z","group_id":"connect-orders",
  "lag":12,"delay_ms":840,"interruption":{"reason":"bucket_missing","message":"no bucket","remedy":"make it","since":"x","next_try":"2026-11-25T03:30:00.000Z"},
  "runners":[{"id":0,"host":"127.0.0.1:8083","state":"INTERRUPTED","trace":null}],
  "partitions":[{"topic":"orders","partition":3,"runner":0,"committed_offset":100,"position":120,"end_offset":132,"lag":32,"delay_ms":840,
    "open":{"start_offset":100,"records":20,"bytes":4096,"due_at":"2026-11-25T03:31:00.000Z"},"last_object":{"key":"k/1","start_offset":50,"end_offset":100}}]})");

}  // namespace

TEST_CASE("a status shows the reason, the remedy and each partition") {
  const auto text = status_view(kInterrupted, {});
  CHECK(holds(text, "Interrupted: bucket_missing: no bucket\nWhat to do:  make it\nNext try:    2026-11-25T03:30:00.000Z\n"));
  const auto at = [](const char* now) { return status_view(kInterrupted, {}, ch::parse_rfc3339(now)); };
  CHECK(holds(at("2026-11-25T03:29:47.900Z"), "Next try:    in 13s\n"));
  CHECK(holds(at("2026-11-25T03:30:00.000Z"), "Next try:    now\n"));
  CHECK(holds(text, "Delay:       840ms\n"));
  CHECK(holds(text, "     0  127.0.0.1:8083  INTERRUPTED\n"));
  CHECK(holds(text, "orders          3       0        100  132   32  840ms    20  2026-11-25T03:31:00.000Z  k/1\n"));
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

TEST_CASE("a narrow terminal costs columns from the right, never a part of a topic's name or of a key") {
  const auto status = Json::parse(
      R"({"name":"a","state":"RUNNING","partitions":[{"topic":"a-topic-with-a-long-name-of-its-own","partition":3,"runner":0,"committed_offset":100,
          "end_offset":132,"lag":32,"delay_ms":840,"last_object":{"key":"default/a-topic-with-a-long-name-of-its-own/20261125-3-100.txt"}}]})");
  const auto narrow = status_view(status, {52, false});
  CHECK(holds(narrow, "TOPIC                                PARTITION  LAG"));
  CHECK(holds(narrow, "a-topic-with-a-long-name-of-its-own          3   32"));
  CHECK_FALSE(holds(narrow, "DELAY"));
  CHECK(holds(status_view(status, {}), "default/a-topic-with-a-long-name-of-its-own/20261125-3-100.txt"));
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

TEST_CASE("what is not known is a dash, never 0, and the last end has its date") {
  const auto text =
      tasks_view(Json::parse(R"({"tasks":[{"name":"a","state":"INTERRUPTED","lag":null,"delay_ms":null,"topics":"t","bucket":"b"}]})"), {});
  CHECK(holds(text, "a     INTERRUPTED    –      –  t"));
  const auto status = status_view(Json::parse(R"({"name":"a","state":"DISABLED","lag":null,"delay_ms":null,"partitions":[
    {"topic":"t","partition":0,"runner":null,"committed_offset":10,"end_offset":16,"end_offset_at":"2026-11-25T03:30:00.000Z","lag":null,"delay_ms":60000}]})"),
                                  {});
  CHECK(holds(status, "Lag:   –\n"));
  CHECK(holds(status, "Delay: –\n"));
  CHECK(holds(status, "–         10  16 at 2026-11-25T03:30:00.000Z    –   1m0s"));
}

TEST_CASE("a list of tasks shows the interval that rules, and what a pattern matches") {
  const auto line = [](const std::string& fields) {
    return tasks_view(Json::parse(R"({"tasks":[{"name":"a","state":"RUNNING","lag":0,"delay_ms":0,)" + fields + "}]}"), {});
  };
  CHECK(holds(line(R"("granularity_minutes":null,"rotate_interval_ms":5000)"), "5s\n"));
  CHECK(holds(line(R"("granularity_minutes":60,"rotate_interval_ms":3600000)"), "60m\n"));
  CHECK(holds(line(R"("granularity_minutes":null,"rotate_interval_ms":1500)"), "1500ms\n"));
  CHECK(holds(line(R"("topics":"/^(pay|audit).*/","matched_topics":{"count":2,"names":["a","b"]})"), "/^(pay|audit).*/ → 2 topics"));
  CHECK(holds(line(R"("topics":"/^a/","matched_topics":{"count":1,"names":["a"]})"), "/^a/ → 1 topic"));
  CHECK_FALSE(holds(line(R"("topics":"/^a/","matched_topics":null)"), "→"));
  CHECK_FALSE(holds(line(R"("topics":"a","matched_topics":{"count":1,"names":["a"]})"), "→"));
}

TEST_CASE("a start that leaves records out is told") {
  CHECK(start_view(Json::parse(R"({"starts_behind":5})")) ==
        "note: starts behind 5 existing records; start.position=earliest would take them\n");
  CHECK(start_view(Json::parse(R"({"starts_behind":1})")) ==
        "note: starts behind 1 existing record; start.position=earliest would take it\n");
  CHECK(start_view(Json::parse(R"({"starts_behind":0})")).empty());
  CHECK(start_view(Json::parse(R"({"starts_behind":null})")).empty());
}

TEST_CASE("a verification has two verdicts") {
  const auto view = [](const std::string& fields) { return verify_view(Json::parse(R"({"task":"a",)" + fields + "}"), {}); };
  const auto paused = view(
      R"("ok":true,"all_stored":false,"not_stored":60,"objects":0,"waiting":[{"reason":"paused","message":"the task is paused","records":60,"partitions":2}])");
  CHECK(holds(paused, "Stored right: nothing is stored\n"));
  CHECK(holds(paused, "All stored:   no: 60 records are not stored (paused: the task is paused)\n"));
  CHECK(holds(paused, "        60           2  paused  the task is paused\n"));
  const auto whole = view(R"("ok":true,"all_stored":true,"not_stored":0,"objects":4,"waiting":[])");
  CHECK(holds(whole, "Stored right: yes\n"));
  CHECK(holds(whole, "All stored:   yes\n"));
  CHECK_FALSE(holds(whole, "WHY"));
  CHECK(holds(view(R"("ok":false,"all_stored":false,"not_stored":null,"objects":4,"waiting":[])"), "Stored right: no\n"));
}

TEST_CASE("what a verification found and does not list is counted") {
  const auto view = [](const std::string& fields) { return verify_view(Json::parse(R"({"task":"a",)" + fields + "}"), {}); };
  const std::string foreign = R"({"kind":"foreign","topic":"t","partition":0,"key":"k","message":"is of task b"})";
  const auto many = view(R"("counts":{"gap":0,"foreign":1000},"findings":[)" + foreign + "," + foreign + "]");
  CHECK(holds(many, "\nand 998 more: objects of others under names of the task's, which are no fault\n"));
  CHECK_FALSE(holds(view(R"("counts":{"gap":0,"foreign":1},"findings":[)" + foreign + "]"), "more"));
  CHECK_FALSE(holds(view(R"("counts":{"unknown":1},"findings":[{"kind":"unknown","topic":"t","partition":-1,"message":"m"}])"), "-1"));
}

TEST_CASE("a task that is being deleted is shown as such") {
  const auto deleting = Json::parse(R"({"name":"a","state":"STOPPING","deleting":true,"since":null})");
  CHECK(holds(status_view(deleting, {}), "STOPPING (deleting)\n"));
  CHECK(holds(tasks_view({{"tasks", Json::array({deleting})}}, {}), "STOPPING (deleting)"));
  CHECK(state_line(deleting) == "STOPPING (deleting)");
}

TEST_CASE("a list of tasks says why each stands") {
  const auto tasks = Json::parse(R"({"tasks":[
    {"name":"a","state":"INTERRUPTED","topics":"t","interruption":{"reason":"bucket_missing"},"trace":null},
    {"name":"b","state":"FAILED","topics":"t","interruption":null,"trace":"cos.bucket: is missing"}]})");
  const auto text = tasks_view(tasks, {});
  CHECK(holds(text, " bucket_missing\n"));
  CHECK(holds(text, " cos.bucket: is missing\n"));
}

TEST_CASE("on a narrow terminal columns are left out of the list from the right, and names and reasons stay whole") {
  const auto tasks = Json::parse(R"({"tasks":[{"name":"clickstream-of-the-shop","state":"INTERRUPTED","lag":1234567,"delay_ms":90000,
    "topics":"clicks,views,carts,orders,returns,complaints","bucket":"clickstream-archive-1250000000","granularity_minutes":5,
    "interruption":{"reason":"credentials_refused"}},{"name":"b","state":"FAILED","trace":"the configuration of the task is refused: 1 problem"}]})");
  const auto at = [&](std::size_t width) { return tasks_view(tasks, {width, false}); };
  CHECK(holds(at(220), "clickstream-archive-1250000000  "));
  CHECK(holds(at(220), "GRANULARITY"));
  CHECK(at(80) ==
        "NAME                     STATE            LAG  DELAY  REASON\n"
        "clickstream-of-the-shop  INTERRUPTED  1234567  1m30s  credentials_refused\n"
        "b                        FAILED             \xe2\x80\x93      \xe2\x80\x93  the configuration of th\xe2\x80\xa6\n");
  CHECK(holds(at(20), "clickstream-of-the-shop  INTERRUPTED  credentials_refused\n"));
  for (std::size_t width = 79; width < 200; ++width) {
    std::istringstream lines(at(width));
    for (std::string line; std::getline(lines, line);) CHECK(display_width(line) <= width);
  }
}

TEST_CASE("a refusal says each problem once, with the line of a file that is wrong as it stands") {
  const auto text = refusal(Json::parse(R"({"message":"The task is refused: 2 problems; a: is bad; b: is worse","errors":[
    {"key":"a","value":"1","message":"is bad"},{"key":"b","value":"","message":"is worse"}]})"));
  CHECK(text == "error: The task is refused: 2 problems\n  a: is bad (given: 1)\n  b: is worse\n");
  CHECK(refusal("x.json is not JSON: line 1, column 3\n  {\"a\x1b\n    ^", {}) ==
        "error: x.json is not JSON: line 1, column 3\n  {\"a\\u001b\n    ^\n");
  CHECK(refusal(Json::parse(R"({"message":"a host\nerror: forged"})")) == "error: a host error: forged\n");
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
    CHECK_NOTHROW(events_view(json, true, {}));
    CHECK_NOTHROW(keys_view(json, {}));
    CHECK_NOTHROW(task_view(json));
    CHECK_NOTHROW(refusal(json));
  }
  const auto shown = json_view(Json{{"name", "\x1b[2J\xc2\x9b\x7f"}});
  CHECK(shown == "{\n  \"name\": \"\\u001b[2J\\u009b\\u007f\"\n}\n");
  CHECK(Json::parse(shown).at("name") == "\x1b[2J\xc2\x9b\x7f");
}
