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
  ended(cli({"task", "events", "life"}), 0);
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
  ended(nameless, 1);
  CHECK(nameless.errors.find("token") != std::string::npos);
}
