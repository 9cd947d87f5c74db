#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "captured.hpp"
#include "fake_host.hpp"

using ch::test::FakeHost;
using ch::test::Files;
using ch::test::holds;
using ch::test::run;

namespace {

const std::string kTask = R"({"name": "orders", "config": {"topics": "orders"}})";
const std::string kRunning = R"({"name":"orders","enabled":true,"state":"RUNNING","since":"2026-11-25T03:29:05.123Z"})";

}  // namespace

TEST_CASE("create sends the file as it is") {
  FakeHost host;
  host.answer(201, R"({"name":"orders","enabled":true,"status":{"state":"STARTING","enabled":true}})");
  auto ran = run({"task", "create", "-", "--url", host.url()}, kTask);
  CHECK(ran.status == 0);
  CHECK(ran.out == "orders: created, STARTING\n");
  host.answer(201, R"({"name":"orders","enabled":false,"status":{"state":"DISABLED","enabled":false}})");
  ran = run({"task", "create", "-", "--disabled", "--output", "json", "--url", host.url()}, kTask);
  CHECK(nlohmann::json::parse(ran.out).at("status").at("state") == "DISABLED");
  host.answer(409, R"({"error_code":409,"message":"there is one"})");
  ran = run({"task", "create", "-", "--url", host.url()}, kTask);
  CHECK(ran.status == 4);
  const auto asked = host.asked();
  REQUIRE(asked.size() == 3);
  CHECK(asked[0].target == "/v1/tasks");
  CHECK(asked[0].body == kTask);
  CHECK(nlohmann::json::parse(asked[1].body).at("enabled") == false);
}

TEST_CASE("create with --wait waits for what the task is meant to be") {
  FakeHost host;
  host.answer(201, R"({"name":"orders","status":{"state":"STARTING","enabled":true}})");
  host.answer(200, kRunning);
  CHECK(run({"task", "create", "-", "--wait", "10s", "--url", host.url()}, kTask).status == 0);
  host.answer(201, R"({"name":"orders","status":{"state":"DISABLED","enabled":false}})");
  host.answer(200, kRunning);
  CHECK(run({"task", "create", "-", "--disabled", "--wait", "10s", "--url", host.url()}, kTask).status == 0);
  const auto asked = host.asked();
  REQUIRE(asked.size() == 4);
  CHECK(asked[1].target == "/v1/tasks/orders/enable?wait=10s");
  CHECK(asked[3].target == "/v1/tasks/orders/disable?wait=10s");
}

TEST_CASE("update replaces only what is there") {
  FakeHost host;
  host.answer(404, R"({"error_code":404,"message":"no such task"})");
  CHECK(run({"task", "update", "-", "--url", host.url()}, kTask).status == 3);
  host.answer(200, "{}");
  host.answer(200, R"({"name":"orders","status":{"state":"RUNNING"}})");
  CHECK(run({"task", "update", "-", "--url", host.url()}, kTask).out == "orders: updated, RUNNING\n");
  const auto asked = host.asked();
  REQUIRE(asked.size() == 4);  // the second: is there a name that is near
  CHECK(asked[0].method == "GET");
  CHECK(asked[3].method == "PUT");
  CHECK(asked[3].target == "/v1/tasks/orders");
}

namespace {

const std::string kConnectors =
    R"({"connectors":[{"name":"cos-sink","keys":[{"name":"cos.secret.key","type":"password"},{"name":"cos.secret.id","type":"password"}]}]})";
const std::string kNone = R"({"error_code":404,"message":"no such task"})";

std::string valid(const std::string& changes) { return R"({"valid":true,"errors":[],"changes":[)" + changes + "]}"; }

}  // namespace

TEST_CASE("apply creates or replaces, says which keys change, and shows no secret") {
  const std::string before =
      R"({"name":"orders","config":{"topics":"orders","rotate.bytes":"5","cos.secret.key":"********","gone":"x","cos.secret.id":"${env:ID}"}})";
  const std::string task = R"({"name":"orders","config":{"topics":"orders","rotate.bytes":7,"cos.secret.key":"hush","new":"\u001b"}})";
  const std::string diff =
      "  - cos.secret.id: ${env:ID}\n  ~ cos.secret.key: a secret, set anew\n  - gone: x\n  + new: \\u001b\n  ~ rotate.bytes: 5 -> 7\n";
  const auto changes = valid(R"("cos.secret.id","cos.secret.key","gone","new","rotate.bytes")");
  FakeHost host;
  host.answer(200, kConnectors);
  SECTION("there") {
    host.answer(200, before);
    host.answer(200, changes);
    host.answer(200, R"({"name":"orders","status":{"state":"RUNNING"}})");
    const auto ran = run({"task", "apply", "-", "--url", host.url()}, task);
    CHECK(ran.status == 0);
    CHECK(ran.out == "orders: changed, RUNNING\n" + diff);
    CHECK(host.asked().at(3).method == "PUT");
    CHECK(host.asked().at(3).body == task);
  }
  SECTION("a secret that is what the host has is no change, and nothing is put") {
    host.answer(
        200, R"({"name":"orders","config":{"topics":"orders","cos.secret.key":"********"},"status":{"state":"RUNNING","enabled":true}})");
    host.answer(200, valid(""));
    const auto ran = run({"task", "apply", "-", "--url", host.url()},
                         R"({"name":"orders","enabled":true,"config":{"topics":"orders","cos.secret.key":"hush"}})");
    CHECK(ran.status == 0);
    CHECK(ran.out == "orders: unchanged, RUNNING\n");
    CHECK(host.asked().size() == 3);
  }
  SECTION("to be enabled is a change") {
    host.answer(200, R"({"name":"orders","config":{"topics":"orders"},"status":{"state":"DISABLED","enabled":false}})");
    host.answer(200, valid(""));
    host.answer(200, R"({"name":"orders","status":{"state":"STARTING","enabled":true}})");
    const auto ran = run({"task", "apply", "-", "--url", host.url()}, R"({"name":"orders","enabled":true,"config":{"topics":"orders"}})");
    CHECK(ran.out == "orders: changed, STARTING\n  ~ enabled: false -> true\n");
  }
  SECTION("--enabled goes before what the file says, and the waiting is for that") {
    host.answer(200, R"({"name":"orders","config":{"topics":"orders"},"status":{"state":"DISABLED","enabled":false}})");
    host.answer(200, valid(""));
    host.answer(200, R"({"name":"orders","status":{"state":"STARTING","enabled":true}})");
    host.answer(200, R"({"name":"orders","state":"RUNNING","enabled":true})");
    const auto ran = run({"task", "apply", "-", "--enabled", "--wait", "10s", "--url", host.url()},
                         R"({"name":"orders","enabled":false,"config":{"topics":"orders"}})");
    CHECK(ran.status == 0);
    CHECK(ran.out == "orders: changed, STARTING\n  ~ enabled: false -> true\norders: RUNNING\n");
    CHECK(host.asked().at(4).target == "/v1/tasks/orders/enable?wait=10s");
    CHECK(run({"task", "apply", "-", "--enabled", "--disabled", "--url", host.url()}, kTask).status == 2);
  }
  SECTION("not there") {
    host.answer(404, kNone);
    host.answer(200, R"({"valid":true,"errors":[]})");
    host.answer(201, R"({"name":"orders","status":{"state":"STARTING"}})");
    CHECK(run({"task", "apply", "-", "--url", host.url()}, kTask).out == "orders: created, STARTING\n");
  }
  SECTION("--dry-run changes nothing") {
    host.answer(200, before);
    host.answer(200, changes);
    const auto ran = run({"task", "apply", "-", "--dry-run", "--url", host.url()}, task);
    CHECK(ran.status == 0);
    CHECK(ran.out == "orders: would be changed\n" + diff);
    CHECK(host.asked().at(2).target == "/v1/validate");
    host.answer(200, kConnectors);
    host.answer(200, before);
    host.answer(200, R"({"valid":false,"errors":[{"key":"new","value":"","message":"unknown key"}]})");
    const auto bad = run({"task", "apply", "-", "--dry-run", "--output", "json", "--url", host.url()}, task);
    CHECK(bad.status == 1);
    CHECK(bad.out.empty());
    CHECK(holds(bad.err, "new: unknown key"));
    CHECK(host.asked().size() == 6);
  }
}

TEST_CASE("apply takes files and folders, JSON and YAML, and sums up, and --prune deletes what none of them names") {
  const Files files;
  files.add("a.json", R"({"name": "a", "config": {"topics": "a"}})");
  files.add("deep/b.yaml", "name: b\nenabled: false\nconfig:\n  topics: b\n  rotate.bytes: 0100\n---\nname: c\nconfig: {topics: 'c'}\n");
  files.add(".hidden.json", "{");
  files.add("notes.txt", "no task");
  FakeHost host;
  const auto checks = [&] {
    host.answer(200, kConnectors);
    host.answer(200, R"({"name":"a","config":{"topics":"a"},"status":{"state":"RUNNING","enabled":true}})");
    host.answer(200, valid(""));
    host.answer(404, kNone);
    host.answer(200, R"({"valid":true,"errors":[]})");
    host.answer(200, R"({"name":"c","config":{"topics":"old"},"status":{"state":"RUNNING","enabled":true}})");
    host.answer(200, valid(R"("topics")"));
    host.answer(200, R"({"tasks":[{"name":"a"},{"name":"c"},{"name":"old"}]})");
  };
  checks();
  const auto asked = run({"task", "apply", files.path(), "--prune", "--url", host.url()});
  CHECK(asked.status == 2);  // no terminal to ask
  CHECK(asked.err ==
        "no file names the task old: it is to be deleted\nerror: nothing was changed: give --yes, as there is no terminal to ask\n");
  CHECK(host.asked().size() == 8);
  checks();
  host.answer(201, R"({"name":"b","status":{"state":"DISABLED"}})");
  host.answer(200, R"({"name":"c","status":{"state":"RUNNING"}})");
  host.answer(204, "");
  const auto ran = run({"task", "apply", files.path(), "--prune", "--yes", "--url", host.url()});
  CHECK(ran.status == 0);
  CHECK(ran.out ==
        "b: created, DISABLED\nc: changed, RUNNING\n  ~ topics: old -> c\nold: deleted\ncreated 1, changed 1, unchanged 1, deleted 1\n");
  const auto all = host.asked();
  REQUIRE(all.size() == 19);
  CHECK(all[16].body == R"({"name":"b","enabled":false,"config":{"topics":"b","rotate.bytes":"0100"}})");
  CHECK(all[18].method == "DELETE");
  CHECK(all[18].target == "/v1/tasks/old");
}

TEST_CASE("one broken file among many: each problem has its file and place, no value is told, and the host is not asked") {
  const Files files;
  files.add("a.json", R"({"name": "a", "config": {"topics": "a"}})");
  files.add("b.yaml", "name: b\nconfig:\n  cos.secret.key: hunter2: hunter3\n");
  files.add("c.json", "{\"name\": \"c\",\n \"config\": {\"cos.secret.key\": \"hunter2\",}}");
  files.add("d.yml", "name: a\nconfig: {}\n");
  FakeHost host;
  const auto ran = run({"task", "apply", files.path(), "--url", host.url()});
  CAPTURE(ran.err);
  CHECK(ran.status == 1);
  CHECK(holds(ran.err, "b.yaml is not YAML: illegal map value: line 3, column 26\n    cos.secret.key: *******: *******\n"));
  CHECK(holds(ran.err, "c.json is not JSON: line 2, column 41"));
  CHECK(holds(ran.err, "d.yml is the task a again, which "));
  CHECK_FALSE(holds(ran.err, "hunter"));
  CHECK(host.asked().empty());
  CHECK(holds(run({"task", "create", "-", "--url", host.url()}, "name: a\nconfig:\n  cos.secret.key: ********\n").err,
              R"(is not YAML: the referenced anchor is not defined (the mask is written in quotes, "********"): line 3, column 19)"));
  for (const char* bad : {"name: a\nname: b\n", "? [x]\n: y\n", "- a\n", "name: a\nconfig: *hunter2\n", "a: &a [*a]\n", "name: ''\n"}) {
    const auto refused = run({"task", "create", files.add("bad.yaml", bad), "--url", host.url()});
    CAPTURE(bad, refused.err);
    CHECK(refused.status == 1);
    CHECK_FALSE(holds(refused.err, "hunter2"));
  }
  CHECK(host.asked().empty());
}

TEST_CASE("apply of many checks all of them with the host before it changes one") {
  const Files files;
  files.add("a.json", R"({"name": "a", "config": {"topics": "a"}})");
  files.add("b.json", R"({"name": "b", "config": {"topics": "b"}})");
  FakeHost host;
  host.answer(200, kConnectors);
  host.answer(404, kNone);
  host.answer(200, R"({"valid":false,"errors":[{"key":"cos.bucket","value":"","message":"is missing"}]})");
  host.answer(404, kNone);
  host.answer(200, R"({"valid":true,"errors":[]})");
  const auto ran = run({"task", "apply", files.path(), "--url", host.url()});
  CHECK(ran.status == 1);
  CHECK(holds(ran.err, "a.json: the task a would be refused\n  cos.bucket: is missing\nnothing was changed\n"));
  CHECK(host.asked().size() == 5);
}

TEST_CASE("set changes single keys, KEY= removes one, and says what it does") {
  FakeHost host;
  const auto before =
      R"({"name":"orders","config":{"topics":"orders","rotate.bytes":"5","cos.secret.key":"********"},"status":{"state":"RUNNING"}})";
  host.answer(200, before);
  host.answer(200, kConnectors);
  host.answer(200, before);
  host.answer(200, valid(R"("rotate.bytes","time.granularity.minutes")"));
  host.answer(200, R"({"name":"orders","status":{"state":"RUNNING"}})");
  const auto ran = run({"task", "set", "orders", "time.granularity.minutes=15", "rotate.bytes=", "--url", host.url()});
  CHECK(ran.status == 0);
  CHECK(ran.out == "orders: changed, RUNNING\n  - rotate.bytes: 5\n  + time.granularity.minutes: 15\n");
  const auto asked = host.asked();
  REQUIRE(asked.size() == 5);
  CHECK(nlohmann::json::parse(asked[3].body).at("config").at("cos.secret.key") == "********");
  CHECK(asked[4].method == "PATCH");
  CHECK(asked[4].body == R"({"config":{"rotate.bytes":null,"time.granularity.minutes":"15"}})");
  CHECK(run({"task", "set", "orders", "rotate.bytes", "--url", host.url()}).status == 2);
  CHECK(run({"task", "set", "orders", "--url", host.url()}).status == 2);
  host.answer(404, kNone);
  CHECK(run({"task", "set", "orders", "a=b", "--url", host.url()}).status == 3);
}

TEST_CASE("task files that are none never leave the machine") {
  FakeHost host;
  for (const char* text : {"", "[]", "{", R"({"config":{}})", R"({"name":7})", R"({"name":""})"}) {
    CAPTURE(text);
    CHECK(run({"task", "create", "-", "--url", host.url()}, text).status == 1);
  }
  CHECK(run({"task", "create", "/nonexistent.json", "--url", host.url()}).status == 1);
  const auto secret = run({"task", "create", "-", "--url", host.url()}, R"({"name":"a","config":{"cos.secret.key":"hunter2",}})");
  CHECK_FALSE(holds(secret.err, "hunter2"));
  CHECK(host.asked().empty());
}

TEST_CASE("validate prints every problem") {
  FakeHost host;
  host.answer(
      200,
      R"({"valid":false,"errors":[{"key":"topics","value":"","message":"is required"},{"key":"cos.bucket","value":"X","message":"bad"}]})");
  auto ran = run({"task", "validate", "-", "--url", host.url()}, kTask);
  CHECK(ran.status == 1);
  CHECK(ran.err == "error: the task orders is not valid\n  topics: is required\n  cos.bucket: bad (given: X)\n");
  host.answer(200, R"({"valid":true,"errors":[]})");
  ran = run({"task", "validate", "-", "--preflight", "--url", host.url()}, kTask);
  CHECK(ran.status == 0);
  CHECK(ran.out == "orders: valid\n");
  CHECK(host.asked()[1].target == "/v1/validate?preflight=true");
}
