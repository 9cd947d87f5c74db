#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "captured.hpp"
#include "cli/client.hpp"
#include "fake_host.hpp"

using ch::test::FakeHost;
using ch::test::run;

namespace {

const std::string kTask = R"({"name": "orders", "config": {"topics": "orders"}})";
const std::string kRunning = R"({"name":"orders","enabled":true,"state":"RUNNING","since":"2026-11-25T03:29:05.123Z"})";

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("the exit status says what became of a request") {
  struct Case {
    int http;
    int exit;
  };
  for (const auto& [http, exit] : {Case{200, 0}, Case{202, 0}, Case{400, 1}, Case{401, 1}, Case{404, 3}, Case{409, 4}, Case{422, 1},
                                   Case{500, 1}, Case{503, 1}, Case{504, 1}}) {
    FakeHost host;
    host.answer(http, http < 300 ? kRunning : R"({"error_code":0,"message":"said so"})");
    const auto ran = run({"task", "enable", "orders", "--url", host.url()});
    CAPTURE(http, ran.out, ran.err);
    CHECK(ran.status == exit);
    if (exit == 0) {
      CHECK(ran.out == "orders: RUNNING since 2026-11-25T03:29:05.123Z\n");
      CHECK(ran.err.empty());
    } else {
      CHECK(ran.out.empty());
      CHECK(ran.err == "error: said so\n");
    }
    REQUIRE(host.asked().size() == 1);
    CHECK(host.asked()[0].method == "POST");
    CHECK(host.asked()[0].target == "/v1/tasks/orders/enable");
  }
}

TEST_CASE("a host that cannot be reached is exit status 6") {
  std::string url;
  {
    const FakeHost gone;
    url = gone.url();
  }
  const auto ran = run({"task", "list", "--url", url});
  CHECK(ran.status == 6);
  CHECK(ran.out.empty());
  CHECK(holds(ran.err, url));
}

TEST_CASE("a wait that runs out is exit status 5, with the last state on standard error") {
  FakeHost host;
  host.answer(504,
              R"({"name":"orders","state":"INTERRUPTED","since":"s","interruption":{"reason":"access_denied","message":"m","remedy":"r"},
                       "error_code":504,"message":"not yet"})");
  const auto ran = run({"task", "enable", "orders", "--wait", "1500ms", "--url", host.url()});
  CHECK(ran.status == 5);
  CHECK(ran.out.empty());
  CHECK(ran.err == "error: orders: not yet after 2s: INTERRUPTED since s: access_denied: m; r\n");
  CHECK(host.asked()[0].target == "/v1/tasks/orders/enable?wait=2s");
}

TEST_CASE("something else at the address is not taken for a host") {
  FakeHost host;
  host.answer(200, "<html>hello</html>");
  const auto ran = run({"task", "list", "--url", host.url()});
  CHECK(ran.status == 1);
  CHECK(holds(ran.err, "not as a connector-host"));
}

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
  REQUIRE(asked.size() == 3);
  CHECK(asked[0].method == "GET");
  CHECK(asked[2].method == "PUT");
  CHECK(asked[2].target == "/v1/tasks/orders");
}

TEST_CASE("apply creates or replaces, says which keys change, and shows no secret") {
  const std::string connectors =
      R"({"connectors":[{"name":"cos-sink","keys":[{"name":"cos.secret.key","type":"password"},{"name":"cos.secret.id","type":"password"}]}]})";
  const std::string before =
      R"({"name":"orders","config":{"topics":"orders","rotate.bytes":"5","cos.secret.key":"********","gone":"x","cos.secret.id":"${env:ID}"}})";
  const std::string task = R"({"name":"orders","config":{"topics":"orders","rotate.bytes":7,"cos.secret.key":"hush","new":"\u001b"}})";
  const std::string diff =
      "  - cos.secret.id: ${env:ID}\n  ~ cos.secret.key: a secret, set anew\n  - gone: x\n  + new: \\u001b\n  ~ rotate.bytes: 5 -> 7\n";
  FakeHost host;
  SECTION("there") {
    host.answer(200, before);
    host.answer(200, connectors);
    host.answer(200, R"({"name":"orders","status":{"state":"RUNNING"}})");
    const auto ran = run({"task", "apply", "-", "--url", host.url()}, task);
    CHECK(ran.status == 0);
    CHECK(ran.out == diff + "orders: updated, RUNNING\n");
    CHECK(host.asked().at(2).method == "PUT");
    CHECK(host.asked().at(2).body == task);
  }
  SECTION("not there") {
    host.answer(404, R"({"error_code":404,"message":"no such task"})");
    host.answer(200, connectors);
    host.answer(201, R"({"name":"orders","status":{"state":"STARTING"}})");
    CHECK(run({"task", "apply", "-", "--url", host.url()}, kTask).out == "orders: created, STARTING\n");
  }
  SECTION("--dry-run changes nothing") {
    host.answer(200, before);
    host.answer(200, connectors);
    host.answer(200, R"({"valid":true,"errors":[]})");
    const auto ran = run({"task", "apply", "-", "--dry-run", "--url", host.url()}, task);
    CHECK(ran.status == 0);
    CHECK(ran.out == "orders: would be updated\n" + diff);
    CHECK(host.asked().at(2).target == "/v1/validate");
    host.answer(200, before);
    host.answer(200, connectors);
    host.answer(200, R"({"valid":false,"errors":[{"key":"new","value":"","message":"unknown key"}]})");
    const auto bad = run({"task", "apply", "-", "--dry-run", "--output", "json", "--url", host.url()}, task);
    CHECK(bad.status == 1);
    CHECK(bad.out.empty());
    CHECK(holds(bad.err, "new: unknown key"));
  }
}

TEST_CASE("the address comes from the option, the environment or a context, whose token goes to no other address") {
  FakeHost host;
  const auto file = std::filesystem::temp_directory_path() / ("ch-contexts-" + std::to_string(::getpid()) + ".json");
  std::ofstream(file) << R"({"current":"a","contexts":{"a":{"url":")" << host.url() << R"(","token":"of-a"},"bad":{"uri":"x"}}})";
  ::setenv("CONNECTOR_HOST_CONFIG_FILE", file.c_str(), 1);
  for (int i = 0; i < 3; ++i) host.answer(200, R"({"tasks":[]})");
  CHECK(run({"task", "list"}).status == 0);
  CHECK(run({"task", "list", "--url", host.url()}).status == 0);
  CHECK(run({"task", "list", "--context", "a", "--token", "mine"}).status == 0);
  const auto asked = host.asked();
  REQUIRE(asked.size() == 3);
  CHECK(asked[0].authorization == "Bearer of-a");
  CHECK(asked[1].authorization.empty());
  CHECK(asked[2].authorization == "Bearer mine");
  const auto bad = run({"task", "list", "--context", "bad"});
  CHECK(bad.status == 2);
  CHECK(holds(bad.err, "unknown key: uri of bad"));
  CHECK(run({"task", "list", "--context", "none"}).status == 2);
  ::unsetenv("CONNECTOR_HOST_CONFIG_FILE");
  std::filesystem::remove(file);
}

TEST_CASE("completion and manual are made of the commands that there are") {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const auto made = run({"completion", shell});
    CAPTURE(shell);
    CHECK(made.status == 0);
    for (const char* word : {"enable", "dry-run", "output"}) CHECK(holds(made.out, word));
  }
  CHECK(run({"completion", "tcsh"}).status == 2);
  const auto manual = run({"man"}).out;
  CHECK(manual.rfind(".TH", 0) == 0);
  CHECK(holds(manual, "task apply"));
}

TEST_CASE("bash completes commands, options and nothing that is not there") {
  const auto file = (std::filesystem::temp_directory_path() / ("ch-completion-" + std::to_string(::getpid()))).string();
  std::ofstream(file) << run({"completion", "bash"}).out;
  const auto completed = [&](const std::string& words, int current) {
    const auto script = "source " + file + "; COMP_WORDS=(connector-host " + words + "); COMP_CWORD=" + std::to_string(current) +
                        "; _connector_host 2>/dev/null; echo \"${COMPREPLY[*]}\"";
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(("bash -c '" + script + "'").c_str(), "r"), &::pclose);
    std::string out(1000, '\0');
    out.resize(std::fread(out.data(), 1, out.size(), pipe.get()));
    return out;
  };
  CHECK(completed("ta", 1) == "task\n");
  CHECK(completed("task ena", 2) == "enable\n");
  CHECK(completed("task enable --wai", 3) == "--wait\n");
  CHECK(completed("task list --wai", 3) == "\n");
  std::filesystem::remove(file);
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
  CHECK(ran.err == "there are more: --after to ken\n");
  CHECK(host.asked()[2].target == "/v1/tasks/orders/objects?limit=5&topic=a%26b&partition=3&after=x%2Fy");
  host.answer(200, R"({"events":[{"id":7,"kind":"state","message":"m\u001b"}],"next":7})");
  CHECK(holds(run({"task", "events", "orders", "--after", "6", "--url", host.url()}).out, "m\\u001b"));
  CHECK(host.asked()[3].target == "/v1/tasks/orders/events?after=6&limit=100");
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

TEST_CASE("wrong usage is exit status 2, with a hint") {
  CHECK(run({}).status == 2);
  CHECK(run({"task"}).status == 2);
  CHECK(run({"task", "enable"}).status == 2);
  CHECK(run({"task", "enable", "orders", "--wait", "soon"}).status == 2);
  CHECK(run({"task", "list", "--output", "xml"}).status == 2);
  CHECK(run({"task", "list", "--url", "nonsense"}).status == 2);
  CHECK(run({"serve", "--nonsense"}).status == 2);
  const auto ran = run({"task", "enabel", "orders"});
  CHECK(ran.status == 2);
  CHECK(holds(ran.err, "did you mean enable?"));
}

TEST_CASE("help goes to standard output and names what there is") {
  const auto ran = run({"--help"});
  CHECK(ran.status == 0);
  for (const char* part : {"serve", "dev", "check", "task", "plugins", "version", "Exit status"}) CHECK(holds(ran.out, part));
  const auto validate = run({"task", "validate", "--help"});
  CHECK(validate.status == 0);
  for (const char* part : {"topics", "start.position", "consumer.override.*", "--preflight"}) CHECK(holds(validate.out, part));
  const auto version = run({"version", "--output", "json"});
  CHECK(nlohmann::json::parse(version.out).at("version") == CH_VERSION);
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

TEST_CASE("verify asks step by step until the report is complete; what is not whole is exit status 7") {
  const std::string begun = R"({"task":"orders","complete":false,"ok":false,"walk":{"after":"o k"}})";
  const auto done = [](const std::string& ok) {
    return R"({"task":"orders","complete":true,"ok":)" + ok +
           R"(,"objects":3,"counts":{"gap":1,"overlap":0},"partitions":[{"topic":"t","partition":0,"chains":[{"series":1,"ranges":[[0,5],[7,9]]}]}],)"
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
