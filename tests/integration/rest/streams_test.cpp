// Server-sent events over sockets, with a service that has no tasks but events in its store.
#include <nlohmann/json.hpp>

#include "idle_service.hpp"
#include "raw_client.hpp"
#include "rest/server.hpp"
#include "rest/v1/event_streams.hpp"

using namespace ch::tests;

namespace {

struct Host {
  Host() : server(*service, {{"http://127.0.0.1:0"}, "1.2.3", "abcdef"}) {
    const auto status = server.start();
    if (!status) FAIL(status.error().message);
    server.ready();
    const auto address = server.addresses().at(0);
    port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  void happens(const std::string& message) {
    ch::store::Event event;
    event.task = "orders";
    event.time_ms = 1764041345123;
    event.kind = "config";
    event.message = message;
    REQUIRE(service.store().add_event(event));
  }
  RawClient follow(const std::string& path, const std::string& headers = {}) const {
    RawClient client(port);
    client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n" + headers + "\r\n");
    return client;
  }

  IdleService service;
  ch::rest::Server server;
  std::uint16_t port = 0;
};

// All that comes until `text` has come.
std::string until(RawClient& client, const std::string& text) {
  std::string all;
  while (all.find(text) == std::string::npos) {
    const auto more = client.receive_some();
    INFO(all);
    REQUIRE(more);
    REQUIRE_FALSE(more->empty());
    all += *more;
  }
  return all;
}

}  // namespace

TEST_CASE("who follows all tasks gets all of them first, then what happens") {
  Host host;
  host.happens("before");
  auto client = host.follow("/v1/events");
  const auto begin = until(client, "\"removed\":[]}\n\n");
  INFO(begin);
  REQUIRE(begin.find("Content-Type: text/event-stream\r\n") != std::string::npos);
  REQUIRE(begin.find("retry: 2000\n\n") != std::string::npos);
  REQUIRE(begin.find("id: 1\nevent: tasks\ndata: {\"full\":true,\"tasks\":[]") != std::string::npos);
  REQUIRE(begin.find("before") == std::string::npos);
  host.happens("a line\nevent: forged\n\ndata: <b>");
  const auto change = until(client, "forged");
  INFO(change);
  REQUIRE(change.find("id: 2\nevent: change\ndata: {\"id\":2,\"task\":\"orders\"") != std::string::npos);
  REQUIRE(change.find(R"(a line\nevent: forged\n\ndata: <b>)") != std::string::npos);
  host.server.stop();
  const auto end = client.receive_all();
  REQUIRE(end.substr(end.size() - 5) == "0\r\n\r\n");
}

TEST_CASE("who comes again goes on where it was") {
  Host host;
  for (const auto* what : {"one", "two", "three"}) host.happens(what);
  auto again = host.follow("/v1/events?after=0", "Last-Event-ID: 2\r\n");
  const auto got = until(again, "three");
  REQUIRE(got.find("two") == std::string::npos);
  auto asked = host.follow("/v1/events?after=1");
  REQUIRE(until(asked, "three").find("two") != std::string::npos);
  REQUIRE(status_of(host.follow("/v1/events", "Last-Event-ID: x\r\n").receive_one()) == 422);
  REQUIRE(status_of(host.follow("/v1/tasks/none/events").receive_one()) == 404);
  const auto page = ask(host.port, "GET /v1/events?after=1&limit=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  REQUIRE(nlohmann::json::parse(body_of(page)).at("next") == 2);
}

TEST_CASE("whoever asks for the newest first gets them from the last back to the first") {
  Host host;
  for (const auto* what : {"one", "two", "three"}) host.happens(what);
  const auto page = [&](const std::string& query) {
    const auto answer = ask(host.port, "GET /v1/events?" + query + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    INFO(answer);
    REQUIRE(status_of(answer) == 200);
    return nlohmann::json::parse(body_of(answer));
  };
  const auto first = page("order=newest&limit=2");
  REQUIRE(first.at("events").at(0).at("message") == "three");
  REQUIRE(first.at("events").at(1).at("message") == "two");
  REQUIRE(first.at("next") == 2);
  const auto second = page("order=newest&limit=2&before=2");
  REQUIRE(second.at("events").size() == 1);
  REQUIRE(second.at("events").at(0).at("message") == "one");
  REQUIRE(second.at("next").is_null());
  REQUIRE(page("order=oldest").at("events").at(0).at("message") == "one");
  for (const auto* query : {"order=newest&after=1", "before=2", "order=latest"}) {
    const auto answer =
        ask(host.port, "GET /v1/events?" + std::string(query) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    REQUIRE(status_of(answer) == 422);
  }
  REQUIRE(status_of(host.follow("/v1/events?order=newest").receive_one()) == 422);
}

TEST_CASE("streams are bounded in number, and one that has gone makes room") {
  IdleService service;
  ch::rest::EventStreams streams(*service, 1);
  const auto first = streams.follow("", std::nullopt);
  REQUIRE(first != nullptr);
  REQUIRE(streams.follow("", std::nullopt) == nullptr);
  first->drop();
  const auto end = std::chrono::steady_clock::now() + kDeadline;
  auto second = streams.follow("", std::nullopt);
  while (second == nullptr && std::chrono::steady_clock::now() < end) second = streams.follow("", std::nullopt);
  REQUIRE(second != nullptr);
  streams.stop();
  REQUIRE(second->over());
}
