// The command line against a running host: what a CI job does, judged by exit statuses alone.
#include <catch2/catch.hpp>

#include "world.hpp"

using namespace ch::test;

namespace {

class Cli {
 public:
  Cli() { world.host().start(); }
  Finished operator()(std::vector<std::string> words, const std::string& input = "") const {
    words.insert(words.begin(), binary("connector-host").string());
    return run(words, 90s, {{"CONNECTOR_HOST_URL", world_url()}}, input);
  }
  std::string world_url() const { return const_cast<World&>(world).host().url(); }
  std::string task(const std::string& name, const json& other = json::object()) const {
    return json{{"name", name}, {"config", world.config("cli", other)}}.dump();
  }
  World world;
};

void ended(const Finished& finished, int status) {
  INFO("stdout: " << finished.output << "\nstderr: " << finished.errors);
  CHECK(finished.status == status);
  CHECK(finished.output.find('\x1b') == std::string::npos);
  CHECK(finished.errors.find('\x1b') == std::string::npos);
  if (status != 0) {
    CHECK_FALSE(finished.errors.empty());
    CHECK(finished.output.empty());
  }
}

}  // namespace

TEST_CASE("a task's life by the command line, with the exit statuses of the contract", "[cli]") {
  Cli cli;
  auto& world = cli.world;
  if (!world.admin().has_topic("cli")) world.admin().create_topic("cli", 2);
  LedgerProducer producer(world.bootstrap(), "cli", Mix{71});
  producer.produce(400, 2);
  producer.flush();
  const auto file = world.host().dir() / "task.json";
  write_file(file, cli.task("life"));

  ended(cli({"check", "--config", world.host().config_file().string(), file.string()}), 0);
  ended(cli({"check", "--preflight", "--config", world.host().config_file().string()}), 0);
  const auto silent = cli({"check", "--preflight", "--set", "bootstrap.servers=127.0.0.1:1"});
  ended(silent, 1);
  CHECK(silent.errors.find("instances.default: ") != std::string::npos);
  CHECK(silent.errors.find("127.0.0.1:1") != std::string::npos);
  ended(cli({"task", "create", file.string(), "--disabled"}), 0);
  ended(cli({"task", "create", file.string()}), 4);
  ended(cli({"task", "apply", file.string()}), 0);
  ended(cli({"task", "enable", "life", "--wait", "60s"}), 0);
  CHECK(world.host().state("life") == "RUNNING");
  ended(cli({"task", "enable", "life", "--wait", "60s"}), 0);
  const auto status = cli({"task", "status", "life", "--output", "json"});
  ended(status, 0);
  CHECK(json::parse(status.output).at("state") == "RUNNING");
  ended(cli({"task", "status", "life"}), 0);
  CHECK(world.drained("life", "cli", 2));
  const auto objects = cli({"task", "objects", "life"});
  ended(objects, 0);
  CHECK(objects.output.find("default/cli/") != std::string::npos);
  const TempDir fetched;
  const auto download = cli({"task", "objects", "life", "--limit", "1", "--download", fetched.path().string()});
  ended(download, 0);
  std::size_t whole = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(fetched.path() / "default/cli")) {
    CHECK(entry.path().extension() == ".txt");
    CHECK(download.output.find(entry.path().string()) != std::string::npos);
    whole += entry.file_size() > 0 ? 1 : 0;
  }
  CHECK(whole == count_objects(world.bucket()));
  const auto again = cli({"task", "objects", "life", "--download", fetched.path().string(), "-o", "json"});
  ended(again, 0);
  CHECK(json::parse(again.output).at("objects") == 0);
  CHECK(json::parse(again.output).at("kept") == whole);
  const auto keys = [](const Finished& listed) {  // up to the time that they begin with
    std::vector<std::string> out;
    const auto answer = json::parse(listed.output);
    for (const auto& object : answer.at("objects")) out.push_back(object.at("key").get<std::string>().substr(0, 26));
    return out;
  };
  const auto newest = keys(cli({"task", "objects", "life", "--output", "json"}));
  CHECK(newest.size() == whole);
  CHECK(std::is_sorted(newest.rbegin(), newest.rend()));
  CHECK(keys(cli({"task", "objects", "life", "--output", "json", "--order", "oldest"})).size() == whole);
  const auto events = cli({"task", "events", "life", "--tail", "2", "--since", "1h", "--output", "json"});
  ended(events, 0);
  const auto last = json::parse(events.output).at("events");
  REQUIRE(last.size() == 2);
  CHECK(last.at(0).at("id") > last.at(1).at("id"));
  ended(cli({"task", "events", "life", "--after", std::to_string(last.at(1).at("id").get<std::int64_t>())}), 0);
  ended(cli({"task", "pause", "life", "--wait", "30s"}), 0);
  ended(cli({"task", "resume", "life", "--wait", "30s"}), 0);
  ended(cli({"task", "restart", "life", "--wait", "30s"}), 0);
  const auto list = cli({"task", "list"});
  ended(list, 0);
  CHECK(list.output.find("life") != std::string::npos);
  const auto shown = cli({"task", "show", "life", "--output", "json"});
  ended(shown, 0);
  CHECK(shown.output.find("system-test-secret-key") == std::string::npos);
  ended(cli({"task", "disable", "life", "--wait", "60s"}), 0);
  CHECK(world.host().state("life") == "DISABLED");
  CHECK(world.check("life", producer.ledger()).ok());
  ended(cli({"task", "disable", "life"}), 0);
  ended(cli({"task", "delete", "life", "--wait", "60s"}), 0);
  CHECK(world.host().get("/v1/tasks/life").status == 404);
}

TEST_CASE("a folder of 30 tasks: applied twice nothing changes, and a broken file changes nothing, and --prune deletes what no file names",
          "[cli]") {
  Cli cli;
  const TempDir dir;
  const auto folder = (dir.path() / "tasks").string();
  for (const char* name : {"even", "odd"}) std::filesystem::create_directories(dir.path() / "tasks" / name);
  for (int i = 0; i < 29; ++i) {
    auto task = json::parse(cli.task("many-" + std::to_string(i)));
    task["enabled"] = false;
    write_file(dir.path() / "tasks" / (i % 2 == 0 ? "even" : "odd") / (std::to_string(i) + ".json"), task.dump());
  }
  std::string yaml = "name: many-29\nenabled: false\nconfig:\n";
  const auto last = json::parse(cli.task("many-29"));
  for (const auto& [key, value] : last.at("config").items()) yaml += "  " + key + ": " + value.dump() + "\n";
  write_file(dir.path() / "tasks" / "29.yaml", yaml);
  const auto said = [&](const std::vector<std::string>& options) {
    std::vector<std::string> words = {"task", "apply", folder};
    words.insert(words.end(), options.begin(), options.end());
    const auto ran = cli(words);
    ended(ran, 0);
    const auto end = ran.output.find_last_not_of('\n');
    return ran.output.substr(ran.output.rfind('\n', end) + 1, end - ran.output.rfind('\n', end));
  };
  CHECK(said({"--dry-run"}) == "would be: created 30");
  CHECK(said({}) == "created 30");
  const auto begin = std::chrono::steady_clock::now();
  CHECK(said({}) == "unchanged 30");
  CHECK(std::chrono::steady_clock::now() - begin < 2s);

  write_file(dir.path() / "tasks" / "broken.yml", "name: many-30\nconfig: {topics: cli\n");
  auto changed = json::parse(cli.task("many-0", {{"rotate.records", "77"}}));
  write_file(dir.path() / "tasks" / "even" / "0.json", changed.dump());
  const auto broken = cli({"task", "apply", folder});
  ended(broken, 1);
  CHECK(broken.errors.find("broken.yml is not YAML") != std::string::npos);
  CHECK(broken.errors.find(": line ") != std::string::npos);
  CHECK(cli.world.host().get("/v1/tasks/many-0").body.find("\"77\"") == std::string::npos);
  std::filesystem::remove(dir.path() / "tasks" / "broken.yml");
  std::filesystem::remove_all(dir.path() / "tasks" / "odd");
  ended(cli({"task", "apply", folder, "--prune"}), 2);
  CHECK(said({"--prune", "--yes"}) == "changed 1, unchanged 15, deleted 14");

  const auto set = cli({"task", "set", "many-0", "rotate.records=", "rotate.bytes=1000000"});
  ended(set, 0);
  CHECK(set.output.find("  + rotate.bytes: 1000000\n  - rotate.records: 77\n") != std::string::npos);
  ended(cli({"task", "restart", "--state", "INTERRUPTED"}), 0);
  ended(cli({"task", "restart", "many-0", "many-2"}), 4);
  ended(cli({"events", "--since", "1h", "--task", "many-0"}), 0);
  ended(cli({"task", "delete", "many-*", "--yes"}), 0);
  CHECK(cli({"task", "list"}).output.find("many-") == std::string::npos);
}

TEST_CASE("each way to fail has its exit status", "[cli]") {
  Cli cli;
  SECTION("1: refused, and every bad key is named") {
    const auto refused = cli({"task", "create", "-"}, cli.task("bad", {{"rotate.record", "1"}, {"part.bytes", "no"}}));
    ended(refused, 1);
    CHECK(refused.errors.find("rotate.records") != std::string::npos);
    CHECK(refused.errors.find("part.bytes") != std::string::npos);
    ended(cli({"task", "create", "-"}, "{ no json"), 1);
    ended(cli({"task", "create", "/no/such/file.json"}), 1);
    ended(cli({"task", "validate", "-"}, cli.task("bad", {{"part.bytes", "no"}})), 1);
    ended(cli({"serve", "--set", "listenerz=http://127.0.0.1:0"}), 1);
    ended(cli({"check", "--set", "memory.limit=lots"}), 1);
  }
  SECTION("2: wrong usage") {
    ended(cli({"task", "enable"}), 2);
    ended(cli({"task", "enabel", "x"}), 2);
    ended(cli({"task", "enable", "x", "--wait", "soon"}), 2);
    ended(cli({"--no-such-option"}), 2);
    ended(cli({}), 2);
  }
  SECTION("3: no such task") {
    for (const auto* verb : {"enable", "disable", "pause", "resume", "restart", "delete", "status", "show", "objects", "events"}) {
      INFO(verb);
      ended(cli({"task", verb, "nobody"}), 3);
    }
    ended(cli({"task", "update", "-"}, cli.task("nobody")), 3);
  }
  SECTION("5: the waiting ran out; the state is told") {
    const auto created = cli({"task", "create", "-", "--wait", "5s"}, cli.task("stuck", {{"topics", "no-such-topic"}}));
    ended(created, 5);
    CHECK(created.errors.find("topic_missing") != std::string::npos);
    ended(cli({"task", "enable", "stuck", "--wait", "1s"}), 5);
    ended(cli({"task", "disable", "stuck", "--wait", "30s"}), 0);
  }
  SECTION("6: nobody there") {
    const auto url = "http://127.0.0.1:" + std::to_string(free_port());
    ended(cli({"task", "list", "--url", url}), 6);
    ended(cli({"task", "enable", "x", "--url", url}), 6);
  }
}

TEST_CASE("version, plugins and topics", "[cli]") {
  Cli cli;
  if (!cli.world.admin().has_topic("cli")) cli.world.admin().create_topic("cli", 2);
  const auto version = cli({"version"});
  ended(version, 0);
  CHECK_FALSE(version.output.empty());
  const auto plugins = cli({"plugins"});
  ended(plugins, 0);
  CHECK(plugins.output.find("cos-sink") != std::string::npos);
  CHECK(plugins.output.find("file-sink") != std::string::npos);
  const auto topics = cli({"topics"});
  ended(topics, 0);
  CHECK(topics.output.find("cli") != std::string::npos);
}

TEST_CASE("a host with https, an authority of its own and a token: by options, by the environment and by a context", "[cli]") {
  const TempDir dir;
  const auto path = [&](const char* name) { return (dir.path() / name).string(); };
  REQUIRE(run({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext",
               "subjectAltName=IP:127.0.0.1", "-keyout", path("key.pem"), "-out", path("cert.pem")},
              30s)
              .status == 0);
  const auto url = "https://127.0.0.1:" + std::to_string(free_port());
  const auto set = [](const std::string& key, const std::string& value) { return "--set=" + key + "=" + value; };
  const Process host(Command{{binary("connector-host").string(), "serve", set("listeners", url), set("state.dir", path("state")),
                              set("bootstrap.servers", "127.0.0.1:" + std::to_string(free_port())), set("api.token", "a-token-of-the-test"),
                              set("ssl.certificate.location", path("cert.pem")), set("ssl.key.location", path("key.pem"))},
                             {},
                             "/dev/null",
                             path("log"),
                             path("log")});
  write_file(dir.path() / "token", "a-token-of-the-test\n");
  const json context = {{"url", url}, {"token.file", path("token")}, {"ca", path("cert.pem")}};
  write_file(dir.path() / "contexts.json", json{{"contexts", {{"far", context}}}}.dump());
  const auto list = [&](std::vector<std::string> options, std::map<std::string, std::string> environment = {}) {
    std::vector<std::string> words = {binary("connector-host").string(), "task", "list", "--output", "json"};
    words.insert(words.end(), options.begin(), options.end());
    environment.emplace("CONNECTOR_HOST_CONFIG_FILE", path("contexts.json"));
    return run(words, 60s, environment);
  };
  ended(list({"--url", url, "--ca", path("cert.pem"), "--token", "a-token-of-the-test", "--retry", "30s"}), 0);
  ended(list({}, {{"CONNECTOR_HOST_URL", url}, {"CONNECTOR_HOST_CA", path("cert.pem")}, {"CONNECTOR_HOST_TOKEN", "a-token-of-the-test"}}),
        0);
  ended(list({"--context", "far"}), 0);
  const auto stranger = list({"--url", url, "--token", "a-token-of-the-test"});
  ended(stranger, 6);
  CHECK(stranger.errors.find("certificate") != std::string::npos);
  const auto nameless = list({"--url", url, "--ca", path("cert.pem")});
  ended(nameless, 8);
  CHECK(nameless.errors.find("asks for a token: set CONNECTOR_HOST_TOKEN") != std::string::npos);
  const auto wrong = list({"--url", url, "--ca", path("cert.pem"), "--token", "another-token"});
  ended(wrong, 8);
  CHECK(wrong.errors.find("does not take the token") != std::string::npos);
}
