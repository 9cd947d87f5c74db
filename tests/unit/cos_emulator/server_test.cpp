// What libcurl would not send or not show: raw bytes over a socket.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "client.hpp"

using namespace cos_test;
using ch::cos_emulator::Fault;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto kDeadline = std::chrono::seconds(20);

class Socket {
 public:
  explicit Socket(std::uint16_t port) : port_(port), fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("connect");
  }
  ~Socket() { close(); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  bool send(const std::string& bytes) {
    std::size_t at = 0;
    while (at < bytes.size()) {
      const ssize_t sent = ::send(fd_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) return false;
      at += static_cast<std::size_t>(sent);
    }
    return true;
  }
  // Until the text has come, or the other side has closed ("" wanted), or the deadline.
  const std::string& read_until(const std::string& wanted) {
    const auto end = Clock::now() + kDeadline;
    closed_ = false;
    while (Clock::now() < end && (wanted.empty() || got_.find(wanted) == std::string::npos)) {
      pollfd waiting{fd_, POLLIN, 0};
      if (::poll(&waiting, 1, 100) <= 0) continue;
      char buffer[4096];
      const ssize_t read = ::recv(fd_, buffer, sizeof buffer, 0);
      closed_ = read <= 0;
      if (closed_) break;
      got_.append(buffer, static_cast<std::size_t>(read));
    }
    return got_;
  }
  bool closed() const { return closed_; }
  void forget() { got_.clear(); }

  std::string head(const std::string& method, const std::string& key, Pairs headers, const Key& credentials = {}) const {
    headers.emplace_back("host", fmt::format("127.0.0.1:{}", port_));
    const std::string path = fmt::format("/{}/{}", kBucket, key);
    std::string out = fmt::format("{} {} HTTP/1.1\r\nAuthorization: {}\r\n", method, path, sign(credentials, method, path, {}, headers));
    for (const auto& [name, value] : headers) out += name + ": " + value + "\r\n";
    return out + "\r\n";
  }

 private:
  std::uint16_t port_;
  int fd_;
  std::string got_;
  bool closed_ = false;
};

template <class Condition>
bool eventually(Condition condition) {
  const auto end = Clock::now() + kDeadline;
  while (!condition()) {
    if (Clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

Key wrong_key() {
  Key key;
  key.secret = "wrong";
  return key;
}

}  // namespace

TEST_CASE("One connection serves request after request, refused ones too") {
  World world;
  Socket socket(world.emulator.port());
  for (int i = 0; i < 3; ++i) {
    REQUIRE(socket.send(socket.head("PUT", "k", {{"content-length", "3"}}) + "abc"));
    CHECK(socket.read_until("\r\n\r\n").rfind("HTTP/1.1 200 OK\r\n", 0) == 0);
    socket.forget();
    REQUIRE(socket.send(socket.head("PUT", "k", {{"content-length", "3"}}, wrong_key()) + "abc"));
    CHECK(socket.read_until("</Error>").rfind("HTTP/1.1 403", 0) == 0);
    socket.forget();
    REQUIRE(socket.send(socket.head("HEAD", "none", {{"content-length", "0"}})));
    CHECK(socket.read_until("\r\n\r\n").rfind("HTTP/1.1 404", 0) == 0);
    socket.forget();
  }
  // Two at once.
  REQUIRE(socket.send(socket.head("GET", "k", {}) + socket.head("GET", "k", {{"range", "bytes=1-1"}})));
  CHECK(socket.read_until("\r\n\r\nabcHTTP/1.1 206").find("\r\n\r\nabcHTTP/1.1 206") != std::string::npos);
  CHECK(world.emulator.counters().connections == 1);
}

TEST_CASE("A large body that is refused is not awaited, and the reason can be read") {
  World world;
  Socket socket(world.emulator.port());
  REQUIRE(socket.send(socket.head("PUT", "k", {{"content-length", "100000000"}}, wrong_key())));
  // The client goes on sending; the answer must come through all the same.
  for (int i = 0; i < 64 && socket.send(std::string(65536, 'x')); ++i) {
  }
  const std::string& answer = socket.read_until("</Error>");
  CHECK(answer.find("HTTP/1.1 403") == 0);
  CHECK(answer.find("SignatureDoesNotMatch") != std::string::npos);
  CHECK(answer.find("Connection: close") != std::string::npos);
}

TEST_CASE("Expect: 100-continue is answered, or refused without the body") {
  World world;
  Socket socket(world.emulator.port());
  REQUIRE(socket.send(socket.head("PUT", "k", {{"content-length", "3"}, {"expect", "100-continue"}})));
  CHECK(socket.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  socket.forget();
  REQUIRE(socket.send("abc"));
  CHECK(socket.read_until("\r\n\r\n").find("HTTP/1.1 200") == 0);
  socket.forget();
  REQUIRE(socket.send(socket.head("PUT", "k", {{"content-length", "3"}, {"expect", "100-continue"}}, wrong_key())));
  CHECK(socket.read_until("</Error>").find("HTTP/1.1 403") == 0);
}

TEST_CASE("A client that goes away amid its body leaves nothing") {
  World world;
  {
    Socket socket(world.emulator.port());
    REQUIRE(socket.send(socket.head("PUT", "k", {{"content-length", "1000000"}}) + std::string(300000, 'x')));
    REQUIRE(eventually([&] { return world.emulator.counters().bytes_in > 0; }));
    CHECK(files_below(world.folder.path()) == 1);
  }
  CHECK(eventually([&] { return files_below(world.folder.path()) == 0; }));
  CHECK(world.client.head("k").status == 404);
}

TEST_CASE("What is not HTTP, or too much of it, is refused and the connection closed") {
  World world;
  Socket garbage(world.emulator.port());
  REQUIRE(garbage.send("\x16\x03\x01 hello\r\n\r\n"));
  CHECK(garbage.read_until("").find("HTTP/1.1 400") == 0);
  CHECK(garbage.closed());
  Socket endless(world.emulator.port());
  endless.send("GET / HTTP/1.1\r\nx: " + std::string(200000, 'x'));
  CHECK(endless.read_until("</Error>").find("HTTP/1.1 400") == 0);
  Socket huge(world.emulator.port());
  REQUIRE(huge.send(huge.head("PUT", "k", {{"content-length", "5368709121"}})));
  CHECK(huge.read_until("</Error>").find("EntityTooLarge") != std::string::npos);
  Socket undecodable(world.emulator.port());
  REQUIRE(undecodable.send("GET /%zz HTTP/1.1\r\nhost: x\r\n\r\n"));
  CHECK(undecodable.read_until("</Error>").find("InvalidURI") != std::string::npos);
}

TEST_CASE("The emulator stops at once, whatever is under way") {
  Folder folder;
  const World world;
  auto emulator = std::make_unique<ch::cos_emulator::Emulator>(world.options(folder));
  Fault stall;
  stall.kind = Fault::Kind::stall;
  stall.stall_ms = 3600 * 1000;
  stall.operation = "get";
  emulator->add_fault(stall);
  Socket idle(emulator->port()), stalled(emulator->port()), sending(emulator->port());
  REQUIRE(stalled.send(stalled.head("GET", "k", {})));
  REQUIRE(sending.send(sending.head("PUT", "k", {{"content-length", "1000000"}}) + std::string(300000, 'x')));
  REQUIRE(eventually([&] { return emulator->counters().requests["get"] == 1 && emulator->counters().bytes_in > 0; }));
  const auto start = Clock::now();
  emulator.reset();
  CHECK(Clock::now() - start < std::chrono::seconds(5));
  idle.read_until("");
  CHECK(idle.closed());
  CHECK(files_below(folder.path()) == 0);
}

TEST_CASE("A port that is taken is said") {
  World world;
  Folder folder;
  auto options = world.options(folder);
  options.port = world.emulator.port();
  CHECK_THROWS_WITH(ch::cos_emulator::Emulator(options), Catch::Contains(std::to_string(options.port)));
}
