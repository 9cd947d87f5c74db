#include "config/host_config.hpp"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "config/listener.hpp"

namespace fs = std::filesystem;
using namespace ch::config;
using Environment = std::map<std::string, std::string>;

namespace {

class File {
 public:
  explicit File(const std::string& text) : path_(fs::temp_directory_path() / ("connector-host-config-test-" + std::to_string(::getpid()))) {
    std::ofstream(path_) << text;
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { fs::remove(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

HostConfig loaded(const std::string& json, const std::vector<std::string>& sets = {}, const Environment& environment = {}) {
  const File file(json);
  auto config = load_host_config(file.path(), sets, environment);
  if (!config) {
    for (const auto& problem : config.error().problems) UNSCOPED_INFO(problem.key << ": " << problem.message);
    FAIL(config.error().message);
  }
  return *config;
}

ch::Error refused(const std::string& json, const std::vector<std::string>& sets = {}, const Environment& environment = {}) {
  const File file(json);
  auto config = load_host_config(file.path(), sets, environment);
  REQUIRE_FALSE(config);
  CHECK(config.error().code == ch::ErrorCode::invalid);
  return config.error();
}

std::string message_of(const ch::Error& error, const std::string& key) {
  for (const auto& problem : error.problems) {
    if (problem.key == key) return problem.message;
  }
  return "no problem with " + key;
}

}  // namespace

TEST_CASE("without anything, the defaults of the contract hold") {
  const auto config = load_host_config("", {}, {});
  REQUIRE(config);
  CHECK(config->listeners == std::vector<std::string>{"http://127.0.0.1:8083"});
  CHECK(config->state_dir == "./connector-host-state");
  CHECK(config->plugin_path.empty());
  CHECK(config->instances.empty());
  CHECK(config->memory_limit == 1073741824);
  CHECK(config->rotate_interval_min_ms == 300000);
  CHECK(config->log_level == "info");
  CHECK(config->log_format == "text");
}

TEST_CASE("every key can stand in the file, in JSON's own types too") {
  const auto config = loaded(R"({
    "listeners": ["http://127.0.0.1:8083", "http://[::1]:8083"], "state.dir": "/var/lib/ch", "plugin.path": "/a, /b",
    "memory.limit": "256MiB", "rotate.interval.min.ms": 1000, "log.level": "debug", "log.format": "json",
    "instances": {"ckafka-1": {"bootstrap.servers": "k1:9092,k2:9092", "region": "ap-guangzhou", "security.protocol": "SASL_PLAINTEXT",
                               "sasl.password": "p", "socket.keepalive.enable": true, "socket.timeout.ms": 10000}}})");
  CHECK(config.listeners == std::vector<std::string>{"http://127.0.0.1:8083", "http://[::1]:8083"});
  CHECK(config.state_dir == "/var/lib/ch");
  CHECK(config.plugin_path == std::vector<fs::path>{"/a", "/b"});
  CHECK(config.memory_limit == 268435456);
  CHECK(config.rotate_interval_min_ms == 1000);
  CHECK(config.log_level == "debug");
  CHECK(config.log_format == "json");
  REQUIRE(config.instances.size() == 1);
  const auto& instance = config.instances.at("ckafka-1");
  CHECK(instance.id == "ckafka-1");
  CHECK(instance.region == "ap-guangzhou");
  CHECK(instance.client == std::map<std::string, std::string>{{"bootstrap.servers", "k1:9092,k2:9092"},
                                                              {"security.protocol", "SASL_PLAINTEXT"},
                                                              {"sasl.password", "p"},
                                                              {"socket.keepalive.enable", "true"},
                                                              {"socket.timeout.ms", "10000"}});
}

TEST_CASE("the environment wins over the file, --set over both") {
  const std::string file = R"({"log.level": "error", "state.dir": "/file", "memory.limit": "64MiB"})";
  const Environment environment = {{"CONNECTOR_HOST_LOG_LEVEL", "warn"}, {"CONNECTOR_HOST_STATE_DIR", "/env"}, {"HOME", "/root"}};
  const auto config = loaded(file, {"log.level=debug"}, environment);
  CHECK(config.log_level == "debug");
  CHECK(config.state_dir == "/env");
  CHECK(config.memory_limit == 67108864);
  CHECK(loaded(file, {"state.dir=/a=b"}).state_dir == "/a=b");
}

TEST_CASE("instances can be given as text") {
  const auto set = load_host_config("", {R"(instances={"a": {"bootstrap.servers": "h:1"}})"}, {});
  REQUIRE(set);
  CHECK(set->instances.at("a").client.at("bootstrap.servers") == "h:1");
  const auto environment = load_host_config("", {}, {{"CONNECTOR_HOST_INSTANCES", R"({"b": {"bootstrap.servers": "h:2"}})"}});
  REQUIRE(environment);
  CHECK(environment->instances.count("b") == 1);
}

TEST_CASE("bootstrap.servers is short for an instance named default") {
  const auto config = loaded(R"({"bootstrap.servers": "h:9092"})");
  CHECK(config.instances.at("default").id == "default");
  CHECK(config.instances.at("default").client.at("bootstrap.servers") == "h:9092");
  const auto both = refused(R"({"bootstrap.servers": "h:9092", "instances": {"default": {"bootstrap.servers": "g:9092"}}})");
  CHECK(message_of(both, "bootstrap.servers").find("leave one of them out") != std::string::npos);
}

TEST_CASE("every bad key is named at once, with the nearest known one") {
  const auto error = refused(R"({
    "listener": "http://127.0.0.1:1", "memory.limit": "lots", "log.level": "loud", "log.format": {"a": 1},
    "instances": {"bad id": {"bootstrap.servers": "h:1"}, "a": {"region": "x y"}, "b": 7,
                  "c": {"bootstrap.server": "h:1"}, "d": {"bootstrap.servers": "h:1", "sasl.password": "${env:CH_TEST_NOT_SET}"}}})",
                             {"novalue", "stat.dir=/x"}, {{"CONNECTOR_HOST_LOG_LEVELS", "debug"}});
  CHECK(message_of(error, "listener").find("listeners") != std::string::npos);
  CHECK(message_of(error, "memory.limit").find("MiB") != std::string::npos);
  CHECK(message_of(error, "log.level").find("debug") != std::string::npos);
  CHECK(message_of(error, "log.format") == "must be a string, an integer or true or false");
  CHECK(message_of(error, "--set").find("KEY=VALUE") != std::string::npos);
  CHECK(message_of(error, "stat.dir").find("state.dir") != std::string::npos);
  CHECK(message_of(error, "CONNECTOR_HOST_LOG_LEVELS").find("CONNECTOR_HOST_LOG_LEVEL?") != std::string::npos);
  CHECK(message_of(error, "instances.bad id").find("1 to 64 letters") != std::string::npos);
  CHECK(message_of(error, "instances.a.region").find("ap-guangzhou") != std::string::npos);
  CHECK(message_of(error, "instances.a.bootstrap.servers").find("is required") != std::string::npos);
  CHECK(message_of(error, "instances.b").find("JSON object") != std::string::npos);
  CHECK(message_of(error, "instances.c.bootstrap.server").find("bootstrap.servers?") != std::string::npos);
  CHECK(message_of(error, "instances.d.sasl.password").find("${env:CH_TEST_NOT_SET} cannot be resolved") != std::string::npos);
}

TEST_CASE("placeholders of the host's own configuration are resolved, those of an instance only for its client") {
  ::setenv("CH_TEST_PASSWORD", "hunter2", 1);
  ::setenv("CH_TEST_LEVEL", "debug", 1);
  const auto config = loaded(R"({"log.level": "${env:CH_TEST_LEVEL}",
    "instances": {"a": {"bootstrap.servers": "h:1", "sasl.password": "x${env:CH_TEST_PASSWORD}"}}})");
  CHECK(config.log_level == "debug");
  const auto& instance = config.instances.at("a");
  CHECK(instance.client.at("sasl.password") == "x${env:CH_TEST_PASSWORD}");
  CHECK(client_properties(instance)->at("sasl.password") == "xhunter2");
  ::setenv("CH_TEST_PASSWORD", "changed", 1);
  CHECK(client_properties(instance)->at("sasl.password") == "xchanged");
  ::unsetenv("CH_TEST_PASSWORD");
  CHECK(client_properties(instance).error().message.find("sasl.password of instance a: ${env:CH_TEST_PASSWORD}") == 0);
}

TEST_CASE("what tasks may read is limited by lists, and to the lists where strangers can talk to the host") {
  const auto open = loaded("{}").providers;
  CHECK_FALSE(open.file_paths);
  CHECK_FALSE(open.only_listed);
  CHECK(loaded(R"({"listeners": "http://127.0.0.1:1,http://0.0.0.0:2"})").providers.only_listed);
  const auto limited = loaded(R"({"config.providers.file.param.allowed.paths": "/run/secrets, /etc/cos.properties",
    "config.providers.env.param.allowlist.pattern": "COS_.*"})")
                           .providers;
  CHECK(*limited.file_paths == std::vector<fs::path>{"/run/secrets", "/etc/cos.properties"});
  CHECK_FALSE(limited.dir_paths);
  CHECK(limited.environment);
  const auto error = refused(R"({"config.providers.dir.param.allowed.paths": "secrets",
    "config.providers.env.param.allowlist.pattern": "COS_(.*"})");
  CHECK(message_of(error, "config.providers.dir.param.allowed.paths") == "must be an absolute path");
  CHECK(message_of(error, "config.providers.env.param.allowlist.pattern").find("regular expression") != std::string::npos);
}

TEST_CASE("tasks read neither the host's file, state, key nor token") {
  const File file(R"({"state.dir": "/var/lib/ch", "api.token": "hunter2hunter2", "ssl.key.location": "/etc/ch/key.pem"})");
  const auto limits = load_host_config(file.path(), {}, {})->providers;
  CHECK(limits.own == std::vector<fs::path>{fs::absolute(file.path()), "/var/lib/ch", "/etc/ch/key.pem", "/proc"});
  CHECK(limits.own_token == "hunter2hunter2");
  CHECK_FALSE(Providers(limits).resolve("${file:" + file.path().string() + ":a}"));
}

TEST_CASE("what connectors are told of the host, and names of the host, are checked") {
  const auto config =
      loaded(R"({"file.sink.allowed.paths": ["/var/lib/archive", "/mnt/a"], "allowed.hosts": "archive.example.com,2001:db8::1"})");
  CHECK(config.for_connectors.at("host.file.sink.allowed.paths") == "/var/lib/archive,/mnt/a");
  CHECK(config.allowed_hosts == std::vector<std::string>{"archive.example.com", "2001:db8::1"});
  CHECK_FALSE(loaded("{}").for_connectors.contains("host.file.sink.allowed.paths"));
  CHECK(message_of(refused(R"({"file.sink.allowed.paths": "archive"})"), "file.sink.allowed.paths").find("absolute") != std::string::npos);
  CHECK(message_of(refused(R"({"allowed.hosts": "archive:8083"})"), "allowed.hosts").find("without a port") != std::string::npos);
  CHECK(message_of(refused(R"({"allowed.hosts": "http://archive"})"), "allowed.hosts").find("without a port") != std::string::npos);
}

TEST_CASE("connectors are told where the host's identity may go, and of the pod's token only if tasks may have it read") {
  const auto plain = loaded("{}").for_connectors;
  CHECK(plain.at("host.sts.endpoint") == "https://sts.tencentcloudapi.com");
  CHECK(plain.at("host.cvm.metadata.endpoint") == "http://metadata.tencentyun.com");
  CHECK(plain.at("host.egress.allowed") == "*.myqcloud.com,*.tencentcos.cn,*.tencentcloudapi.com");
  CHECK(plain.at("host.cos.endpoint") == "https://{bucket}.cos.{region}.myqcloud.com");
  CHECK(plain.size() == 4);
  CHECK(loaded(R"({"sts.endpoint": "http://127.0.0.1:1", "egress.allowed": ["127.0.0.1"]})").for_connectors.at("host.egress.allowed") ==
        "127.0.0.1");

  const std::map<std::string, std::string> pod = {{"TKE_ROLE_ARN", "arn"}, {"TKE_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/token"}};
  const auto handed = [&](const std::vector<std::string>& sets) { return load_host_config("", sets, pod)->for_connectors; };
  CHECK(handed({}).at("host.TKE_ROLE_ARN") == "arn");
  CHECK(handed({"config.providers.file.param.allowed.paths=/var/run/secrets"}).at("host.TKE_WEB_IDENTITY_TOKEN_FILE") ==
        "/var/run/secrets/token");
  CHECK_FALSE(handed({"config.providers.file.param.allowed.paths=/etc/cos"}).contains("host.TKE_WEB_IDENTITY_TOKEN_FILE"));
  CHECK_FALSE(handed({"listeners=http://0.0.0.0:1"}).contains("host.TKE_WEB_IDENTITY_TOKEN_FILE"));
}

TEST_CASE("no secret is shown in what is refused") {
  for (const auto& error :
       {refused(R"({"instances": {"a": {"sasl.password": ["hunter2"]}}})"), refused(R"({"sasl.password": "hunter2"})"),
        refused(R"({"instances": {"a": {"sasl.password": "hunter2" oops)"), refused("{}", {"instances={\"a\": hunter2"}),
        refused("{}", {}, {{"CONNECTOR_HOST_SASL_PASSWORD", "hunter2"}})}) {
    CHECK(error.message.find("hunter2") == std::string::npos);
    for (const auto& problem : error.problems) CHECK((problem.value + problem.message).find("hunter2") == std::string::npos);
  }
}

TEST_CASE("an environment that is not the host's is left alone") {
  const auto config = load_host_config("", {},
                                       {{"CONNECTOR_HOST_URL", "http://h:1"},
                                        {"CONNECTOR_HOST_TOKEN", "t"},
                                        {"CONNECTOR_HOST_PORT", "tcp://10.0.0.1:8083"},
                                        {"CONNECTOR_HOST_PORT_8083_TCP_ADDR", "10.0.0.1"},
                                        {"CONNECTOR_HOST_SERVICE_HOST", "10.0.0.1"},
                                        {"XCONNECTOR_HOST_LOG_LEVEL", "debug"}});
  REQUIRE(config);
  CHECK(config->log_level == "info");
}

TEST_CASE("where a file is no JSON is told by line and column, without quoting it") {
  const auto says = [](const std::string& json, const std::string& what) {
    const auto message = refused(json).message;
    INFO(message);
    CHECK(message.find(what) != std::string::npos);
    CHECK(message.find("hunter2") == std::string::npos);
  };
  says("{\n  \"log.level\": \"info\",\n  \"state.dir\": \"hunter2\",\n}\n",
       "is not JSON: line 4, column 1: the comma before } is one too many");
  says("{\"listeners\": [\"hunter2\", ]}", "line 1, column 27: the comma before ] is one too many");
  says("{\n\"a\" \"hunter2\"}", "is not JSON: line 2, column 5");
  says("{\"api.token\": \"hunter2", "is not JSON: line 1, column ");
  says("{\"a\": \"hunter2\",\n \"memory.limit\": 1e99999}", "holds a number that is too large: line 2, column ");
  CHECK(message_of(refused("{}", {R"(instances={"a": {"b": 1e99999}})"}), "instances").find("too large: line 1") != std::string::npos);
}

TEST_CASE("an IPv6 address of a broker stands in brackets, and a port is a port") {
  const auto brokers = [](const std::string& given) {
    return message_of(refused(R"({"instances": {"a": {"bootstrap.servers": ")" + given + R"("}}})"), "instances.a.bootstrap.servers");
  };
  CHECK(brokers("2001:db8::1:9092") == "is an IPv6 address, which stands in brackets before its port, such as [2001:db8::1]:9092");
  CHECK(brokers("h:9092,::1") == "is an IPv6 address, which stands in brackets before its port, such as [2001:db8::1]:9092");
  CHECK(brokers("SSL://fe80::1:9093").find("brackets") != std::string::npos);
  CHECK(brokers("h:0").find("from 1 to 65535") != std::string::npos);
  CHECK(brokers("h:port").find("from 1 to 65535") != std::string::npos);
  CHECK(brokers("[::1]:70000").find("from 1 to 65535") != std::string::npos);
  CHECK(message_of(refused(R"({"bootstrap.servers": "::1:9092"})"), "bootstrap.servers").find("brackets") != std::string::npos);
  loaded(R"({"instances": {"a": {"bootstrap.servers": "[::1]:9092, SSL://[2001:db8::1]:9093,h,PLAINTEXT://h:9094"}}})");
}

TEST_CASE("files that are none say so") {
  CHECK(refused("[]").message.find("must hold a JSON object") != std::string::npos);
  CHECK(refused("{,}").message.find("is not JSON") != std::string::npos);
  CHECK(refused(std::string(100, '[')).message.find("nested too deeply") != std::string::npos);
  CHECK(refused(std::string((1 << 20) + 1, ' ')).message.find("larger than 1 MiB") != std::string::npos);
  const auto missing = load_host_config("/nonexistent/host.json", {}, {});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message == "the configuration file /nonexistent/host.json does not exist");
  const auto folder = load_host_config(fs::temp_directory_path(), {}, {});
  REQUIRE_FALSE(folder);
  CHECK(folder.error().message.find("is a folder") != std::string::npos);
}

TEST_CASE("listeners are taken apart, and bad ones are refused with what would be right") {
  const auto listener = parse_listener("http://[::1]:0");
  REQUIRE(listener);
  CHECK(listener->host == "::1");
  CHECK(listener->port == 0);
  CHECK(parse_listener("http://0.0.0.0:8083/")->host == "0.0.0.0");
  for (const char* text : {"", "127.0.0.1:8083", "http://", "http://:8083", "http://h", "http://h:", "http://h:x", "http://h:65536",
                           "http://h:-1", "ftp://h:1", "http://h:1/path", "http://a b:1", "http://::1:80", "http://h@x:1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_listener(text));
  }
  CHECK(parse_listener("https://h:1")->scheme == "https");
  CHECK(message_of(refused(R"({"listeners": "https://h:1"})"), "ssl.certificate.location") == "is needed for https://h:1");
  CHECK(message_of(refused(R"({"api.token": "with blanks"})"), "api.token").find("header") != std::string::npos);
  CHECK(loaded("{}").admin_listeners == std::nullopt);
  CHECK(loaded(R"({"admin.listeners": ""})").admin_listeners == std::vector<std::string>{});
  CHECK(message_of(refused(R"({"listeners": "http://h:1,http://h:1"})"), "listeners") == "is listed twice");
  CHECK(message_of(refused(R"({"listeners": "http://h:1,http://h"})"), "listeners").find("http://127.0.0.1:8083") != std::string::npos);
}

TEST_CASE("the embedded schemas are in order") {
  CHECK(host_definition().find("state.dir") != nullptr);
  const auto& keys = task_definition().keys();
  CHECK(std::any_of(keys.begin(), keys.end(), [](const Key& key) { return key.name == "topics"; }));
  CHECK(task_definition().accepts_prefix("consumer.override.fetch.min.bytes"));
}

TEST_CASE("CKafka's API: its keys do not go to librdkafka, and what is wrong with them is told") {
  const auto config = loaded(R"({"instances": {"ckafka-1": {"bootstrap.servers": "b:9092", "region": "ap-guangzhou", "ckafka.api": true,
    "ckafka.api.secret.id": "AKID", "ckafka.api.secret.key": "${env:PATH}"}, "plain": {"bootstrap.servers": "b:9092", "ckafka.api": "false"}}})");
  const auto& api = config.instances.at("ckafka-1").ckafka;
  REQUIRE(api);
  CHECK(api->endpoint == "https://ckafka.tencentcloudapi.com");
  CHECK(api->secret_id == "AKID");
  CHECK(api->secret_key == "${env:PATH}");  // as given: its value is looked up when it is used
  CHECK(client_properties(config.instances.at("ckafka-1"))->size() == 1);
  CHECK_FALSE(config.instances.at("plain").ckafka);
  CHECK(client_properties(config.instances.at("plain"))->size() == 1);

  const auto error = refused(R"({"instances": {"i": {"bootstrap.servers": "b:9092", "ckafka.api": true, "ckafka.api.secret.id": "AKID",
    "ckafka.api.endpoint": "ftp://x", "ckafka.api.secret.kye": "hunter2"}}})");
  CHECK(message_of(error, "instances.i.region").find("is needed") == 0);
  CHECK(message_of(error, "instances.i.ckafka.api.secret.key").find("is needed") == 0);
  CHECK(message_of(error, "instances.i.ckafka.api.endpoint").find("neither http nor https") != std::string::npos);
  CHECK(message_of(error, "instances.i.ckafka.api.secret.kye") == "unknown key; did you mean ckafka.api.secret.key?");
  for (const auto& problem : error.problems) CHECK((problem.value + problem.message).find("hunter2") == std::string::npos);
  CHECK(message_of(refused(R"({"instances": {"i": {"bootstrap.servers": "b:9092", "ckafka.api": "yes"}}})"), "instances.i.ckafka.api") ==
        "must be true or false");
}
