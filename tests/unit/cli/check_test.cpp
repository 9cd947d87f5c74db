#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "captured.hpp"

namespace fs = std::filesystem;
using ch::test::holds;
using ch::test::run;

namespace {

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("connector-host-check-test-" + std::to_string(::getpid()))) {
    fs::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return (path_ / name).string();
  }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

}  // namespace

TEST_CASE("check of a good configuration says so") {
  const Folder folder;
  const auto ran =
      run({"check", "--config", folder.file("host.json", R"({"bootstrap.servers": "h:9092"})"), "--set", "plugin.path=" + folder.path()});
  CHECK(ran.status == 0);
  CHECK(ran.out == "host configuration: valid\n");
  CHECK(ran.err.empty());
}

TEST_CASE("check takes task files in YAML, with all that they hold") {
  const Folder folder;
  const auto task = folder.file("two.yaml", "name: a\nconfig: {topics: t}\n---\nname: b\nconfg: {}\n");
  const auto ran = run({"check", "--set", "plugin.path=" + folder.path(), task});
  CHECK(ran.status == 1);
  CHECK(holds(ran.err, "confg: unknown field; did you mean config?"));
}

TEST_CASE("a file that is not JSON is refused with line, column and the line itself") {
  const Folder folder;
  const auto host = folder.file("host.json", "{\n  \"memory.limit\": \"1GiB\",\n}\n");
  const auto task = folder.file("a.json", "{\"name\": \"a\",\n \"config\": {\"topics\": \"t\" \"cos.secret.key\": \"hunter2\"}}");
  const auto ran = run({"check", "--config", host, task});
  CHECK(ran.status == 1);
  CHECK(holds(ran.err, host + " is not JSON: line 3, column 1: the comma before } is one too many\n  }\n  ^\n"));
  CHECK(holds(ran.err, task +
                           " is not JSON: line 2, column 27: a comma (or a colon) is missing before it\n   \"config\": {\"topics\": \"*\" "
                           "\"cos.secret.key\": \"*******\"}}\n" +
                           std::string(28, ' ') + "^\n"));
}

TEST_CASE("check names every problem of every file and of the plugins") {
  const Folder folder;
  folder.file("broken.connector.so", "not a library");
  const auto host = folder.file("host.json", R"({"memory.limit": "lots", "log.levl": "debug"})");
  const auto no_json = folder.file("a.json", "{");
  const auto no_connector = folder.file("b.json", R"({"name": "b", "config": {"topics": "b", "connector.class": "nope"}, "extra": 1})");
  auto ran = run({"check", "--config", host, no_json, no_connector});
  CHECK(ran.status == 1);
  CHECK(holds(ran.err, "memory.limit: "));
  CHECK(holds(ran.err, "log.levl: "));
  CHECK(holds(ran.err, "did you mean log.level?"));
  CHECK(holds(ran.err, no_json + " is not JSON: line 1, column 2: "));
  CHECK(holds(ran.err, no_connector + " is not valid"));
  CHECK(holds(ran.err, "extra: "));
  CHECK(holds(ran.err, "connector.class: "));
  CHECK(ran.out.empty());

  ran = run({"check", "--set", "plugin.path=" + folder.path()});
  CHECK(ran.status == 1);
  CHECK(ran.out == "host configuration: valid\n");
  CHECK(holds(ran.err, "broken.connector.so cannot be loaded"));
}

TEST_CASE("check tries each instance's properties, and opens the files that are named") {
  const Folder folder;
  const auto checked = [&](const std::string& host) {
    return run({"check", "--config", folder.file("host.json", host), "--set", "plugin.path=" + folder.path()});
  };
  auto ran = checked(R"({"instances": {"a": {"bootstrap.servers": "h:9092", "security.protcol": "ssl", "session.timeout.ms": "soon"},
                                       "b": {"bootstrap.servers": "h:9092", "sasl.passwort": "hunter2"}}})");
  CHECK(ran.status == 1);
  CHECK(ran.out.empty());
  CHECK(holds(ran.err, "instances.a.security.protcol: "));
  CHECK(holds(ran.err, "did you mean security.protocol?"));
  CHECK(holds(ran.err, "instances.a.session.timeout.ms: "));
  CHECK(holds(ran.err, "did you mean sasl.password?"));
  CHECK_FALSE(holds(ran.err, "hunter2"));

  ran =
      checked(R"({"instances": {"a": {"bootstrap.servers": "h:9092", "security.protocol": "ssl", "ssl.ca.location": "/nowhere/ca.pem"}}})");
  CHECK(ran.status == 1);
  CHECK(holds(ran.err, "instances.a: "));
  CHECK(holds(ran.err, "ssl.ca.location"));

  ran = checked(R"({"bootstrap.servers": "h:9092", "listeners": "https://127.0.0.1:0", "ssl.certificate.location": "/nowhere/cert.pem",
                    "ssl.key.location": "/nowhere/key.pem"})");
  CHECK(ran.status == 1);
  CHECK(holds(ran.err, "ssl.certificate.location: /nowhere/cert.pem cannot be read: No such file or directory"));

  const auto no_pem = folder.file("cert.pem", "hello");
  ran = checked(R"({"bootstrap.servers": "h:9092", "listeners": "https://127.0.0.1:0", "ssl.certificate.location": ")" + no_pem +
                R"(", "ssl.key.location": ")" + no_pem + R"("})");
  CHECK(ran.status == 1);
  CHECK(holds(ran.err, "ssl.certificate.location: " + no_pem + " cannot be used: it holds no certificate in PEM"));
}

TEST_CASE("serve refuses what check refuses, in the same words") {
  const Folder folder;
  const auto served = [&](const std::string& host) {
    return run({"serve", "--config", folder.file("host.json", host), "--set", "plugin.path=" + folder.path(), "--set",
                "state.dir=" + folder.path() + "/state"});
  };
  auto ran = served(R"({"instances": {"a": {"bootstrap.servers": "h:9092", "security.protcol": "ssl"}}})");
  CHECK(ran.status == 1);
  CHECK(holds(ran.err, "instances.a.security.protcol: "));
  ran = served(R"({"bootstrap.servers": "h:9092", "listeners": "https://127.0.0.1:0", "ssl.certificate.location": "/nowhere/cert.pem",
                    "ssl.key.location": "/nowhere/key.pem"})");
  CHECK(ran.status == 1);
  CHECK(holds(ran.err, "ssl.certificate.location /nowhere/cert.pem cannot be read: No such file or directory"));
}

TEST_CASE("check warns of a listener that asks for no token, or takes one unencrypted") {
  const Folder folder;
  const auto ran = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"check", "--set", "plugin.path=" + folder.path(), "--set", "bootstrap.servers=h:9092"};
    words.insert(words.end(), more.begin(), more.end());
    const auto done = run(words);
    CHECK(done.status == 0);
    return done.err;
  };
  CHECK_THAT(ran({"--set", "listeners=http://0.0.0.0:8083"}),
             Catch::Contains("http://0.0.0.0:8083 can be reached from other machines and asks for no token"));
  CHECK_THAT(ran({"--set", "listeners=http://10.0.0.1:8083", "--set", "api.token=a-token-of-some-length-0123456789"}),
             Catch::Contains("takes the token unencrypted"));
  CHECK(ran({"--set", "listeners=http://127.0.0.1:8083"}).empty());
}

TEST_CASE("check warns where no cluster is configured, and where every page may change everything") {
  const Folder folder;
  const auto ran = run({"check", "--set", "plugin.path=" + folder.path(), "--set", "access.control.allow.origin=*"});
  CHECK(ran.status == 0);
  CHECK(ran.out == "host configuration: valid\n");
  CHECK(holds(ran.err, "warning: no Kafka cluster is configured"));
  CHECK(holds(ran.err, "warning: access.control.allow.origin=* without api.token"));
}
