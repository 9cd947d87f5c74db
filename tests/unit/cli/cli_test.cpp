#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "captured.hpp"
#include "fake_host.hpp"

using ch::test::FakeHost;
using ch::test::Files;
using ch::test::holds;
using ch::test::run;

namespace {

const std::string kRunning = R"({"name":"orders","enabled":true,"state":"RUNNING","since":"2026-11-25T03:29:05.123Z"})";

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

TEST_CASE("something else at the address is not taken for a host") {
  FakeHost host;
  host.answer(200, "<html>hello</html>");
  const auto ran = run({"task", "list", "--url", host.url()});
  CHECK(ran.status == 1);
  CHECK(holds(ran.err, "not as a connector-host"));
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

TEST_CASE("how to reach a host may be said before the command, too") {
  FakeHost host;
  for (const auto& words : {std::vector<std::string>{"--url", host.url(), "task", "list"}, {"--url=" + host.url(), "task", "list"}}) {
    host.answer(200, R"({"tasks":[{"name":"orders","state":"RUNNING","lag":1}]})");
    const auto ran = run(words);
    CAPTURE(ran.err);
    CHECK(ran.status == 0);
    CHECK(holds(ran.out, "orders"));
  }
  CHECK(run({"--context"}).status == 2);
  CHECK(holds(run({"--url", host.url(), "version"}).err, "there is no option --url"));
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
  CHECK(holds(run({"verify", "orders"}).err, "there is no command verify; did you mean task verify?"));
  const auto unsaid = run({"task", "set", "orders"});
  CHECK(unsaid.status == 2);
  CHECK(holds(unsaid.err, "say what is to change: connector-host task set orders KEY=VALUE"));
  for (const auto& words :
       {std::vector<std::string>{"task", "list", "hunter2"}, {"task", "list", "-t", "hunter2"}, {"--tokn", "hunter2", "task", "list"}}) {
    const auto told = run(words);
    CHECK(told.status == 2);
    CHECK_FALSE(told.err.empty());
    CHECK_FALSE(holds(told.err, "hunter2"));
  }
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
