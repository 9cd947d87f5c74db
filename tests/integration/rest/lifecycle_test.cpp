// How the HTTP server starts, stops and binds.
#include "server_fixture.hpp"

using namespace ch::tests;

TEST_CASE("stop lets running requests finish, closes idle connections and accepts no more") {
  EchoServer server;
  RawClient idle(server.port), busy(server.port), half(server.port);
  idle.send(kGet);
  REQUIRE(status_of(idle.receive_one()) == 200);
  half.send("GET /a HT");
  busy.send("GET /block HTTP/1.1\r\nHost: x\r\n\r\n");
  server.door.wait_inside(1);
  std::thread stopper([&] { server.server.stop(); });
  REQUIRE(idle.receive_all().empty());
  REQUIRE(half.receive_all().empty());
  REQUIRE_THROWS(RawClient(server.port));
  server.door.open();
  const auto answer = busy.receive_all();
  stopper.join();
  REQUIRE(body_of(answer) == "GET /block [] 0");
  REQUIRE(answer.find("Connection: close\r\n") != std::string::npos);
}

TEST_CASE("a server can be started again, and two listeners serve alike") {
  std::atomic<int> handled{0};
  ch::rest::HttpServer server({"http://127.0.0.1:0", "http://localhost:0"}, {},
                              [&](const ch::rest::Request&, const ch::rest::Reply& reply) {
                                ++handled;
                                reply({204, {}, ""});
                              });
  for (int round = 0; round < 2; ++round) {
    REQUIRE(server.start());
    const auto addresses = server.addresses();
    REQUIRE(addresses.size() == 2);
    const auto port = static_cast<std::uint16_t>(std::stoi(addresses[0].substr(addresses[0].rfind(':') + 1)));
    const auto answer = ask(port, kLastGet);
    REQUIRE(status_of(answer) == 204);
    REQUIRE(answer.find("Content-Length") == std::string::npos);
    server.stop();
    REQUIRE(server.addresses().empty());
  }
  REQUIRE(handled == 2);
}

TEST_CASE("listeners that cannot be are refused with the reason") {
  EchoServer server;
  const auto nothing = [](const ch::rest::Request&, const ch::rest::Reply&) {};
  ch::rest::HttpServer second({"http://127.0.0.1:0"}, {}, nothing);
  const auto conflict = second.start();
  REQUIRE_FALSE(conflict);
  REQUIRE(conflict.error().code == ch::ErrorCode::conflict);
  server.server.stop();

  ch::rest::HttpServer secure({"https://127.0.0.1:0"}, {}, nothing);
  const auto invalid = secure.start();
  REQUIRE_FALSE(invalid);
  REQUIRE(invalid.error().code == ch::ErrorCode::invalid);
  REQUIRE(invalid.error().message.find("ssl.certificate.location") != std::string::npos);
}

TEST_CASE("a port in use is named") {
  EchoServer server;
  const auto address = "http://127.0.0.1:" + std::to_string(server.port);
  ch::rest::Transport transport({}, [](std::size_t, const ch::rest::Request&, const ch::rest::Reply&) {});
  const auto bound = transport.listen("127.0.0.1", server.port);
  REQUIRE_FALSE(bound);
  REQUIRE(bound.error().message.find(std::to_string(server.port)) != std::string::npos);
  REQUIRE(server.alive());
}
