// What a client may do to the HTTP transport: each row of the defects once found in cpprestsdk's own listener, and more.
#include <nlohmann/json.hpp>

#include "server_fixture.hpp"

using namespace ch::tests;
using ch::rest::Limits;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kMuch = 64 << 20;  // of memory; sanitizers keep some of what was freed

const std::string kPost = "POST /echo HTTP/1.1\r\nHost: x\r\n";
const std::string kChunked = kPost + "Transfer-Encoding: chunked\r\n\r\n";

// An answer that is an error of ours: JSON, with the status in it, on a connection that is then closed.
void require_refused(const EchoServer& server, const std::string& bytes, int status) {
  INFO(bytes.substr(0, 200));
  const auto answer = ask(server.port, bytes);
  INFO(answer);
  REQUIRE(status_of(answer) == status);
  REQUIRE(answer.find("Content-Type: application/json\r\n") != std::string::npos);
  REQUIRE(answer.find("X-Content-Type-Options: nosniff\r\n") != std::string::npos);
  REQUIRE(answer.find("Connection: close\r\n") != std::string::npos);
  const auto body = nlohmann::json::parse(body_of(answer));  // fails if a second answer follows
  REQUIRE(body.at("error_code") == status);
  REQUIRE_FALSE(body.at("message").get<std::string>().empty());
}

}  // namespace

TEST_CASE("chunk sizes that are no sizes are refused") {
  EchoServer server;
  for (const auto* size : {"-1", "-5", "x", "", "0x10", "ffffffffffffffffff", " 1"})
    require_refused(server, kChunked + size + "\r\nabc\r\n0\r\n\r\n", 400);
  for (const auto* size : {"7fffffff", "ffffffffff", "ffffffffffffffff", "100001"})
    require_refused(server, kChunked + size + "\r\nabc", 413);
  REQUIRE(server.alive());
  REQUIRE(server.handled == 1);
}

TEST_CASE("chunked bodies are put together, their trailers ignored") {
  EchoServer server;
  RawClient client(server.port);
  client.send(kChunked + "3\r\nabc\r\n4;name=value\r\ndefg\r\n0\r\nX-Name: trailer\r\n\r\n");
  REQUIRE(body_of(client.receive_one()) == "abcdefg");
  client.send("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Name: trailer\r\n\r\n");
  REQUIRE(body_of(client.receive_one()) == "POST /a [] 0");
}

TEST_CASE("chunks that add up to too much, and endless chunk extensions, are refused") {
  EchoServer server;
  std::string body;
  for (int i = 0; i < 17; ++i) body += "10000\r\n" + std::string(65536, 'x') + "\r\n";
  require_refused(server, kChunked + body + "0\r\n\r\n", 413);
  require_refused(server, kChunked + "1;" + std::string(100000, 'x'), 400);
  require_refused(server, kChunked + "0\r\nX: " + std::string(100000, 'x'), 400);
}

TEST_CASE("a slow sender of a head is cut off") {
  Limits limits;
  limits.head_time = milliseconds(1000);
  limits.idle_time = std::chrono::minutes(1);
  EchoServer server(limits);
  REQUIRE(ask(server.port, "GET /a HTT").empty());
  REQUIRE(ask(server.port, "").empty());  // a new connection's first byte
  RawClient client(server.port);          // a byte now and then does not help
  const auto begin = std::chrono::steady_clock::now();
  std::size_t sent = 0;
  while (client.send("x") && std::chrono::steady_clock::now() - begin < kDeadline) {
    ++sent;
    if (const auto got = client.receive_some(milliseconds(20)); got && got->empty()) break;
  }
  REQUIRE(std::chrono::steady_clock::now() - begin < kDeadline);
  REQUIRE(sent > 1);
  REQUIRE(server.alive());
}

TEST_CASE("a slow sender of a body is cut off, before its request is handled") {
  Limits limits;
  limits.body_time = milliseconds(300);
  EchoServer server(limits);
  REQUIRE(ask(server.port, kPost + "Content-Length: 10\r\n\r\nabc").empty());
  REQUIRE(server.handled == 0);
}

TEST_CASE("an idle connection is closed, but serves until then") {
  Limits limits;
  limits.idle_time = milliseconds(1000);
  EchoServer server(limits);
  RawClient client(server.port);
  client.send(kGet);
  REQUIRE(status_of(client.receive_one()) == 200);
  client.send(kGet);
  REQUIRE(status_of(client.receive_one()) == 200);
  REQUIRE(client.receive_all().empty());
}

TEST_CASE("a client that does not read its answer is cut off") {
  Limits limits;
  limits.write_time = milliseconds(300);
  limits.stop_time = std::chrono::minutes(5);
  EchoServer server(limits);
  RawClient client(server.port);
  client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  REQUIRE(client.receive_some().has_value());
  const auto begin = std::chrono::steady_clock::now();
  server.server.stop();  // waits for the answer to be taken, hence for write_time
  REQUIRE(std::chrono::steady_clock::now() - begin < kDeadline);
}

TEST_CASE("heads that are too large are refused, and cost no memory") {
  EchoServer server;
  require_refused(server, "GET /" + std::string(20000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 431);
  std::string many = "GET /a HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 10000; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  require_refused(server, many + "\r\n", 431);

  const auto before = resident_bytes();
  RawClient client(server.port);
  client.send("GET /a HTTP/1.1\r\nHost: x\r\nX: ");
  const std::string piece(1 << 20, 'h');
  for (int i = 0; i < 200 && client.send(piece); ++i) {
  }
  REQUIRE(resident_bytes() < before + kMuch);
  REQUIRE(server.alive());
}

TEST_CASE("bodies that are too large are refused, and cost no memory") {
  EchoServer server;
  require_refused(server, kPost + "Content-Length: 1048577\r\n\r\n", 413);
  require_refused(server, kPost + "Content-Length: 999999999999999999\r\n\r\n", 413);
  const std::string largest(1 << 20, 'b');
  RawClient fits(server.port);
  fits.send(kPost + "Content-Length: 1048576\r\n\r\n" + largest);
  REQUIRE(body_of(fits.receive_one()) == largest);

  const auto before = resident_bytes();
  RawClient client(server.port);
  client.send(kPost + "Content-Length: 314572800\r\n\r\n");
  for (int i = 0; i < 300 && client.send(largest); ++i) {
  }
  REQUIRE(resident_bytes() < before + kMuch);
  REQUIRE(server.alive());
}

TEST_CASE("lengths that are no lengths, and two ways to give one, are refused") {
  EchoServer server;
  for (const auto* length : {"-5", "x", "1x", "", "18446744073709551616", "5, 6"}) {
    require_refused(server, kPost + "Content-Length: " + length + "\r\n\r\nhello", 400);
  }
  require_refused(server, kPost + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400);
  require_refused(server, kPost + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400);
  require_refused(server, kPost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
  for (const auto* coding : {"gzip, chunked", "xchunked", "identity", "chunked, identity", "gzip"}) {
    require_refused(server, kPost + "Transfer-Encoding: " + coding + "\r\n\r\n0\r\n\r\n", 400);
  }
  require_refused(server, kPost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
  require_refused(server, "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
  REQUIRE(server.handled == 0);
}

TEST_CASE("what is not HTTP/1.x is refused") {
  EchoServer server;
  require_refused(server, "GET /a JUNK/9.9\r\nHost: x\r\n\r\n", 400);
  require_refused(server, "GET /a HTTP/2.0\r\nHost: x\r\n\r\n", 400);
  require_refused(server, "GET /a\r\n\r\n", 400);
  require_refused(server, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400);
  require_refused(server, std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + "\r\n\r\n", 400);  // TLS
  require_refused(server, "GET /a HTTP/1.1\r\n\r\n", 400);                                                     // no Host
  require_refused(server, "GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400);
  require_refused(server, "GET /a HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n", 400);
  require_refused(server, std::string("GET /a HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", 36), 400);
  require_refused(server, "GET /a\"b HTTP/1.1\r\nHost: x\r\n\r\n", 400);
  require_refused(server, "GET /a%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400);
  require_refused(server, "GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", 400);
  require_refused(server, "GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400);
  require_refused(server, "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 400);
  REQUIRE(server.handled == 0);
  REQUIRE(server.alive());
}

TEST_CASE("Expect: 100-continue is answered before the body, or refused at once") {
  EchoServer server;
  RawClient client(server.port);
  client.send(kPost + "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  REQUIRE(status_of(client.receive_one(true)) == 100);
  client.send("hello");
  REQUIRE(body_of(client.receive_one()) == "hello");
  require_refused(server, kPost + "Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n", 413);
  require_refused(server, kPost + "Content-Length: 5\r\nExpect: miracles\r\n\r\n", 417);
}

TEST_CASE("bodies that come late hold no handler thread") {
  Limits limits;
  limits.handler_threads = 4;
  EchoServer server(limits);
  std::vector<RawClient> slow;
  for (int i = 0; i < 20; ++i) {
    slow.emplace_back(server.port);
    slow.back().send(kPost + "Content-Length: 5\r\n\r\nhel");
  }
  REQUIRE(server.alive());
  for (auto& client : slow) {
    client.send("lo");
    REQUIRE(body_of(client.receive_one()) == "hello");
  }
}

TEST_CASE("handlers that take long leave the other threads free") {
  Limits limits;
  limits.handler_threads = 4;
  EchoServer server(limits);
  std::vector<RawClient> busy;
  for (int i = 0; i < 3; ++i) {
    busy.emplace_back(server.port);
    busy.back().send("GET /block HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  server.door.wait_inside(3);
  REQUIRE(server.alive());
  server.door.open();
  for (auto& client : busy) REQUIRE(status_of(client.receive_one()) == 200);
}

TEST_CASE("requests beyond the queue get 503, those in it are served") {
  Limits limits;
  limits.handler_threads = 1;
  limits.queued_requests = 2;
  EchoServer server(limits);
  std::vector<RawClient> clients;
  for (int i = 0; i < 6; ++i) {
    clients.emplace_back(server.port);
    clients.back().send("GET /block HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  std::size_t refused = 0;
  const auto begin = std::chrono::steady_clock::now();
  while (refused < 3) {
    REQUIRE(std::chrono::steady_clock::now() - begin < kDeadline);
    for (auto client = clients.begin(); client != clients.end();) {
      const auto answer = client->receive_some(milliseconds(10));
      if (answer) {
        REQUIRE(status_of(*answer) == 503);
        REQUIRE(answer->find("Retry-After: ") != std::string::npos);
        ++refused;
      }
      client = answer ? clients.erase(client) : client + 1;
    }
  }
  server.door.open();
  REQUIRE(clients.size() == 3);
  for (auto& client : clients) REQUIRE(status_of(client.receive_one()) == 200);
}

TEST_CASE("a handler that throws, forgets to answer or answers twice does no harm") {
  EchoServer server;
  RawClient client(server.port);
  for (const auto* path : {"/throw", "/forget"}) {
    client.send(std::string("GET ") + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    REQUIRE(status_of(client.receive_one()) == 500);
  }
  client.send("GET /twice HTTP/1.1\r\nHost: x\r\n\r\n");
  REQUIRE(body_of(client.receive_one()) == "first");
  client.send(kGet);
  REQUIRE(body_of(client.receive_one()) == "GET /a [] 0");
}

TEST_CASE("clients that reset their connections during answers do no harm") {
  EchoServer server;
  for (int i = 0; i < 30; ++i) {
    RawClient client(server.port);
    client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    client.receive_some();
    client.reset();
  }
  REQUIRE(server.alive());
}

TEST_CASE("paths keep their encoding, other forms of the target are understood") {
  EchoServer server;
  RawClient client(server.port);
  const auto get = [&](const std::string& target) {
    client.send("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
    return body_of(client.receive_one());
  };
  REQUIRE(get("/v1/tasks/a%2Fb%20c?x=%26&y") == "GET /v1/tasks/a%2Fb%20c [x=%26&y] 0");
  REQUIRE(get("//evil/x") == "GET //evil/x [] 0");
  REQUIRE(get("/a/../b") == "GET /a/../b [] 0");
  REQUIRE(get("http://other:1/a?b") == "GET /a [b] 0");
  REQUIRE(get("/?") == "GET / [] 0");
}

TEST_CASE("a UTF-8 header in two packets is answered once") {
  EchoServer server;
  RawClient client(server.port);
  client.send("GET /a HTTP/1.1\r\nHost: x\r\nX-Name: h\xc3");
  REQUIRE_FALSE(client.receive_some(milliseconds(100)).has_value());
  client.send("\xa9\r\nConnection: close\r\n\r\n");
  const auto all = client.receive_all();
  REQUIRE(body_of(all) == "GET /a [] 0 h\xc3\xa9");
}

TEST_CASE("pipelined requests are answered in their order") {
  EchoServer server;
  std::string bytes;
  for (int i = 0; i < 50; ++i) {
    const auto body = "number " + std::to_string(i);
    bytes += kPost + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  RawClient client(server.port);
  client.send(bytes + kLastGet);
  for (int i = 0; i < 50; ++i) REQUIRE(body_of(client.receive_one()) == "number " + std::to_string(i));
  REQUIRE(body_of(client.receive_all()) == "GET /a [] 0");
}

TEST_CASE("HEAD, other methods and HTTP/1.0") {
  EchoServer server;
  RawClient client(server.port);
  client.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n" + kGet);
  const auto head = client.receive_one(true);
  REQUIRE(head.find("Content-Length: 12\r\n") != std::string::npos);
  REQUIRE(body_of(client.receive_one()) == "GET /a [] 0");
  for (const std::string method : {"OPTIONS", "TRACE", "PATCH", "DELETE", "BREW"}) {
    client.send(method + " /a HTTP/1.1\r\nHost: x\r\n\r\n");
    REQUIRE(body_of(client.receive_one()) == method + " /a [] 0");
  }
  REQUIRE(status_of(ask(server.port, "GET /a HTTP/1.0\r\n\r\n")) == 200);
  REQUIRE(ask(server.port, kLastGet).find("Cache-Control: no-store\r\n") != std::string::npos);
}

TEST_CASE("a request that waits learns that its client has gone") {
  EchoServer server;
  {
    RawClient client(server.port);
    client.send("GET /late HTTP/1.1\r\nHost: x\r\n\r\n");
    server.door.wait_inside(1);
  }
  // The server sees the end of that connection before it accepts a later one.
  REQUIRE(server.alive());
  server.door.open();
  server.join_late();
  REQUIRE(server.saw_gone);
}

TEST_CASE("a client that leaves after sending more than its request is noticed, too") {
  EchoServer server;
  {
    RawClient client(server.port);
    client.send("GET /until-gone HTTP/1.1\r\nHost: x\r\n\r\n" + kGet);
    while (server.handled == 0) std::this_thread::sleep_for(milliseconds(1));
  }
  server.join_late();
  REQUIRE(server.saw_gone);
}
