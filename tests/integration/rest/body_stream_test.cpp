// Answers that go on: how they are framed, and how they end.
#include "rest/http/body_stream.hpp"

#include "server_fixture.hpp"

using namespace ch::tests;
using ch::rest::BodyStream;
using ch::rest::Limits;
using std::chrono::milliseconds;

namespace {

const std::string kFollow = "GET /feed HTTP/1.1\r\nHost: x\r\n\r\n";

BodyStream::Piece piece(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

template <class Condition>
bool comes_true(Condition&& condition) {
  const auto end = std::chrono::steady_clock::now() + kDeadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return true;
}

}  // namespace

TEST_CASE("pieces are written as chunks as they come, and the last one ends the answer") {
  EchoServer server;
  RawClient client(server.port);
  client.send(kFollow);
  const auto head = client.receive_one(true);
  INFO(head);
  REQUIRE(status_of(head) == 200);
  REQUIRE(head.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
  REQUIRE(head.find("Connection: close\r\n") != std::string::npos);
  REQUIRE(head.find("Content-Length") == std::string::npos);
  REQUIRE(server.feed->push(piece("hello")));
  REQUIRE(client.receive_some() == "5\r\nhello\r\n");
  REQUIRE(server.feed->push(piece("world!")));
  server.feed->close();
  REQUIRE_FALSE(server.feed->push(piece("too late")));
  REQUIRE(client.receive_all() == "6\r\nworld!\r\n0\r\n\r\n");
}

TEST_CASE("what was pushed before the client came is not lost, and HTTP/1.0 gets it plain") {
  EchoServer server;
  REQUIRE(server.feed->push(piece("early")));
  server.feed->close();
  const auto answer = ask(server.port, "GET /feed HTTP/1.0\r\n\r\n");
  INFO(answer);
  REQUIRE(answer.find("Transfer-Encoding") == std::string::npos);
  REQUIRE(body_of(answer) == "early");
}

TEST_CASE("HEAD does not follow") {
  EchoServer server;
  const auto answer = ask(server.port, "HEAD /feed HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  REQUIRE(status_of(answer) == 200);
  REQUIRE(body_of(answer).empty());
  REQUIRE(server.feed->over());
}

TEST_CASE("a client that goes is noticed, though nothing is sent to it") {
  EchoServer server;
  RawClient client(server.port);
  client.send(kFollow);
  REQUIRE(status_of(client.receive_one(true)) == 200);
  client.reset();
  REQUIRE(comes_true([&] { return server.feed->over(); }));
  REQUIRE_FALSE(server.feed->push(piece("nobody")));
  REQUIRE(server.alive());
}

TEST_CASE("a client that does not keep up is cut off, and costs no more than the bound") {
  EchoServer server;
  RawClient client(server.port);
  client.send(kFollow);
  REQUIRE(status_of(client.receive_one(true)) == 200);
  const auto large = piece(std::string(256 << 10, 'x'));
  std::size_t pushed = 0;
  REQUIRE(comes_true([&] {
    pushed += large->size();
    return !server.feed->push(large);
  }));
  INFO(pushed);
  REQUIRE(pushed < (64 << 20));  // the socket's buffers and the bound
  REQUIRE(client.receive_all().find("0\r\n\r\n") == std::string::npos);
  REQUIRE(server.alive());
}

TEST_CASE("a client that takes nothing for write_time is cut off") {
  Limits limits;
  limits.write_time = milliseconds(300);
  EchoServer server(limits);
  RawClient client(server.port);
  client.send(kFollow);
  REQUIRE(status_of(client.receive_one(true)) == 200);
  REQUIRE(server.feed->push(piece(std::string(32 << 20, 'x'))));
  REQUIRE(comes_true([&] { return server.feed->over(); }));
}

TEST_CASE("stopping ends an answer that goes on in order") {
  EchoServer server;
  RawClient client(server.port);
  client.send(kFollow);
  REQUIRE(status_of(client.receive_one(true)) == 200);
  REQUIRE(server.feed->push(piece("a")));
  std::thread stop([&] { server.server.stop(); });
  const auto rest = client.receive_all();
  stop.join();
  REQUIRE(rest == "1\r\na\r\n0\r\n\r\n");
}
