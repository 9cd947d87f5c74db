
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "captured.hpp"
#include "fake_host.hpp"

using ch::test::FakeHost;
using ch::test::holds;
using ch::test::run;

namespace {

const std::string kTask = R"({"name": "orders", "config": {"topics": "orders"}})";

}  // namespace

TEST_CASE("many tasks by names, patterns, state or all") {
  const auto list =
      R"({"tasks":[{"name":"billing-a","state":"INTERRUPTED"},{"name":"billing-b","state":"RUNNING"},{"name":"orders","state":"INTERRUPTED"}]})";
  FakeHost host;
  const auto command = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "task");
    words.insert(words.end(), {"--url", host.url()});
    return run(words);
  };
  host.answer(200, list);
  host.answer(202, R"({"state":"STOPPING"})");
  host.answer(202, R"({"state":"STOPPING"})");
  CHECK(command({"restart", "--state", "interrupted"}).out == "billing-a: STOPPING\norders: STOPPING\n");
  host.answer(200, list);
  host.answer(202, R"({"state":"PAUSED"})");
  host.answer(404, R"({"error_code":404,"message":"no such task"})");
  const auto some = command({"pause", "billing-*", "-o", "json"});
  CHECK(some.status == 3);  // what fails for one does not keep the others
  CHECK(nlohmann::json::parse(some.out).at("tasks").size() == 1);
  const auto before = host.asked().size();
  host.answer(202, R"({"state":"STOPPING"})");
  host.answer(202, R"({"state":"STOPPING"})");
  host.answer(200, R"({"state":"RUNNING"})");
  host.answer(200, R"({"state":"RUNNING"})");
  CHECK(command({"restart", "b", "a", "b", "--wait", "900ms"}).out == "b: RUNNING\na: RUNNING\n");
  const auto asked = host.asked();
  REQUIRE(asked.size() == before + 4);
  CHECK(asked[before + 1].target == "/v1/tasks/a/restart");
  CHECK(asked[before + 2].target.starts_with("/v1/tasks/b/enable?wait="));
  host.answer(200, list);
  CHECK(command({"enable", "nothing-*"}).status == 3);
  host.answer(200, list);
  CHECK(command({"enable", "--state", "FAILED"}).status == 0);  // it was already so
  CHECK(command({"enable"}).status == 2);
  CHECK(command({"enable", "a", "--all"}).status == 2);
  CHECK(command({"enable", "--state", "BROKEN"}).status == 2);
  host.answer(200, list);
  CHECK(command({"delete", "--all"}).status == 2);  // no terminal to ask
  host.answer(200, list);
  for (int i = 0; i < 3; ++i) host.answer(204, "");
  CHECK(command({"delete", "--all", "--yes"}).out == "billing-a: deleted\nbilling-b: deleted\norders: deleted\n");
}

TEST_CASE("status --watch says what changes, until the task is gone") {
  FakeHost host;
  for (const char* state : {"STARTING", "STARTING", "RUNNING"})
    host.answer(200, R"({"name":"orders","state":")" + std::string(state) + R"("})");
  host.answer(404, R"({"error_code":404,"message":"there is no task orders"})");
  const auto ran = run({"task", "status", "orders", "--watch", "--output", "json", "--url", host.url()});
  CHECK(ran.status == 3);
  CHECK(ran.out == "{\"name\":\"orders\",\"state\":\"STARTING\"}\n{\"name\":\"orders\",\"state\":\"RUNNING\"}\n");
  CHECK(holds(ran.err, "there is no task orders"));
  CHECK(host.asked().size() == 4);
}

TEST_CASE("delete tells gone from going") {
  FakeHost host;
  host.answer(204, "");
  CHECK(run({"task", "delete", "orders", "--url", host.url()}).out == "orders: deleted\n");
  host.answer(202, R"({"state":"STOPPING"})");
  CHECK(run({"task", "delete", "orders", "--discard", "--url", host.url()}).out == "orders: being deleted, STOPPING\n");
  host.answer(202, R"({"state":"STOPPING"})");
  const auto ran = run({"task", "delete", "orders", "--discard", "--wait", "5s", "--url", host.url()});
  CHECK(ran.status == 5);
  CHECK(ran.err == "error: orders: not gone after 5s: STOPPING\n");
  host.answer(404, R"({"error_code":404,"message":"no such task"})");
  CHECK(run({"task", "delete", "orders", "--url", host.url()}).status == 3);
  CHECK(host.asked()[2].target == "/v1/tasks/orders?discard=true&wait=5s");
}

TEST_CASE("enable of a paused task says what to do") {
  FakeHost host;
  host.answer(202, R"({"name":"orders","state":"PAUSED","enabled":true})");
  auto ran = run({"task", "enable", "orders", "--url", host.url()});
  CHECK(ran.status == 0);
  CHECK(ran.err == "note: it is paused; connector-host task resume orders goes on\n");
  host.answer(409, R"({"error_code":409,"message":"the task is enabled, and paused"})");
  ran = run({"task", "enable", "orders", "--wait", "60s", "--url", host.url()});
  CHECK(ran.status == 4);
  CHECK(ran.err == "error: the task is enabled, and paused\n  connector-host task resume orders\n");
}

TEST_CASE("a wait that runs out is exit status 5, with the last state on standard error") {
  FakeHost host;
  host.answer(504,
              R"({"name":"orders","state":"INTERRUPTED","since":"s","interruption":{"reason":"access_denied","message":"m","remedy":"r"},
                       "error_code":504,"message":"not yet"})");
  const auto ran = run({"task", "enable", "orders", "--wait", "1500ms", "--url", host.url()});
  CHECK(ran.status == 5);
  CHECK(ran.out.empty());
  CHECK(ran.err == "error: orders: not yet after 1500ms: INTERRUPTED since s: access_denied: m; r\n");
  CHECK(host.asked()[0].target == "/v1/tasks/orders/enable?wait=1500ms");
}

TEST_CASE("what a preflight has found is told once, waited or not") {
  const std::string warned =
      R"({"name":"orders","enabled":true,"state":"RUNNING","warnings":[{"key":"cos.bucket","message":"PUT is refused"}]})";
  FakeHost host;
  for (const auto& options : {std::vector<std::string>{}, {"--wait", "5s"}}) {
    host.answer(201, R"({"name":"orders","status":)" + warned + "}");
    host.answer(200, warned);
    std::vector<std::string> words = {"task", "create", "-", "--url", host.url()};
    words.insert(words.end(), options.begin(), options.end());
    const auto ran = run(words, kTask);
    CHECK(ran.err == "warning: cos.bucket: PUT is refused\n");
    if (options.empty()) (void)run({"task", "status", "orders", "--url", host.url()});  // takes the second answer
  }
}
