// Whatever comes in by REST gets the answer that the contract names, and the process goes on as before.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "world.hpp"

using namespace ch::test;

namespace {

// A host with one task that runs; at the end it is the same process, healthy, and its task still runs.
class Unharmed {
 public:
  Unharmed() {
    if (!world.admin().has_topic("bad-input")) world.admin().create_topic("bad-input", 1);
    world.host().start();
    world.create("bystander", world.config("bad-input"));
    REQUIRE(world.reaches("bystander", "RUNNING"));
  }
  void check() {
    CHECK(world.host().running());
    CHECK(world.host().get("/health").status == 200);
    CHECK(world.host().state("bystander") == "RUNNING");
  }
  Answer post(const std::string& body, const std::map<std::string, std::string>& headers = {}) {
    Request request{"POST", world.host().url() + "/v1/tasks", body, {{"Content-Type", "application/json"}}};
    for (const auto& [name, value] : headers) request.headers[name] = value;
    return http(request);
  }
  World world;
};

// The answer's shape is the same for every error.
void is_error(const Answer& answer, long status) {
  INFO(answer.status << " " << answer.body << answer.error);
  CHECK(answer.status == status);
  REQUIRE(answer.json.is_object());
  CHECK(answer.json.value("error_code", 0) == status);
  CHECK_FALSE(answer.json.value("message", "").empty());
}

// What is said about a key, or "".
std::string about(const Answer& answer, const std::string& key) {
  if (!answer.json.is_object() || !answer.json.contains("errors")) return "";
  for (const auto& error : answer.json.at("errors")) {
    if (error.value("key", "") == key) return error.value("message", "");
  }
  return "";
}

}  // namespace

TEST_CASE("no task sends the host's identity anywhere, nor takes a key of the host's", "[bad_input]") {
  Unharmed it;
  const auto refused = [&](const std::string& key, const json& other) {
    const auto answer =
        it.world.host().post("/v1/tasks", {{"name", "thief"}, {"config", it.world.config("bad-input", other)}, {"enabled", true}});
    INFO(other.dump());
    is_error(answer, 422);
    CHECK_FALSE(about(answer, key).empty());
    return about(answer, key);
  };
  const std::string attacker = "http://attacker.example";
  CHECK_THAT(refused("sts.endpoint", {{"cos.credentials", "web-identity"}, {"sts.endpoint", attacker}}),
             Catch::Contains("assume-role only"));
  CHECK_THAT(refused("sts.endpoint", {{"cos.credentials", "assume-role"}, {"sts.endpoint", attacker}}), Catch::Contains("egress.allowed"));
  refused("cvm.metadata.endpoint", {{"cos.credentials", "instance-role"}, {"cvm.metadata.endpoint", attacker}});
  refused("host.sts.endpoint", {{"cos.credentials", "assume-role"}, {"host.sts.endpoint", attacker}});
  refused("host.egress.allowed",
          {{"cos.credentials", "assume-role"}, {"host.egress.allowed", "attacker.example"}, {"sts.endpoint", attacker}});
  CHECK(it.world.host().get("/v1/tasks/thief").status == 404);
  it.check();
}

TEST_CASE("one answer of STS, however it is nested, ends no host", "[bad_input]") {
  Unharmed it;
  it.world.cos().add_role("archiver");
  ch::cos_emulator::Fault fault;
  fault.operation = "sts";
  fault.kind = ch::cos_emulator::Fault::Kind::somebody_else;
  fault.status = 200;
  fault.times = -1;
  fault.body = "{\"Response\":" + std::string(std::size_t{3} << 20, '[');
  it.world.cos().add_fault(fault);
  it.world.create("nested", it.world.config("bad-input", {{"cos.credentials", "assume-role"},
                                                          {"cos.role.name", "archiver"},
                                                          {"sts.endpoint", it.world.cos().origin()}}));
  CHECK(it.world.interrupted("nested", "cos_error"));
  it.check();
  it.world.cos().clear_faults();
  CHECK(it.world.reaches("nested", "RUNNING", std::chrono::seconds(90)));
  it.check();
}

TEST_CASE("a wrong config is one 422 with every bad key and what would be right", "[bad_input]") {
  Unharmed it;
  auto& host = it.world.host();
  const auto refused = [&](const json& other) {
    return host.post("/v1/tasks", {{"name", "wrong"}, {"config", it.world.config("bad-input", other)}, {"enabled", true}});
  };

  const auto unknown = refused({{"rotate.record", "5"}});
  is_error(unknown, 422);
  CHECK_THAT(about(unknown, "rotate.record"), Catch::Contains("rotate.records"));

  const auto number = refused({{"rotate.records", "many"}});
  is_error(number, 422);
  CHECK_FALSE(about(number, "rotate.records").empty());

  const auto below = refused({{"rotate.interval.ms", "100"}});
  is_error(below, 422);
  CHECK_THAT(about(below, "rotate.interval.ms"), Catch::Contains("200"));

  const auto several = refused({{"topics", nullptr},
                                {"rotate.records", "-1"},
                                {"time.granularity.minutes", "4"},
                                {"start.position", "yesterday"},
                                {"compression", "rar"},
                                {"cos.bucket", nullptr},
                                {"cos.secret.kez", "hidden-value"},
                                {"part.bytes", "1KiB"}});
  is_error(several, 422);
  for (const auto* key : {"topics", "rotate.records", "time.granularity.minutes", "start.position", "compression", "cos.bucket",
                          "cos.secret.kez", "part.bytes"}) {
    INFO(key << " in " << several.body);
    CHECK_FALSE(about(several, key).empty());
  }
  CHECK(several.body.find("system-test-secret-key") == std::string::npos);

  is_error(refused({{"object.key.template", "{topic}/{time:%Y}"}}), 422);
  is_error(refused({{"cos.region", "ap-beijing"}}), 422);
  is_error(refused({{"connector.class", "cos-sinc"}}), 422);
  CHECK(host.get("/v1/tasks/wrong").status == 404);
  it.check();
}

TEST_CASE("a name that is taken is a 409, a name that is none a 422, one that is not there a 404", "[bad_input]") {
  Unharmed it;
  auto& host = it.world.host();
  is_error(host.post("/v1/tasks", {{"name", "bystander"}, {"config", it.world.config("bad-input")}}), 409);
  is_error(host.post("/v1/tasks", {{"name", ""}, {"config", it.world.config("bad-input")}}), 422);
  is_error(host.post("/v1/tasks", {{"name", "line\nbreak"}, {"config", it.world.config("bad-input")}}), 422);
  is_error(host.post("/v1/tasks", {{"name", std::string(201, 'n')}, {"config", it.world.config("bad-input")}}), 422);
  for (const auto* action : {"enable", "disable", "pause", "resume", "restart"})
    is_error(host.post(std::string("/v1/tasks/nobody/") + action), 404);
  for (const auto* path :
       {"/v1/tasks/nobody", "/v1/tasks/nobody/status", "/v1/tasks/nobody/objects", "/v1/tasks/nobody/events", "/v1/nothing"}) {
    is_error(host.get(path), 404);
  }
  is_error(host.request("DELETE", "/v1/tasks/nobody"), 404);
  is_error(host.request("PUT", "/v1/tasks", json::object()), 405);
  it.check();
}

TEST_CASE("a body that is no task is refused with 400, 413, 415 or 422", "[bad_input]") {
  Unharmed it;
  is_error(it.post("{\"name\": \"x\", "), 400);
  is_error(it.post(""), 400);
  is_error(it.post("{\"name\":\"\xff\xfe\",\"config\":{}}"), 400);
  is_error(it.post("{\"name\":\"x\",\"config\":{\"topics\":\"\xc3\x28\"}}"), 400);
  is_error(it.post(std::string(20000, '[')), 400);
  is_error(it.post("{\"name\":\"x\",\"config\":{\"topics\":\"" + std::string(2 << 20, 'a') + "\"}}"), 413);
  for (const auto* body :
       {"[]", "\"text\"", "{}", "{\"name\":5,\"config\":{}}", "{\"name\":\"x\",\"config\":[]}", "{\"name\":\"x\"}",
        "{\"name\":\"x\",\"config\":{\"topics\":{\"a\":1}}}", "{\"name\":\"x\",\"config\":{},\"enabled\":\"perhaps\"}"}) {
    const auto answer = it.post(body);
    INFO(body << " -> " << answer.status << " " << answer.body);
    CHECK((answer.status == 422 || answer.status == 400));
  }
  it.check();
}

// Each value of each body that a route takes, replaced by one of each type.
TEST_CASE("a body whose values have other types is refused, and never a 500", "[bad_input]") {
  Unharmed it;
  auto& host = it.world.host();
  const auto config = it.world.config("bad-input");
  auto verified = host.post("/v1/tasks/bystander/verify").json;
  REQUIRE(verified.is_object());
  verified["complete"] = false;
  verified["walk"] = {{"topics", {"bad-input"}}, {"after", nullptr}, {"topic", nullptr}, {"partition", nullptr}};
  const json offset = {{"partition", {{"kafka_topic", "bad-input"}, {"kafka_partition", 0}}}, {"offset", {{"kafka_offset", 0}}}};
  struct Route {
    std::string method, path;
    json body;
  };
  const std::vector<Route> routes = {
      {"POST", "/v1/tasks", {{"name", "other"}, {"config", config}, {"enabled", false}}},
      {"PUT", "/v1/tasks/other", {{"config", config}, {"enabled", false}}},
      {"PATCH", "/v1/tasks/other", {{"config", {{"rotate.records", "5"}}}}},
      {"POST", "/v1/validate", {{"name", "other"}, {"config", config}}},
      {"POST", "/v1/tasks/bystander/verify", verified},
      {"POST", "/connectors", {{"name", "connect"}, {"config", config}, {"initial_state", "STOPPED"}}},
      {"PUT", "/connectors/connect/config", config},
      {"PATCH", "/connectors/connect/config", {{"rotate.records", "5"}}},
      {"PATCH", "/connectors/connect/offsets", {{"offsets", {offset}}}},
      {"PUT", "/connector-plugins/cos-sink/config/validate", config},
      {"PUT", "/admin/loggers/rest", {{"level", "INFO"}}},
  };
  const std::vector<json> values = {nullptr,          true,           1,         -1, 1.5, 18446744073709551615ULL, "text", json::array(),
                                    json::array({1}), json::object(), {{"a", 1}}};
  for (const auto& route : routes) {
    std::vector<json::json_pointer> places = {json::json_pointer("")};
    for (std::size_t i = 0; i < places.size(); ++i) {
      const auto place = places[i];
      const auto& at = route.body.at(place);
      if (!at.is_structured()) continue;
      for (const auto& [key, value] : at.items())
        places.push_back(at.is_array() ? place / static_cast<std::size_t>(std::stoul(key)) : place / key);
    }
    for (const auto& place : places) {
      for (const auto& value : values) {
        auto body = route.body;
        body[place] = value;
        const auto answer = host.request(route.method, route.path, body);
        INFO(route.method << " " << route.path << " " << place.to_string() << " = " << value.dump() << " -> " << answer.status << " "
                          << answer.body);
        CHECK(answer.status >= 200);
        CHECK((answer.status < 500 || answer.status == 503));
      }
    }
  }
  it.check();
}

TEST_CASE("10 000 headers are a 431", "[bad_input]") {
  Unharmed it;
  RawConnection connection(it.world.host().port());
  std::string head = "GET /v1/tasks HTTP/1.1\r\nHost: localhost\r\n";
  for (int i = 0; i < 10000; ++i) head += fmt::format("X-Header-{}: value\r\n", i);
  connection.send(head + "\r\n");
  const auto answer = connection.receive(20s);
  CHECK(answer.substr(0, 12) == "HTTP/1.1 431");
  CHECK(connection.closed());
  it.check();
}

TEST_CASE("what is no HTTP is answered or cut, never fatal", "[bad_input]") {
  Unharmed it;
  for (const auto& bytes :
       {std::string("\x16\x03\x01\x02\x00\x01\x00\x01", 8), std::string("GET\r\n\r\n"), std::string("GET / HTTP/9.9\r\n\r\n"),
        std::string(100, '\0'), std::string("POST /v1/tasks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        std::string("POST /v1/tasks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"),
        std::string("POST /v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n"),
        std::string("POST /v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello")}) {
    RawConnection connection(it.world.host().port());
    connection.send(bytes);
    const auto answer = connection.receive(15s);
    INFO(answer);
    CHECK(connection.closed());
    if (!answer.empty()) CHECK(answer.substr(0, 10) == "HTTP/1.1 4");
  }
  it.check();
}

TEST_CASE("slow senders are closed, and meanwhile others are served", "[bad_input]") {
  Unharmed it;
  std::vector<std::unique_ptr<RawConnection>> slow;
  for (int i = 0; i < 50; ++i) slow.push_back(std::make_unique<RawConnection>(it.world.host().port()));
  const std::string head = "GET /v1/tasks HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
  const auto all_closed = [&] {
    bool closed = true;
    for (auto& connection : slow) {
      if (!connection->closed()) {
        connection->send("a");
        connection->receive(1ms);
      }
      closed = closed && connection->closed();
    }
    return closed;
  };
  for (auto& connection : slow) REQUIRE(connection->send(head));
  CHECK(it.world.host().get("/v1/tasks").status == 200);
  CHECK(eventually(30s, all_closed));
  it.check();
}
