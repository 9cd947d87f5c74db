// The REST API as a whole, over sockets, with a service that has no tasks.
#include "rest/server.hpp"

#include <nlohmann/json.hpp>

#include "idle_service.hpp"
#include "raw_client.hpp"

using namespace ch::tests;
using nlohmann::json;

namespace {

struct Api {
  explicit Api(const std::string& token = {}) : server(*service, {{"http://127.0.0.1:0"}, "1.2.3", "abcdef", token}) {
    const auto status = server.start();
    if (!status) FAIL(status.error().message);
    const auto address = server.addresses().at(0);
    port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }

  // Status and body of the answer; the whole answer is kept in `last`.
  std::pair<int, json> call(const std::string& line, const std::string& body = {}, const std::string& headers = {}) {
    last = ask(port, line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers +
                         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return {status_of(last), json::parse(body_of(last), nullptr, false)};
  }

  IdleService service;
  ch::rest::Server server;
  std::uint16_t port = 0;
  std::string last;
};

}  // namespace

TEST_CASE("before it is ready the host says so, then it serves") {
  Api api;
  REQUIRE(api.call("GET /health").first == 503);
  REQUIRE(api.call("GET /v1/tasks").first == 503);
  api.server.ready();
  REQUIRE(api.call("GET /health") ==
          std::pair(200, json{{"status", "healthy"}, {"message", "connector-host has started and serves requests"}}));
  REQUIRE(api.call("GET /v1/tasks") == std::pair(200, json{{"tasks", json::array()}}));
  const auto host = api.call("GET /v1").second;
  REQUIRE(host.at("version") == "1.2.3");
  REQUIRE(host.at("commit") == "abcdef");
  REQUIRE(host.at("memory").at("used_bytes") == 0);
  REQUIRE(host.at("memory").at("limit_bytes") == 1 << 30);
  REQUIRE(api.call("GET /v1/connectors").second == json{{"connectors", json::array()}, {"failures", json::array()}});
  REQUIRE(api.call("GET /openapi.yaml").first == 200);
  REQUIRE(body_of(api.last).rfind("openapi: 3.0.3\n", 0) == 0);
  REQUIRE(api.last.find("Content-Type: application/yaml\r\n") != std::string::npos);
}

TEST_CASE("what is not there is 404, for every method") {
  Api api;
  api.server.ready();
  for (const auto* line : {"GET /v1/tasks/no%2Fne", "GET /v1/tasks/none/status", "GET /v1/tasks/none/objects", "GET /v1/tasks/none/events",
                           "GET /v1/tasks/none/events?order=newest", "GET /v1/tasks/none/objects?order=newest", "DELETE /v1/tasks/none",
                           "POST /v1/tasks/none/enable", "POST /v1/tasks/none/disable?wait=1s", "POST /v1/tasks/none/pause",
                           "POST /v1/tasks/none/resume", "POST /v1/tasks/none/restart", "GET /v1/instances/none/topics"}) {
    INFO(line);
    const auto [status, body] = api.call(line);
    INFO(api.last);
    REQUIRE(status == 404);
    REQUIRE(body.at("error_code") == 404);
    REQUIRE(body.at("errors") == json::array());
  }
  REQUIRE(api.call("PATCH /v1/tasks/none", R"({"config":{}})").first == 404);
  REQUIRE(api.call("GET /nothing").first == 404);
}

TEST_CASE("bodies and parameters that cannot be used are refused by name") {
  Api api;
  api.server.ready();
  REQUIRE(api.call("POST /v1/tasks").first == 400);
  REQUIRE(api.call("POST /v1/tasks", "{").first == 400);
  REQUIRE(api.call("POST /v1/tasks", "{\"name\":\"\xff\"}").first == 400);
  REQUIRE(api.call("POST /v1/tasks", "a=b", "Content-Type: application/x-www-form-urlencoded\r\n").first == 400);
  const auto keys = [](const json& body) {
    std::vector<std::string> out;
    for (const auto& problem : body.at("errors")) out.push_back(problem.at("key"));
    return out;
  };
  using Keys = std::vector<std::string>;
  REQUIRE(keys(api.call("POST /v1/tasks", "{}").second) == Keys{"name", "config"});
  REQUIRE(keys(api.call("POST /v1/tasks", R"({"name":"a","config":{"topics":[]},"enable":true})").second) == Keys{"topics", "enable"});
  REQUIRE(keys(api.call("PUT /v1/tasks/a", R"({"name":"b","config":{}})").second) == Keys{"name"});
  REQUIRE(keys(api.call("PATCH /v1/tasks/a", R"({"enabled":true})").second) == Keys{"enabled", "config"});
  REQUIRE(keys(api.call("POST /v1/tasks/a/enable?wait=soon").second) == Keys{"wait"});
  REQUIRE(keys(api.call("DELETE /v1/tasks/a?discard=maybe&wait=1h").second) == Keys{"discard", "wait"});
  REQUIRE(keys(api.call("GET /v1/tasks/a/objects?partition=-1&limit=1001&order=last").second) == Keys{"partition", "limit", "order"});
  const auto verdict = api.call("POST /v1/validate", R"({"name":"a","config":{"topics":null}})");
  REQUIRE(verdict.first == 200);
  REQUIRE(verdict.second.at("valid") == false);
  REQUIRE(verdict.second.at("errors").at(0).at("key") == "topics");
}

TEST_CASE("the token opens everything but /health") {
  Api api("secret");
  api.server.ready();
  REQUIRE(api.call("GET /v1/tasks").first == 401);
  REQUIRE(api.last.find("WWW-Authenticate: Bearer, Basic realm=\"connector-host\"\r\n") != std::string::npos);
  REQUIRE(api.call("GET /v1/tasks", {}, "Authorization: Bearer secret\r\n").first == 200);
  REQUIRE(api.call("GET /connectors", {}, "Authorization: Basic YW55OnNlY3JldA==\r\n").first == 200);  // any:secret
  REQUIRE(api.call("GET /health").first == 200);
}
