// More clients than the HTTP transport has places for: who is let in, and who gives way.
#include "server_fixture.hpp"

using namespace ch::tests;
using ch::rest::Limits;
using std::chrono::milliseconds;

TEST_CASE("300 connections: 256 are served, the others told why not") {
  Limits limits;
  limits.rest_time = limits.idle_time;
  EchoServer server(limits);
  std::vector<RawClient> clients;
  int served = 0, refused = 0;
  for (int i = 0; i < 300; ++i) {
    clients.emplace_back(server.port);
    clients.back().send(kGet);
    const auto status = status_of(clients.back().receive_one());
    if (status == 200) ++served;
    if (status == 503) ++refused;
  }
  REQUIRE(served == 256);
  REQUIRE(refused == 44);
  clients.clear();
  // Their places become free once the server has seen them close.
  const auto begin = std::chrono::steady_clock::now();
  while (!server.alive()) REQUIRE(std::chrono::steady_clock::now() - begin < kDeadline);
}

TEST_CASE("a crowd that says nothing, or never ends a request, keeps nobody out") {
  EchoServer server;
  std::vector<RawClient> crowd;
  for (int i = 0; i < 300; ++i) {
    crowd.emplace_back(server.port);
    if (i % 3 == 1) crowd.back().send("GET /a HTTP/1.1\r\nHost: x\r\n");
    if (i % 3 == 2) crowd.back().send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf");
  }
  for (int i = 0; i < 20; ++i) REQUIRE(status_of(ask(server.port, kLastGet)) == 200);
  RawClient first(server.port);
  first.send(kGet);
  REQUIRE(status_of(first.receive_one()) == 200);
  for (int i = 0; i < 300; ++i) crowd.emplace_back(server.port);
  REQUIRE(status_of(ask(server.port, kLastGet)) == 200);
  first.send(kGet);  // who has asked before keeps his place while others have not asked at all
  REQUIRE(status_of(first.receive_one()) == 200);
}

TEST_CASE("a crowd that does not take its answers, or the end of them, keeps nobody out") {
  Limits limits;
  limits.connections = 16;
  limits.rest_time = milliseconds(50);
  EchoServer server(limits);
  std::vector<RawClient> crowd;
  for (int i = 0; i < 16; ++i) {
    crowd.emplace_back(server.port);
    crowd.back().send(i % 2 == 0 ? "GET /large HTTP/1.1\r\nHost: x\r\n\r\n" : "X\r\n\r\n");
  }
  const auto begin = std::chrono::steady_clock::now();
  while (status_of(ask(server.port, kLastGet)) != 200) REQUIRE(std::chrono::steady_clock::now() - begin < kDeadline);
  for (int i = 0; i < 20; ++i) REQUIRE(status_of(ask(server.port, kLastGet)) == 200);
}

TEST_CASE("connections that rest give way to new ones, the one that rests longest first") {
  Limits limits;
  limits.rest_time = milliseconds(0);
  EchoServer server(limits);
  std::vector<RawClient> resting;
  for (int i = 0; i < 256; ++i) {
    resting.emplace_back(server.port);
    resting.back().send(kGet);
    REQUIRE(status_of(resting.back().receive_one()) == 200);
    if (i == 0) std::this_thread::sleep_for(milliseconds(5));  // the first rests longer than the others
  }
  REQUIRE(status_of(ask(server.port, kLastGet)) == 200);
  REQUIRE(resting.front().receive_some() == std::optional(std::string()));  // closed
  resting.back().send(kGet);
  REQUIRE(status_of(resting.back().receive_one()) == 200);
}
