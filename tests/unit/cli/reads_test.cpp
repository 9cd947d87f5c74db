#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "captured.hpp"
#include "fake_host.hpp"

using ch::test::FakeHost;
using ch::test::holds;
using ch::test::run;

TEST_CASE("reads show tables or the JSON as it came") {
  FakeHost host;
  const std::string list = R"({"tasks":[{"name":"orders","state":"RUNNING","lag":1}]})";
  host.answer(200, list);
  CHECK(holds(run({"task", "list", "--url", host.url()}).out, "orders  RUNNING    1"));
  host.answer(200, list);
  CHECK(nlohmann::json::parse(run({"task", "list", "--output", "json", "--url", host.url()}).out) == nlohmann::json::parse(list));
  host.answer(200, R"({"objects":[],"next":"to ken"})");
  const auto ran =
      run({"task", "objects", "orders", "--partition", "3", "--topic", "a&b", "--after", "x/y", "--limit", "5", "--url", host.url()});
  CHECK(ran.status == 0);
  CHECK(ran.err == "there are more: --order newest --after to ken\n");
  CHECK(host.asked()[2].target == "/v1/tasks/orders/objects?limit=5&order=newest&topic=a%26b&partition=3&after=x%2Fy");
  host.answer(200, R"({"events":[{"id":7,"kind":"state","message":"m\u001b"}],"next":7})");
  CHECK(holds(run({"task", "events", "orders", "--after", "6", "--url", host.url()}).out, "m\\u001b"));
  CHECK(host.asked()[3].target == "/v1/tasks/orders/events?after=6&limit=100");
  host.answer(
      200,
      R"({"events":[{"id":9,"time":"2999-01-01T00:00:00.000Z","kind":"new"},{"id":8,"time":"2026-01-01T00:00:00.000Z","kind":"old"}],"next":null})");
  const auto since = run({"task", "events", "orders", "--since", "8h", "--tail", "7", "--url", host.url()});
  CHECK(holds(since.out, "new"));
  CHECK_FALSE(holds(since.out, "old"));
  CHECK(host.asked()[4].target == "/v1/tasks/orders/events?order=newest&limit=7");
  CHECK(run({"task", "events", "orders", "--since", "soon", "--url", host.url()}).status == 2);
}

TEST_CASE("events of all tasks: the newest last, page by page as far as --since, and followed a line each") {
  const auto event = [](int id, const std::string& time) {
    return R"({"id":)" + std::to_string(id) + R"(,"task":"orders","kind":"state","state":"RUNNING","message":"runs","time":")" + time +
           R"("})";
  };
  const std::string late = "2999-01-01T00:00:00.000Z", early = "2001-01-01T00:00:00.000Z";
  FakeHost host;
  host.answer(200, R"({"events":[)" + event(9, late) + R"(],"next":9})");
  host.answer(200, R"({"events":[)" + event(8, late) + "," + event(7, early) + R"(],"next":7})");
  const auto since = run({"events", "--since", "8h", "-o", "json", "--url", host.url()});
  CHECK(since.status == 0);
  const auto events = nlohmann::json::parse(since.out).at("events");
  REQUIRE(events.size() == 2);
  CHECK(events.at(1).at("id") == 9);
  CHECK(host.asked().at(0).target == "/v1/events?order=newest&limit=1000");
  CHECK(host.asked().at(1).target == "/v1/events?order=newest&limit=1000&before=9");
  host.answer(200, R"({"events":[)" + event(9, late) + R"(],"next":null})");
  CHECK(holds(run({"events", "--task", "orders", "--tail", "1", "--url", host.url()}).out, "orders  state  RUNNING"));
  CHECK(host.asked().at(2).target == "/v1/tasks/orders/events?order=newest&limit=1");
  host.answer(200, R"({"events":[)" + event(9, late) + R"(],"next":null})");
  host.answer(200, R"({"events":[)" + event(10, late) + R"(],"next":10})");
  host.answer(503, R"({"error_code":503,"message":"it stops"})");
  const auto followed = run({"events", "--follow", "--url", host.url()});
  CHECK(followed.status == 1);
  CHECK(followed.out == late + "  orders  RUNNING  runs\n" + late + "  orders  RUNNING  runs\n");
  CHECK(host.asked().at(5).target == "/v1/events?after=10&limit=1000");
}

TEST_CASE("a task that there is not: the nearest name is told") {
  FakeHost host;
  host.answer(404, R"({"error_code":404,"message":"No such task: order"})");
  host.answer(200, R"({"tasks":[{"name":"billing"},{"name":"orders"}]})");
  const auto ran = run({"task", "show", "order", "--url", host.url()});
  CHECK(ran.status == 3);
  CHECK(ran.err == "error: No such task: order; did you mean orders?\n");
}

TEST_CASE("plugins can be asked of a host") {
  FakeHost host;
  host.answer(
      200,
      R"({"connectors":[{"name":"x-sink","version":"1","kind":"sink","file":"/f","keys":[]}],"failures":[{"file":"/g","message":"broken"}]})");
  const auto ran = run({"plugins", "--url", host.url()});
  CHECK(ran.status == 0);
  CHECK(holds(ran.out, "x-sink  1        sink  /f"));
  CHECK(holds(ran.err, "/g cannot be loaded: broken"));
  host.answer(200, R"({"connectors":[],"failures":[]})");
  CHECK(run({"plugins", "nope", "--url", host.url()}).status == 1);
}

TEST_CASE("topics are those of one instance or of all") {
  FakeHost host;
  host.answer(200, R"({"instances":[{"id":"a"},{"id":"b"}]})");
  host.answer(200, R"({"topics":[{"name":"orders","partitions":4,"tasks":["t1","t2"]}]})");
  host.answer(200, R"({"topics":[{"name":"logs","partitions":1,"tasks":[]}]})");
  auto ran = run({"topics", "--url", host.url()});
  CHECK(ran.out == "INSTANCE  TOPIC   PARTITIONS  TASKS\na         orders           4  t1, t2\nb         logs             1\n");
  host.answer(503, R"({"error_code":503,"message":"the broker does not answer"})");
  ran = run({"topics", "--instance", "c/d", "--url", host.url()});
  CHECK(ran.status == 1);
  CHECK(ran.out.empty());
  CHECK(ran.err == "error: the broker does not answer\n");
  CHECK(host.asked()[3].target == "/v1/instances/c%2Fd/topics");
}

TEST_CASE("topics: an instance that does not answer is named, once and with the reason, and does not hide the others") {
  FakeHost host;
  host.answer(200, R"({"instances":[{"id":"a","reachable":false,"message":"Failed to resolve 'nohost.invalid:9092'"},
                                    {"id":"b","reachable":true,"message":null}]})");
  host.answer(200, R"({"topics":[{"name":"logs","partitions":1,"tasks":[]}]})");
  const auto ran = run({"topics", "--url", host.url()});
  CHECK(ran.status == 1);
  CHECK(ran.out == "INSTANCE  TOPIC  PARTITIONS  TASKS\nb         logs            1\n");
  CHECK(ran.err == "error: instance a: Failed to resolve 'nohost.invalid:9092'\n");
  CHECK(host.asked().size() == 2);  // it is not asked for again
}

TEST_CASE("verify asks step by step until the report is complete, and what is not whole is exit status 7") {
  const std::string begun = R"({"task":"orders","complete":false,"ok":false,"walk":{"after":"o k"}})";
  const auto done = [](const std::string& ok) {
    return R"({"task":"orders","complete":true,"ok":)" + ok +
           R"(,"all_stored":true,"objects":3,"counts":{"gap":1,"overlap":0},"partitions":[{"topic":"t","partition":0,"chains":[{"series":1,"ranges":[[0,5],[7,9]]}]}],)"
           R"("findings":[{"kind":"gap","topic":"t","partition":0,"start_offset":5,"end_offset":7,"message":"no object"}]})";
  };
  FakeHost host;
  host.answer(200, begun);
  host.answer(503, R"({"error_code":503,"message":"busy"})");
  host.answer(200, done("true"));
  const auto whole = run({"task", "verify", "orders", "--deep", "--partition", "2", "--url", host.url()});
  CAPTURE(whole.out, whole.err);
  CHECK(whole.status == 0);
  REQUIRE(host.asked().size() == 3);
  CHECK(host.asked()[0].target == "/v1/tasks/orders/verify?partition=2&deep=true");
  CHECK(host.asked()[0].body.empty());
  CHECK(host.asked()[1].target == "/v1/tasks/orders/verify");
  CHECK(host.asked()[1].body == begun);
  CHECK(host.asked()[2].body == begun);

  host.answer(200, done("false"));
  const auto not_whole = run({"task", "verify", "orders", "--url", host.url()});
  CAPTURE(not_whole.out, not_whole.err);
  CHECK(not_whole.status == 7);
  CHECK(holds(not_whole.out, "0..9"));
  CHECK(holds(not_whole.out, "5..7"));
  CHECK(holds(not_whole.out, "1 gap"));
  CHECK_FALSE(not_whole.err.empty());

  host.answer(409, R"({"error_code":409,"message":"cannot"})");
  CHECK(run({"task", "verify", "orders", "--url", host.url()}).status == 4);
}

TEST_CASE("verify --complete: records that should be stored and are not are exit status 7, and without it they are a note") {
  const std::string paused =
      R"({"task":"orders","complete":true,"ok":true,"all_stored":false,"not_stored":6508,"objects":0,)"
      R"("waiting":[{"reason":"paused","message":"the task is paused","records":6508,"partitions":4},{"reason":"x","message":"y"}]})";
  FakeHost host;
  host.answer(200, paused);
  auto ran = run({"task", "verify", "orders", "--url", host.url()});
  CHECK(ran.status == 0);
  CHECK(ran.err == "note: orders: 6508 records are not stored (paused: the task is paused; other causes: 1)\n");
  CHECK(holds(ran.out, "Stored right: nothing is stored"));
  host.answer(200, paused);
  ran = run({"task", "verify", "orders", "--complete", "--until", "2026-11-25T03:30:00Z", "--url", host.url()});
  CHECK(ran.status == 7);
  CHECK(holds(ran.err, "error: orders: 6508 records are not stored"));
  CHECK(host.asked().back().target == "/v1/tasks/orders/verify?until=2026-11-25T03%3A30%3A00Z");
  host.answer(200, R"({"task":"orders","complete":true,"ok":true,"all_stored":true,"not_stored":0,"objects":9})");
  ran = run({"task", "verify", "orders", "--complete", "--url", host.url()});
  CHECK(ran.status == 0);
  CHECK(ran.err.empty());
}

TEST_CASE("a verification that was interrupted goes on from its file, and removes it at the end") {
  const auto file = std::filesystem::temp_directory_path() / ("verify-progress-" + std::to_string(::getpid()));
  const std::string begun = R"({"task":"orders","complete":false,"walk":{"after":"o k"}})";
  FakeHost host;
  host.answer(200, begun);
  host.answer(422, R"({"error_code":422,"message":"no"})");
  CHECK(run({"task", "verify", "orders", "--progress", file.string(), "--url", host.url()}).status == 1);
  REQUIRE(std::filesystem::exists(file));
  host.answer(200, R"({"task":"orders","complete":true,"ok":true})");
  CHECK(run({"task", "verify", "orders", "--progress", file.string(), "--url", host.url()}).status == 0);
  CHECK(host.asked().back().body == begun);
  CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("health says in one line whether the host serves, and a host that does not is exit status 6") {
  FakeHost host;
  host.answer(200, R"({"status":"healthy","message":"connector-host has started and serves requests"})");
  const auto healthy = run({"health", "--url", host.url()});
  CHECK(healthy.status == 0);
  CHECK(healthy.out == "connector-host has started and serves requests\n");
  CHECK(healthy.err.empty());
  host.answer(503, R"({"status":"hanging","message":"the supervisor or all tasks hang: the log tells which","hanging_threads":1})");
  const auto hanging = run({"health", "--ready", "--url", host.url()});
  CHECK(hanging.status == 6);
  CHECK(hanging.out.empty());
  CHECK(hanging.err == "error: the supervisor or all tasks hang: the log tells which\n");
  host.answer(404, "<html>");
  const auto stranger = run({"health", "--url", host.url()});
  CHECK(stranger.status == 6);
  CHECK(holds(stranger.err, "answers HTTP 404 and not as a connector-host"));
  REQUIRE(host.asked().size() == 3);
  CHECK(host.asked()[0].target == "/health");
  CHECK(host.asked()[1].target == "/health/ready");
  CHECK(run({"health", "--url", "http://127.0.0.1:1"}).status == 6);
}
