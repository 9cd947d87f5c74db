// What whoever may create tasks, or may send a request, cannot make of the host.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "proc.hpp"
#include "world.hpp"

using namespace ch::test;
namespace fs = std::filesystem;

namespace {

std::string about(const Answer& answer, const std::string& key) {
  if (!answer.json.is_object() || !answer.json.contains("errors")) return "";
  for (const auto& error : answer.json.at("errors")) {
    if (error.value("key", "") == key) return error.value("message", "");
  }
  return "";
}

// How often it had to be started until it stayed: a host whose task ends it.
int starts_until_it_stays(HostProcess& host, std::chrono::seconds stays) {
  for (int starts = 1; starts <= 8; ++starts) {
    try {
      host.start();
    } catch (const std::runtime_error&) {  // it ended before it had answered
      continue;
    }
    if (!eventually(stays, [&] { return !host.running(); })) return starts;
  }
  return 0;
}

}  // namespace

TEST_CASE("a task that ends the process at its start is found, and the others run", "[secure]") {
  const auto crashing = fs::path(CH_BAD_PLUGINS) / "crashes_in_open";
  World world(json{{"plugin.path", binary("").string() + "," + crashing.string()}});
  for (const auto* topic : {"crashes", "bystanders"}) world.admin().create_topic(topic, 1);
  auto& host = world.host();
  const auto trigger = (world.dir() / "crash").string();
  host.start();
  world.create("bystander", world.config("bystanders"));
  REQUIRE(world.reaches("bystander", "RUNNING"));
  std::ofstream(trigger) << "x";
  const json config = {
      {"connector.class", "crashes-in-open"}, {"topics", "crashes"}, {"start.position", "earliest"}, {"crash.file", trigger}};
  REQUIRE(host.post("/v1/tasks", {{"name", "crasher"}, {"config", config}, {"enabled", false}}).status == 201);
  host.post("/v1/tasks/crasher/enable");  // it may end before it has answered
  REQUIRE(eventually(60s, [&] { return !host.running(); }));

  const auto starts = starts_until_it_stays(host, 15s);
  CHECK(starts >= 2);
  CHECK(starts <= 4);
  CHECK(world.reaches("bystander", "RUNNING", 60s));
  const auto status = host.status("crasher");
  INFO(status.dump());
  CHECK(status.at("state") == "FAILED");
  const auto trace = status.at("runners").at(0).at("trace").get<std::string>();
  CHECK_THAT(trace, Catch::Contains("ended while this task") && Catch::Contains("restart"));
  CHECK_THAT(host.get("/v1/tasks/crasher/events").body, Catch::Contains("ended while this task"));

  // A restart in order does not try it again; an operator does, when the reason is mended.
  CHECK(host.stop() == 0);
  host.start();
  CHECK(world.reaches("crasher", "FAILED"));
  fs::remove(trigger);
  CHECK(host.post("/v1/tasks/crasher/restart").status / 100 == 2);
  // It has its partition again; the plugin opens it and goes no further.
  CHECK(eventually(30s, [&] {
    const auto now = host.status("crasher");
    return now.at("state") == "STARTING" && !now.at("partitions").empty() && now.at("partitions").at(0).at("runner") == 0;
  }));
}

TEST_CASE("a host that is killed while its tasks start has no task FAILED for it", "[secure]") {
  World world;
  world.admin().create_topic("killed", 1);
  auto& host = world.host();
  host.start();
  for (const auto* task : {"a", "b", "c"})
    world.create(task, world.config("killed", {{"object.key.template", std::string(task) + "/{topic}-{partition}-{start_offset}"}}));
  for (int kill = 0; kill < 4; ++kill) {
    host.kill();
    host.start();
  }
  for (const auto* task : {"a", "b", "c"}) CHECK(world.reaches(task, "RUNNING", 60s));
}

TEST_CASE("a property of librdkafka that is not for tasks is refused when the task is made", "[secure]") {
  World world;
  world.admin().create_topic("overrides", 1);
  auto& host = world.host();
  host.start();
  const auto made = [&](const json& other) {
    return host.post("/v1/tasks", {{"name", "o"}, {"config", world.config("overrides", other)}});
  };
  for (const auto& [key, value] : std::map<std::string, std::string>{{"consumer.override.internal.termination.signal", "9"},
                                                                     {"consumer.override.test.mock.num.brokers", "1"},
                                                                     {"consumer.override.debug", "all"},
                                                                     {"consumer.override.receive.message.max.bytes", "1000000000"},
                                                                     {"consumer.override.queued.max.messages.kbytes", "2097151"},
                                                                     {"consumer.override.fetch.max.bytes", "16777216"},
                                                                     {"consumer.override.session.timeout.ms", "600000"},
                                                                     {"consumer.override.fetch.min.bytes", "0"},
                                                                     {"producer.override.acks", "0"}}) {
    const auto answer = made({{key, value}});
    INFO(key << ": " << answer.body);
    CHECK(answer.status == 422);
    CHECK_FALSE(about(answer, key).empty());
  }
  CHECK(made({{"consumer.override.session.timeout.ms", "6000"}, {"consumer.override.fetch.min.bytes", "1024"}}).status == 201);
  CHECK(world.reaches("o", "RUNNING"));
}

TEST_CASE("a name that leads here by another's doing is refused, whoever asks by it", "[secure]") {
  World world;
  world.host().start();
  const auto asked = [&](const std::string& host, const std::map<std::string, std::string>& headers = {}) {
    Request request{"GET", world.host().url() + "/v1/tasks", "", {{"Host", host}, {"User-Agent", "x"}}};
    for (const auto& [name, value] : headers) request.headers[name] = value;
    return http(request);
  };
  CHECK(asked("evil.example").status == 403);
  CHECK_THAT(asked("evil.example").body, Catch::Contains("allowed.hosts"));
  for (const auto* host : {"127.0.0.1", "localhost:8083", "[::1]:8083"}) CHECK(asked(host).status == 200);
  CHECK(world.host().stop() == 0);
  world.host().set_config({{"api.token", "token-of-the-test"}});
  world.host().start();
  CHECK(asked("evil.example").status == 401);
  CHECK(asked("evil.example", {{"Authorization", "Bearer token-of-the-test"}}).status == 200);
}

TEST_CASE("no placeholder of a task gives what is the host's own", "[secure]") {
  World world(json{{"log.level", "info"}});
  world.admin().create_topic("own", 1);
  auto& host = world.host();
  host.start();
  const auto file = host.config_file().string();
  fs::create_symlink(file, world.dir() / "link");
  for (const auto& value :
       {"${file:" + file + ":\"log.level\"}", "${file:" + (world.dir() / "link").string() + ":\"log.level\"}",
        "${dir:" + host.dir().string() + ":host.json}", "${dir:" + (host.dir() / "state").string() + ":connector-host.db}",
        std::string("${dir:/proc/self:environ}"), std::string("${env:CONNECTOR_HOST_API_TOKEN}")}) {
    INFO(value);
    const auto answer = host.post("/v1/tasks", {{"name", "p"}, {"config", world.config("own", {{"cos.secret.key", value}})}});
    CHECK(answer.status == 422);
    CHECK_THAT(about(answer, "cos.secret.key"), Catch::Contains("the host's own"));
  }
}

TEST_CASE("file-sink writes only below the folders that the host names, and follows no link there", "[secure]") {
  World world;
  world.admin().create_topic("filed", 1);
  const auto allowed = world.dir() / "allowed", elsewhere = world.dir() / "elsewhere";
  for (const auto& folder : {allowed, elsewhere}) fs::create_directories(folder);
  fs::create_directory_symlink(elsewhere, allowed / "link");
  auto& host = world.host();
  const auto made = [&](const std::string& name, const fs::path& folder) {
    const json config = {
        {"connector.class", "file-sink"}, {"topics", "filed"}, {"start.position", "earliest"}, {"file.dir", folder.string()}};
    return host.post("/v1/tasks", {{"name", name}, {"config", config}});
  };
  host.start();
  CHECK_THAT(about(made("nowhere", allowed), "file.dir"), Catch::Contains("file.sink.allowed.paths"));
  CHECK(host.stop() == 0);
  host.set_config({{"file.sink.allowed.paths", allowed.string()}});
  host.start();
  CHECK(made("outside", elsewhere).status == 422);
  CHECK(made("around", allowed / ".." / "elsewhere").status == 422);
  json own = {
      {"connector.class", "file-sink"}, {"topics", "filed"}, {"file.dir", elsewhere.string()}, {"host.file.sink.allowed.paths", "/"}};
  CHECK_FALSE(about(host.post("/v1/tasks", {{"name", "own"}, {"config", own}}), "host.file.sink.allowed.paths").empty());
  CHECK(made("linked", allowed / "link").status == 201);
  CHECK(world.interrupted("linked", "access_denied"));
  CHECK(fs::is_empty(elsewhere));
  CHECK(made("inside", allowed).status == 201);
  CHECK(world.reaches("inside", "RUNNING"));
  CHECK(eventually(30s, [&] { return fs::exists(allowed / "filed-0.txt"); }));
}

TEST_CASE("no expression for topics takes the host's memory or holds it up, and topics that come are taken", "[secure]") {
  World world;
  world.admin().create_topic("aaa", 1);
  auto& host = world.host();
  host.start();
  // RE2 takes each of them; the C library's regcomp() would need gigabytes, or minutes.
  const std::string nested = std::string(60, '(') + "a" + [] {
    std::string ends;
    for (int i = 0; i < 60; ++i) ends += ")+";
    return ends;
  }();
  const std::string bombs[] = {"(((a{,255}){,255}){,255}){,255}|aaa", "(((a|b|c|d)*){0,999})", nested};
  for (const auto& bomb : bombs) {
    INFO(bomb);
    auto config = world.config("", {{"topics", nullptr},
                                    {"topics.regex", bomb},
                                    {"start.position", "earliest"},
                                    {"consumer.override.topic.metadata.refresh.interval.ms", "1000"}});
    config["object.key.template"] = "{task}/" + config.value("object.key.template", "{topic}/{partition}-{start_offset}{ext}");
    const auto name = "bomb-" + std::to_string(&bomb - bombs);
    REQUIRE(host.post("/v1/tasks", {{"name", name}, {"config", config}}).status == 201);
    CHECK(world.reaches(name, "RUNNING"));
    CHECK(eventually(30s, [&] { return host.status(name).at("partitions").size() == 1; }));
  }
  CHECK(memory_of(host.process().pid(), binary("").parent_path()).rss < 200 * 1000 * 1000);
  world.admin().create_topic("aaaa", 2);  // the first does not match it
  CHECK(eventually(30s, [&] { return host.status("bomb-2").at("partitions").size() == 3; }));
  CHECK(host.status("bomb-0").at("partitions").size() == 1);
  CHECK(host.stop() == 0);
}

TEST_CASE("SIGHUP does not end the host", "[secure]") {
  World world;
  auto& host = world.host();
  host.start();
  host.process().signal(SIGHUP);
  CHECK(eventually(10s, [&] {
    std::ifstream in(host.log_file());
    return std::string(std::istreambuf_iterator<char>(in), {}).find("SIGHUP: ") != std::string::npos;
  }));
  CHECK(host.get("/health").status == 200);
  CHECK(host.running());
  CHECK(host.stop() == 0);
}
