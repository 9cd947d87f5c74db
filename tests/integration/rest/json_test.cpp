#include "rest/v1/json.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "rest/v1/verify_json.hpp"

using namespace ch::rest;
using ch::tasks::TaskStatus;

namespace {

constexpr std::int64_t kTime = 1764041345123;  // 2025-11-25T03:29:05.123Z
constexpr const char* kTimeText = "2025-11-25T03:29:05.123Z";

TaskStatus full_status() {
  ch::runner::PartitionStatus second;
  second.topic = "orders";
  second.partition = 1;
  second.runner = 1;
  second.interruption = ch::runner::InterruptionStatus{{"object_conflict", "m", "r", 0}, kTime};

  ch::runner::PartitionStatus first;
  first.topic = "orders";
  first.runner = 0;
  first.committed_offset = 100;
  first.position = 120;
  first.end_offset = 132;
  first.end_offset_at_ms = kTime;
  first.lag = 12;
  first.delay_ms = 840;
  first.open = ch::runner::OpenObjectStatus{100, 20, 4096, kTime};
  ch::StoredObject object;
  object.key = "k";
  object.start_offset = 50;
  object.end_offset = 100;
  object.records = 50;
  object.bytes = 9000;
  object.stored_ms = kTime;
  first.last_object = object;

  ch::runner::RunnerStatus broken;
  broken.id = 1;
  broken.host = "127.0.0.1:8083";
  broken.state = ch::runner::State::failed;
  broken.trace = "why";
  broken.partitions = {second};
  ch::runner::RunnerStatus running;
  running.host = "127.0.0.1:8083";
  running.state = ch::runner::State::running;
  running.since_ms = kTime;
  running.partitions = {first};

  TaskStatus status;
  status.name = "orders";
  status.enabled = true;
  status.state = ch::runner::State::failed;
  status.since_ms = kTime;
  status.group_id = "connect-orders";
  status.lag = 12;
  status.delay_ms = 840;
  status.starts_behind = 5;
  status.records_per_second = 1.26;
  status.bytes_per_second = 100;
  status.memory_bytes = 4096;
  status.interruption = ch::runner::InterruptionStatus{{"role_deleted", "m", "r", kTime}, kTime};
  status.warnings = {{"cos.bucket", "b-1", "PUT is refused"}};
  status.runners = {broken, running};
  return status;
}

Json expect(const char* text) { return Json::parse(text); }

}  // namespace

TEST_CASE("a status is what the contract shows") {
  REQUIRE(status_json(full_status()) ==
          expect(R"({"name":"orders","enabled":true,"state":"FAILED","deleting":false,"since":"2025-11-25T03:29:05.123Z",
    "group_id":"connect-orders","lag":12,"delay_ms":840,"starts_behind":5,"records_per_second":1.3,"bytes_per_second":100.0,"memory_bytes":4096,
    "interruption":{"reason":"role_deleted","message":"m","remedy":"r","runbook":"/docs/runbook.md#role_deleted","since":"2025-11-25T03:29:05.123Z","next_try":"2025-11-25T03:29:05.123Z"},
    "warnings":[{"key":"cos.bucket","value":"b-1","message":"PUT is refused"}],
    "runners":[{"id":1,"host":"127.0.0.1:8083","state":"FAILED","since":null,"trace":"why","interruption":null},
               {"id":0,"host":"127.0.0.1:8083","state":"RUNNING","since":"2025-11-25T03:29:05.123Z","trace":null,"interruption":null}],
    "partitions":[
      {"topic":"orders","partition":0,"runner":0,"committed_offset":100,"position":120,"end_offset":132,"end_offset_at":"2025-11-25T03:29:05.123Z","lag":12,"delay_ms":840,
       "open":{"start_offset":100,"records":20,"bytes":4096,"due_at":"2025-11-25T03:29:05.123Z"},
       "last_object":{"key":"k","start_offset":50,"end_offset":100,"records":50,"bytes":9000,"stored_at":"2025-11-25T03:29:05.123Z"},
       "interruption":null},
      {"topic":"orders","partition":1,"runner":1,"committed_offset":null,"position":null,"end_offset":null,"end_offset_at":null,"lag":null,"delay_ms":null,
       "open":null,"last_object":null,
       "interruption":{"reason":"object_conflict","message":"m","remedy":"r","runbook":"/docs/runbook.md#object_conflict","since":"2025-11-25T03:29:05.123Z","next_try":null}}]})"));
}

TEST_CASE("a status without anything in it") {
  REQUIRE(
      status_json({}) ==
      expect(
          R"({"name":"","enabled":false,"state":"DISABLED","deleting":false,"since":null,"group_id":"","lag":null,"delay_ms":null,"starts_behind":null,
    "records_per_second":0.0,"bytes_per_second":0.0,"memory_bytes":0,
    "interruption":null,"warnings":[],"runners":[],"partitions":[]})"));
}

TEST_CASE("a task holds its config and its status") {
  ch::tasks::TaskView task;
  task.name = "orders";
  task.config = {{"topics", "orders"}, {"cos.bucket", "b-1"}};
  task.topic_ids = {{"orders", "topic-1"}};
  task.status = full_status();
  task.created_ms = kTime;
  const auto json = task_json(task);
  REQUIRE(json.at("name") == "orders");
  REQUIRE(json.at("enabled") == true);
  REQUIRE(json.at("config") == expect(R"({"cos.bucket":"b-1","topics":"orders"})"));
  REQUIRE(json.at("topic_ids") == expect(R"({"orders":"topic-1"})"));
  REQUIRE(json.at("created_at") == kTimeText);
  REQUIRE(json.at("updated_at").is_null());
  REQUIRE(json.at("status") == status_json(full_status()));
}

TEST_CASE("a line of the list shows defaults of what the config leaves out") {
  const auto definition = ch::config::Definition::from_schema(R"({"type":"object","properties":{
    "connector.class":{"type":"string","default":"cos-sink"},"time.granularity.minutes":{"type":"integer","default":"5"},
    "cos.bucket":{"type":"string"},"topics":{"type":"string"}}})");
  if (!definition) FAIL(definition.error().message);
  ch::tasks::TaskView task;
  task.name = "orders";
  task.config = {{"topics", "orders"}, {"cos.bucket", "b-1"}};
  task.status = full_status();
  task.status.last_object = ch::StoredObject{};
  task.status.last_object->key = "k";
  auto line = task_summary_json(task, &*definition);
  REQUIRE(line.at("connector") == "cos-sink");
  REQUIRE(line.at("bucket") == "b-1");
  REQUIRE(line.at("topics") == "orders");
  REQUIRE(line.at("granularity_minutes") == 5);
  REQUIRE(line.at("rotate_interval_ms") == 300000);
  REQUIRE(line.at("matched_topics").is_null());
  REQUIRE(line.at("state") == "FAILED");
  REQUIRE(line.at("trace") == "why");
  REQUIRE(line.at("records_per_second") == 1.3);
  REQUIRE(line.at("last_object").at("key") == "k");
  REQUIRE_FALSE(line.contains("partitions"));
  task.config["time.granularity.minutes"] = "60";
  task.config.erase("cos.bucket");
  line = task_summary_json(task, nullptr);
  REQUIRE(line.at("granularity_minutes") == 60);
  REQUIRE(line.at("bucket").is_null());
}

TEST_CASE("a line of the list shows what rules, and what a pattern is and matches") {
  ch::tasks::TaskView task;
  task.config = {{"topics.regex", "^(pay|audit).*"}, {"time.granularity.minutes", "5"}, {"rotate.interval.ms", "5000"}};
  task.status.topics = std::vector<std::string>{"audit", "payments"};
  auto line = task_summary_json(task, nullptr);
  REQUIRE(line.at("topics") == "/^(pay|audit).*/");
  REQUIRE(line.at("matched_topics") == expect(R"({"count":2,"names":["audit","payments"]})"));
  REQUIRE(line.at("granularity_minutes").is_null());
  REQUIRE(line.at("rotate_interval_ms") == 5000);
  REQUIRE(line.at("lag").is_null());
  REQUIRE(line.at("delay_ms").is_null());
  task.config["rotate.interval.ms"] = "600000";
  task.status.topics->assign(5000, "t");
  line = task_summary_json(task, nullptr);
  REQUIRE(line.at("granularity_minutes") == 10);
  REQUIRE(line.at("matched_topics").at("count") == 5000);
  REQUIRE(line.at("matched_topics").at("names").size() == 20);
  task.config = {{"rotate.interval.ms", "0"}};  // file-sink has no granularity
  REQUIRE(task_summary_json(task, nullptr).at("rotate_interval_ms").is_null());
}

TEST_CASE("pages of objects and events") {
  ch::ObjectPage page;
  page.objects.resize(1);
  page.objects[0].key = "k";
  page.objects[0].topic = "t";
  page.objects[0].url = "https://x/y?sign";
  page.objects[0].url_expires_ms = kTime;
  REQUIRE(objects_json(page) ==
          expect(R"({"objects":[{"key":"k","topic":"t","partition":0,"start_offset":0,"end_offset":0,"records":0,"bytes":0,
    "stored_at":null,"url":"https://x/y?sign","url_expires_at":"2025-11-25T03:29:05.123Z"}],"next":null})"));
  page.next = "token";
  REQUIRE(objects_json(page).at("next") == "token");

  ch::store::Event event;
  event.id = 7;
  event.task = "orders";
  event.time_ms = kTime;
  event.kind = "state";
  event.state = "RUNNING";
  event.host = "h";
  event.count = 3;
  event.first_ms = kTime - 1000;
  REQUIRE(events_json({event}, 3) ==
          expect(R"({"events":[{"id":7,"task":"orders","time":"2025-11-25T03:29:05.123Z","kind":"state","state":"RUNNING","reason":null,
    "message":"","remedy":null,"host":"h","count":3,"first":"2025-11-25T03:29:04.123Z"}],"next":7})"));
  REQUIRE(events_json({}, 3) == expect(R"({"events":[],"next":3})"));
}

TEST_CASE("keys of a connector") {
  const auto definition = ch::config::Definition::from_schema(R"({"type":"object","required":["a"],"properties":{
    "a":{"type":"string","enum":["x","y"],"description":"what","x-group":"G","x-order":1,"x-importance":"high"},
    "b":{"type":"integer","default":"5","minimum":5,"maximum":60,"x-group":"G","x-order":2,"x-importance":"low"}}})");
  if (!definition) FAIL(definition.error().message);
  const auto keys = keys_json(*definition);
  REQUIRE(keys.size() == 2);
  REQUIRE(keys[0] ==
          expect(R"({"name":"a","type":"string","default":null,"required":true,"choices":["x","y"],"min":null,"max":null,"unit":null,
    "group":"G","order":1,"importance":"high","documentation":"what"})"));
  REQUIRE(keys[1].at("default") == "5");
  REQUIRE(keys[1].at("min") == 5);
  REQUIRE(keys[1].at("max") == 60);
}

TEST_CASE("errors have one shape, and every code its status") {
  const auto response = error_response({ch::ErrorCode::invalid, "bad", {{"k", "v", "m"}}});
  REQUIRE(response.status == 422);
  REQUIRE(Json::parse(response.body) == expect(R"({"error_code":422,"message":"bad","errors":[{"key":"k","value":"v","message":"m"}]})"));
  REQUIRE(response.headers.at(0).value == "application/json");
  REQUIRE(http_status(ch::ErrorCode::not_found) == 404);
  REQUIRE(http_status(ch::ErrorCode::conflict) == 409);
  REQUIRE(http_status(ch::ErrorCode::unavailable) == 503);
  REQUIRE(http_status(ch::ErrorCode::timed_out) == 504);
  REQUIRE(http_status(ch::ErrorCode::internal) == 500);
}

TEST_CASE("text that is not UTF-8 harms no answer") {
  const auto response = error_response({ch::ErrorCode::internal, "a\xff", {}});
  REQUIRE(Json::parse(response.body).at("message") == "a\xef\xbf\xbd");
  REQUIRE(Json::parse(plain_error(400, "a\xff").body).at("error_code") == 400);
}

TEST_CASE("a verification's report goes to the client and comes back as it was") {
  ch::tasks::VerifyReport report;
  report.query = {"orders", 3, true, {}};
  report.started_ms = kTime;
  report.topics = {"orders", "b"};
  report.after = "o key";
  auto& partition = report.partitions[{"orders", 3}];
  partition.series = 2;
  partition.committed = 90;
  partition.position = 80;
  partition.last_key = "k";
  partition.low = 0;
  partition.due = 95;
  report.missing = {"b"};
  partition.chains[2].objects = 5;
  partition.chains[2].records = 50;
  partition.chains[2].add(0, 40);
  partition.chains[2].add(50, 80);
  report.add({ch::tasks::VerifyFinding::Kind::overlap, {"orders", 3}, 2, 10, 20, "key", "twice"});
  report.explain({"b", -1}, "gone");

  const auto json = verify_json("orders", report);
  CHECK(json["complete"] == false);
  CHECK(json["ok"] == false);
  CHECK(json["all_stored"] == false);
  CHECK(json["not_stored"].is_null());
  CHECK(json["missing_topics"] == Json({"b"}));
  CHECK(json["partitions"][0]["due_offset"] == 95);
  CHECK(json["objects"] == 5);
  CHECK(json["partitions"][0]["high_offset"].is_null());
  CHECK(json["partitions"][0]["chains"][0]["ranges"] == Json({{0, 40}, {50, 80}}));
  const auto again = read_report("orders", json.dump());
  REQUIRE(again);
  CHECK(verify_json("orders", *again) == json);

  const auto refused = [&](const std::string& task, Json changed) { return !read_report(task, changed.dump()); };
  CHECK(refused("other", json));
  for (const auto* key : {"task", "complete", "partitions", "walk", "counts", "started_at", "deep", "missing_topics"}) {
    auto changed = json;
    changed[key] = 5;
    CHECK(refused("orders", changed));
    changed.erase(key);
    CHECK(refused("orders", changed));
  }
  auto backwards = json;
  backwards["partitions"][0]["chains"][0]["ranges"] = {{40, 0}};
  CHECK(refused("orders", backwards));
  report.topics.clear();
  CHECK(refused("orders", verify_json("orders", report)));
  CHECK_FALSE(read_report("orders", "[]"));
}

TEST_CASE("a report that is complete says what is not stored, and why") {
  ch::tasks::VerifyReport report;
  auto& partition = report.partitions[{"orders", 0}];
  partition.committed = partition.low = 10;
  partition.high = partition.due = 70;
  ch::tasks::TaskStatus status;
  status.enabled = status.paused = true;
  report.tell_waiting(status);
  const auto json = verify_json("orders", report);
  CHECK(json["ok"] == true);
  CHECK(json["all_stored"] == false);
  CHECK(json["not_stored"] == 60);
  CHECK(json["waiting"] ==
        expect(R"([{"reason":"paused","message":"the task is paused","records":60,"partitions":1,"topic":"orders","partition":0}])"));
}
