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
  for (const auto& [http, exit] : {Case{200, 0}, Case{202, 0}, Case{400, 1}, Case{403, 8}, Case{404, 3}, Case{409, 4}, Case{422, 1},
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
    REQUIRE_FALSE(host.asked().empty());
    CHECK(host.asked()[0].method == "POST");
    CHECK(host.asked()[0].target == "/v1/tasks/orders/enable");
  }
}

TEST_CASE("no token and a wrong one are told apart, with where tokens come from, and are exit status 8") {
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"task", "list"}, {"task", "enable", "orders"}, {"topics"}, {"plugins"}}) {
    FakeHost host;
    for (int i = 0; i < 2; ++i) host.answer(401, R"({"error_code":401,"message":"send the host's token: Authorization: Bearer TOKEN"})");
    auto words = command;
    words.insert(words.end(), {"--url", host.url()});
    const auto none = run(words);
    words.insert(words.end(), {"--token", "not-this-one"});
    const auto wrong = run(words);
    CAPTURE(command, none.err, wrong.err);
    CHECK(none.status == 8);
    CHECK(wrong.status == 8);
    CHECK(holds(none.err, "asks for a token: set CONNECTOR_HOST_TOKEN"));
    CHECK(holds(wrong.err, "does not take the token that was sent"));
    CHECK_FALSE(holds(wrong.err, "not-this-one"));
  }
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
  CHECK(ran.err == "error: orders: not yet after 1500ms: INTERRUPTED since s: access_denied: m; r\n");
  CHECK(host.asked()[0].target == "/v1/tasks/orders/enable?wait=1500ms");
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

// A folder of files that is gone with it.
class Files {
 public:
  Files() : path_(std::filesystem::temp_directory_path() / ("ch-task-files-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_ / "deep");
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  ~Files() { std::filesystem::remove_all(path_); }
  std::string add(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return (path_ / name).string();
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

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

TEST_CASE("apply takes files and folders, JSON and YAML, and sums up; --prune deletes what none of them names") {
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
  host.answer(404, kNone);
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

TEST_CASE("contexts are listed, kept and chosen, and what the file also holds stays") {
  const Files files;
  const auto file = files.add("contexts.json", R"({"contexts":{"test":{"url":"http://127.0.0.1:1","token":"t"}},"mine":1})");
  ::setenv("CONNECTOR_HOST_CONFIG_FILE", file.c_str(), 1);
  CHECK(run({"context", "set", "far", "--token-file", "/t"}).status == 1);
  CHECK(run({"context", "set", "far", "--url", "https://far:8083", "--token-file", "/t"}).status == 0);
  CHECK(run({"context", "set", "far", "--ca", "/ca.pem"}).status == 0);
  CHECK(run({"context", "use", "nowhere"}).status == 1);
  CHECK(run({"context", "use", "far"}).status == 0);
  CHECK(run({"context", "list"}).out == "CURRENT  NAME  URL\n*        far   https://far:8083\n         test  http://127.0.0.1:1\n");
  const auto kept = nlohmann::json::parse(std::ifstream(file));
  CHECK(
      kept ==
      nlohmann::json::parse(
          R"({"contexts":{"test":{"url":"http://127.0.0.1:1","token":"t"},"far":{"url":"https://far:8083","token.file":"/t","ca":"/ca.pem"}},
                        "mine":1,"current":"far"})"));
  CHECK((std::filesystem::status(file).permissions() & std::filesystem::perms::others_all) == std::filesystem::perms::none);
  ::unsetenv("CONNECTOR_HOST_CONFIG_FILE");
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
  const auto option = run({"task", "enable", "orders", "--wiat", "5s"});
  CHECK(option.status == 2);
  CHECK(option.err == "error: there is no option --wiat; did you mean --wait?\n");
  CHECK(holds(run({"task", "list", "--outptu=json"}).err, "there is no option --outptu; did you mean --output?"));
  CHECK(holds(run({"task", "status", "--wacth"}).err, "did you mean --watch?"));
  const auto bare = run({});
  CHECK(bare.out.empty());
  CHECK(holds(bare.err, "serve"));
}

TEST_CASE("help goes to standard output and names what there is") {
  const auto ran = run({"--help"});
  CHECK(ran.status == 0);
  for (const char* part : {"serve", "dev", "check", "task", "plugins", "version", "Exit status"}) CHECK(holds(ran.out, part));
  const auto validate = run({"task", "validate", "--help"});
  CHECK(validate.status == 0);
  for (const char* part : {"topics", "start.position", "consumer.override.*", "--preflight"}) CHECK(holds(validate.out, part));
  CHECK(run({"help"}).out == ran.out);
  CHECK(run({"help", "task", "validate"}).out == validate.out);
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

TEST_CASE("verify asks step by step until the report is complete; what is not whole is exit status 7") {
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

TEST_CASE("verify --complete: records that should be stored and are not are exit status 7; without it they are a note") {
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

TEST_CASE("a token that goes unencrypted to another machine is warned of, once") {
  const auto warned = [](const std::string& url, const std::string& token) {
    auto ran = run({"task", "list", "--url", url, "--token", token});
    CHECK(ran.err.find("secret-token") == std::string::npos);
    return holds(ran.err, "warning: the token goes unencrypted to another machine");
  };
  CHECK_FALSE(warned("http://127.0.0.1:1", "secret-token"));
  CHECK_FALSE(warned("http://localhost:1", "secret-token"));
  CHECK_FALSE(warned("https://0.0.0.0:1", "secret-token"));
  CHECK(warned("http://0.0.0.0:1", "secret-token"));  // leads here, and does not say so
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
