// Kafka Connect's paths over sockets, with a service that has no tasks; and its bodies as they are made of ours.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "certificate.hpp"
#include "connect_worker.hpp"
#include "rest/connect/body.hpp"
#include "rest/connect/json.hpp"
#include "rest/connect/routes.hpp"
#include "tasks/task_validation.hpp"

using namespace ch::tests;
using namespace ch::rest;
using nlohmann::json;

TEST_CASE("connect: what is not there, with the texts that clients read") {
  Worker worker;
  struct Case {
    const char* line;
    const char* message;
  };
  for (const auto& [line, message] :
       {Case{"GET /connectors/no%2Fne", "Connector no/ne not found"}, Case{"GET /connectors/x/config", "Connector x not found"},
        Case{"GET /connectors/x/status", "No status found for connector x"}, Case{"GET /connectors/x/tasks", "Connector x not found"},
        Case{"GET /connectors/x/tasks/0/status", "No status found for task x-0"},
        Case{"GET /connectors/x/tasks/a/status", "HTTP 404 Not Found"}, Case{"POST /connectors/x/restart", "Unknown connector: x"},
        Case{"POST /connectors/x/tasks/0/restart", "Unknown connector: x"}, Case{"PUT /connectors/x/pause", "Unknown connector x"},
        Case{"PUT /connectors/x/resume", "Unknown connector x"}, Case{"PUT /connectors/x/stop", "Unknown connector x"},
        Case{"DELETE /connectors/x", "Connector x not found"}, Case{"GET /connectors/x/offsets", "Connector x not found"},
        Case{"DELETE /connectors/x/offsets", "Connector x not found"}, Case{"GET /connector-plugins/x/config", "Unknown plugin x."},
        Case{"GET /admin/loggers/x", "Logger x not found."}, Case{"GET /connectors/x/nothing", "HTTP 404 Not Found"}}) {
    INFO(line);
    CHECK(worker.call(line) == 404);
    CHECK(worker.message() == message);
    CHECK(worker.answer.at("error_code") == 404);
  }
  CHECK(worker.call("PATCH /connectors/x/config", "{}") == 404);
  CHECK(worker.call("GET /connectors/x/topics") == 200);
  CHECK(worker.answer == json{{"x", {{"topics", json::array()}}}});
  CHECK(worker.call("PUT /connectors/x/topics/reset") == 202);
}

TEST_CASE("connect: root, lists, trailing slashes, HEAD and OPTIONS") {
  Worker worker;
  CHECK(worker.call("GET /") == 200);
  CHECK(worker.answer == json{{"version", "4.3.0"}, {"commit", "abcdef"}, {"kafka_cluster_id", nullptr}});
  CHECK(worker.call("GET /connectors/?expand=info&expand=status") == 200);
  CHECK(worker.answer == json::object());
  CHECK(worker.call("GET /connectors?foo=bar") == 200);
  CHECK(worker.answer == json::array());
  CHECK(worker.call("GET /connector-plugins/?connectorsOnly=false") == 200);
  CHECK(worker.call("HEAD /connectors") == 200);
  CHECK(body_of(worker.last).empty());
  CHECK(worker.call("OPTIONS /connectors") == 200);
  CHECK(worker.says("Allow: GET, HEAD, OPTIONS, POST"));
  CHECK(worker.says("Content-Type: text/plain"));
  CHECK(worker.call("DELETE /connectors") == 405);
  CHECK(worker.message() == "HTTP 405 Method Not Allowed");
}

TEST_CASE("connect: bodies that cannot be read are a 400, other types a 415 or 406") {
  Worker worker;
  for (const char* body : {"", "null", "[]", "{", "{} {}", R"({"name":"a"})", R"({"name":"a","config":[]})", R"({"name":1,"config":{}})",
                           R"({"name":"a","config":{},"surprise":1})", R"({"name":"a","config":{"topics":{}}})",
                           R"({"name":"a","config":{},"initial_state":"GONE"})", R"({"name":"a","config":{"name":"b"}})"}) {
    INFO(body);
    CHECK(worker.call("POST /connectors", body) == 400);
    CHECK_FALSE(worker.message().empty());
  }
  CHECK(worker.call("PUT /connectors/a/config", R"({"name":"b"})") == 400);
  CHECK(worker.message() == "Connector name configuration (b) doesn't match connector name in the URL (a)");
  CHECK(worker.call("PUT /connectors/a/config", R"({"connector.class":"FileStreamSink"})") == 400);
  CHECK(worker.message().rfind("Failed to find any class that implements Connector and which name matches FileStreamSink", 0) == 0);
  CHECK(worker.call("PATCH /connectors/a/offsets", "{}") == 400);
  CHECK(worker.message() == "Partitions / offsets need to be provided for an alter offsets request");
  CHECK(worker.call("PATCH /connectors/a/offsets", R"({"offsets":[{"partition":{"kafka_topic":"t"},"offset":null}]})") == 400);
  CHECK(worker.call("PUT /connectors/a/pause", "", "Content-Type: text/plain\r\n") == 415);
  CHECK(worker.call("POST /connectors", "a=b", "Content-Type: application/x-www-form-urlencoded\r\n") == 415);
  CHECK(worker.call("GET /connectors", "", "Accept: text/html\r\n") == 406);
  CHECK(worker.call("GET /connectors", "", "Accept: text/html, */*;q=0.1\r\n") == 200);
}

TEST_CASE("connect: loggers change what is logged") {
  Worker worker;
  CHECK(worker.call("PUT /admin/loggers/kafka", R"({"level":"debug"})") == 200);
  CHECK(worker.answer == json{"kafka"});
  CHECK(worker.call("GET /admin/loggers/kafka") == 200);
  CHECK(worker.answer.at("level") == "DEBUG");
  CHECK(worker.answer.at("last_modified").is_number());
  CHECK(worker.call("PUT /admin/loggers/kafka", R"({"level":"DEBUG"})") == 200);
  CHECK(worker.answer == json::array());
  CHECK(worker.call("PUT /admin/loggers/kafka?scope=Cluster", R"({"level":"INFO"})") == 204);
  CHECK(worker.call("PUT /admin/loggers/kafka", R"({"level":"LOUD"})") == 404);
  CHECK(worker.call("PUT /admin/loggers/kafka", "{}") == 400);
  CHECK(worker.call("GET /admin/loggers/") == 200);
  CHECK(worker.answer.contains("root"));
}

TEST_CASE("admin.listeners: elsewhere, or nowhere") {
  {
    ServerOptions options;
    options.admin_listeners.emplace();
    Worker worker(std::move(options));
    CHECK(worker.call("GET /admin/loggers") == 404);
    CHECK(worker.call("GET /connectors") == 200);
  }
  ServerOptions options;
  options.admin_listeners = {"http://localhost:0"};
  Worker worker(std::move(options));
  CHECK(worker.call("GET /admin/loggers") == 404);
  CHECK(worker.server.addresses().size() == 1);
}

TEST_CASE("pages of other sites: only those of an origin that is allowed") {
  const std::string page = "Origin: https://ui.example.com\r\nSec-Fetch-Site: cross-site\r\n";
  {
    Worker worker;
    CHECK(worker.call("PUT /connectors/a/pause", "", page) == 403);
    CHECK(worker.call("GET /connectors", "", page) == 200);
    CHECK(worker.last.find("Access-Control-Allow-Origin") == std::string::npos);
  }
  ServerOptions options;
  options.allowed_origins = {"https://ui.example.com"};
  options.allowed_methods = {"GET", "PUT"};
  options.token = "secret-token";
  Worker worker(std::move(options));
  CHECK(worker.call("OPTIONS /connectors/a/pause", "", page + "Access-Control-Request-Method: PUT\r\n") == 200);
  CHECK(worker.says("Access-Control-Allow-Methods: GET, PUT"));
  CHECK(worker.says("Access-Control-Allow-Origin: https://ui.example.com"));
  CHECK(worker.call("PUT /connectors/a/pause", "", page) == 401);
  CHECK(worker.says("Access-Control-Allow-Origin: https://ui.example.com"));
  CHECK(worker.call("PUT /connectors/a/pause", "", page + "Authorization: Bearer secret-token\r\n") == 404);
  CHECK(worker.call("OPTIONS /connectors", "", "Origin: https://evil.example\r\nAccess-Control-Request-Method: PUT\r\n") == 401);
  CHECK(worker.last.find("Access-Control-Allow-Origin") == std::string::npos);
}

TEST_CASE("https: a listener with a certificate, and without one a refusal that names the key") {
  IdleService service;
  {
    Server server(*service, {{"https://127.0.0.1:0"}, "1", "c"});
    CHECK(server.start().error().message == "ssl.certificate.location is needed for an https:// listener");
  }
  const Certificate made;
  const auto& certificate = made.file;
  ServerOptions options{{"https://127.0.0.1:0"}, "1", "c"};
  options.tls = {certificate, made.key, ""};
  Server server(*service, options);
  REQUIRE(server.start());
  server.ready();
  const auto url = server.addresses().at(0);
  CHECK(url.rfind("https://127.0.0.1:", 0) == 0);
  CHECK(std::system(("curl -sf --noproxy '*' --cacert " + certificate + " " + url + "/connectors " + url + "/health >/dev/null").c_str()) ==
        0);
  CHECK(std::system(("curl -sf --noproxy '*' " + url + "/connectors >/dev/null").c_str()) != 0);
  CHECK(status_of(ask(port_of(url), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")) != 200);
  server.stop();
}

TEST_CASE("connect: states, as clients compare them") {
  ch::tasks::TaskStatus status;
  status.name = "a";
  CHECK(connect::state_json(status, {"h:1", ""}).at("connector").at("state") == "STOPPED");
  status.state = ch::runner::State::stopping;
  CHECK(connect::connector_state(status) == "RUNNING");
  status.enabled = true;
  ch::runner::RunnerStatus runner;
  runner.host = "h:1";
  runner.state = ch::runner::State::interrupted;
  runner.interruption = ch::runner::InterruptionStatus{{"role_deleted", "the role is gone", "make it", 0}, 1};
  status.runners = {runner};
  const auto shown = connect::state_json(status, {"h:1", "1.0"});
  CHECK(shown.at("connector") == Json{{"state", "RUNNING"}, {"worker_id", "h:1"}, {"version", "1.0"}});
  CHECK(shown.at("tasks").at(0).at("state") == "FAILED");
  CHECK(shown.at("tasks").at(0).at("trace").get<std::string>().find("\nCaused by: role_deleted: the role is gone") != std::string::npos);
  status.paused = true;
  CHECK(connect::connector_state(status) == "PAUSED");
  CHECK(connect::task_state(ch::runner::State::starting, true) == "UNASSIGNED");
  CHECK(connect::task_state(ch::runner::State::stopping, false) == "RUNNING");
  CHECK(connect::task_state(ch::runner::State::stopping, true) == "RESTARTING");
}

TEST_CASE("connect: numbers keep their text, names are trimmed, a state may be asked for") {
  const auto body =
      connect::read_creation(R"({"name":" a ","config":{"tasks.max":2,"x":1.50,"y":true,"name":"a"},"initial_state":"stopped"})");
  REQUIRE(body);
  CHECK(body->name == "a");
  CHECK(body->config == ch::Config{{"tasks.max", "2"}, {"x", "1.50"}, {"y", "true"}});
  CHECK(body->target == ch::store::Target::disabled);
  const auto offsets = connect::read_offsets(
      R"({"offsets":[{"partition":{"kafka_topic":"t","kafka_partition":"1"},"offset":{"kafka_offset":7}},{"partition":{"kafka_topic":"t","kafka_partition":2},"offset":null}]})");
  REQUIRE(offsets);
  CHECK(offsets->size() == 2);
  CHECK(offsets->at(0).where.partition == 1);
  CHECK(offsets->at(0).offset == 7);
  CHECK(offsets->at(1).offset == std::nullopt);
}

TEST_CASE(
    "connect: a partition without an offset is reset, and what else a partition or an offset names is ignored, a mistyped offset is not") {
  const auto offsets = connect::read_offsets(
      R"({"offsets":[{"partition":{"kafka_topic":"t","kafka_partition":0}},{"partition":{"kafka_topic":"t","kafka_partition":1,"host":"x"},"offset":{"kafka_offset":7,"time":1}}]})");
  REQUIRE(offsets);
  REQUIRE(offsets->size() == 2);
  CHECK(offsets->at(0).where.partition == 0);
  CHECK(offsets->at(0).offset == std::nullopt);
  CHECK(offsets->at(1).offset == 7);
  const auto mistyped =
      connect::read_offsets(R"({"offsets":[{"partition":{"kafka_topic":"t","kafka_partition":0},"ofset":{"kafka_offset":7}}]})");
  REQUIRE_FALSE(mistyped);
  CHECK(mistyped.error().message == "Unrecognized field \"ofset\": there are partition and offset");
}

TEST_CASE("connect: a key whose value is null is as absent") {
  const auto body = connect::read_creation(R"({"name":"a","config":{"topics":"t","cos.acl":null,"name":null}})");
  REQUIRE(body);
  CHECK(body->name == "a");
  CHECK(body->config == ch::Config{{"topics", "t"}});
  const auto flat = connect::read_flat(R"({"connector.class":"x","surprise":null})");
  REQUIRE(flat);
  CHECK(*flat == ch::Config{{"connector.class", "x"}});
  const auto changes = connect::read_changes(R"({"cos.acl":null})", "a");  // where it removes
  REQUIRE(changes);
  CHECK(*changes == ch::rest::Changes{{"cos.acl", std::nullopt}});
}

TEST_CASE("connect: neither topics nor topics.regex, or both, counts as a problem of each") {
  const std::string one_of(ch::tasks::kTopicsOrRegex);
  const auto both = connect::as_connect_counts({{"name", "", "x"}, {"topics", "a", one_of}});
  REQUIRE(both.size() == 3);
  CHECK((both[1].key == "topics" && both[2].key == "topics.regex" && both[2].message == one_of));
  CHECK(connect::as_connect_counts({{"topics", "", "another problem"}}).size() == 1);
  const auto refused = connect::error_answer({ch::ErrorCode::invalid, "", {{"topics", "", one_of}}});
  CHECK(refused.body.find("contains the following 2 error(s):\\ntopics: ") != std::string::npos);
}
