// An HttpServer on a free port with a handler that echoes, waits on demand, throws, or answers late.
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "raw_client.hpp"
#include "rest/http/http_server.hpp"

namespace ch::tests {

// Handlers of /block wait here until the test opens it.
class Door {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++inside_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void wait_inside(int count) {
    std::unique_lock lock(mutex_);
    const bool there = changed_.wait_for(lock, kDeadline, [&] { return inside_ >= count; });
    REQUIRE(there);
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int inside_ = 0;
  bool open_ = false;
};

inline const std::string kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
inline const std::string kLastGet = "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

struct EchoServer {
  explicit EchoServer(rest::Limits limits = {}, const std::string& listener = "http://127.0.0.1:0", const rest::Tls& tls = {})
      : server(
            {listener}, limits, [this](const rest::Request& request, const rest::Reply& reply) { answer(request, reply); }, tls) {
    const auto status = server.start();
    if (!status) FAIL(status.error().message);
    const auto address = server.addresses().at(0);
    port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  ~EchoServer() {
    door.open();
    server.stop();
    join_late();
  }

  void answer(const rest::Request& request, const rest::Reply& reply) {
    ++handled;
    if (request.path == "/block") door.pass();
    if (request.path == "/throw") throw std::runtime_error("on purpose");
    if (request.path == "/forget") return;
    if (request.path == "/twice") reply({200, {}, "first"});
    if (request.path == "/feed") return reply({200, {{"Content-Type", "text/event-stream"}}, {}, feed});
    if (request.path == "/large") return reply({200, {}, std::string(8 << 20, 'x')});
    if (request.path == "/late") {
      const std::lock_guard lock(mutex);
      late.emplace_back([this, reply, gone = request.gone] {
        door.pass();
        saw_gone = gone->load();
        reply({200, {}, "late"});
      });
      return;
    }
    if (request.path == "/until-gone") {
      const std::lock_guard lock(mutex);
      late.emplace_back([this, reply, gone = request.gone] {
        const auto begin = std::chrono::steady_clock::now();
        while (!gone->load() && std::chrono::steady_clock::now() - begin < kDeadline)
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
        saw_gone = gone->load();
        reply({200, {}, "late"});
      });
      return;
    }
    std::string text = request.method + " " + request.path + " [" + request.query + "] " + std::to_string(request.body.size());
    if (const auto* utf8 = request.header("X-Name")) text += " " + *utf8;
    if (request.path == "/echo") text = request.body;
    reply({200, {{"Content-Type", "text/plain"}}, text});
  }

  void join_late() {
    const std::lock_guard lock(mutex);
    for (auto& thread : late) thread.join();
    late.clear();
  }

  // The server still serves.
  bool alive() const { return status_of(ask(port, "GET /alive HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")) == 200; }

  Door door;
  std::atomic<int> handled{0};
  std::atomic<bool> saw_gone{false};
  const std::shared_ptr<rest::BodyStream> feed = std::make_shared<rest::BodyStream>();  // the body of /feed
  std::mutex mutex;
  std::vector<std::thread> late;
  rest::HttpServer server;
  std::uint16_t port = 0;
};

}  // namespace ch::tests
