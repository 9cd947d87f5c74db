// A small HTTP proxy on 127.0.0.1, as companies have them: it forwards plain requests, makes tunnels for CONNECT, may want a
// user and password, and remembers the first line of all that it was asked.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace ch::cos {

class ForwardProxy {
 public:
  // `authorization`: what a request's Proxy-Authorization must be; "" none is needed.
  explicit ForwardProxy(std::string authorization = {})
      : authorization_(std::move(authorization)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener_, 64) == 0);
    REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    host = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  ForwardProxy(const ForwardProxy&) = delete;
  ForwardProxy& operator=(const ForwardProxy&) = delete;
  ~ForwardProxy() {
    ending_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    for (auto& connection : connections_) connection.join();
    ::close(listener_);
  }
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  std::string host;  // "127.0.0.1:PORT"

 private:
  void serve() {
    for (int fd = ::accept(listener_, nullptr, nullptr); fd >= 0; fd = ::accept(listener_, nullptr, nullptr)) {
      connections_.emplace_back([this, fd] {
        handle(fd);
        ::close(fd);
      });
    }
  }

  void handle(int client) {
    std::string head;
    char buffer[16384];
    while (head.find("\r\n\r\n") == std::string::npos) {
      if (!readable(client)) return;
      const auto got = ::recv(client, buffer, sizeof buffer, 0);
      if (got <= 0) return;
      head.append(buffer, static_cast<std::size_t>(got));
    }
    const auto line = head.substr(0, head.find("\r\n"));
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(line);
    }
    if (!authorization_.empty() && head.find("\r\nProxy-Authorization: " + authorization_ + "\r\n") == std::string::npos)
      return send_all(client, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    const bool tunnel = line.starts_with("CONNECT ");
    auto target = line.substr(line.find(' ') + 1);
    target = target.substr(0, target.find(' '));
    if (!tunnel) target = target.substr(target.find("://") + 3);
    const auto slash = std::min(target.find('/'), target.size());
    const int server = connected(target.substr(0, slash));
    if (server < 0) return send_all(client, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    if (tunnel) {
      send_all(client, "HTTP/1.1 200 Connection established\r\n\r\n");
      send_all(server, head.substr(head.find("\r\n\r\n") + 4));
    } else {
      const auto first = line.substr(0, line.find(' ')) + ' ' + target.substr(slash) + " HTTP/1.1\r\nConnection: close\r\n";
      send_all(server, first + head.substr(line.size() + 2));
    }
    pump(client, server);
    ::close(server);
  }

  bool readable(int fd) const {
    pollfd one{fd, POLLIN, 0};
    while (!ending_) {
      if (::poll(&one, 1, 50) > 0) return true;
    }
    return false;
  }

  void pump(int client, int server) const {
    pollfd both[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    char buffer[16384];
    while (!ending_) {
      if (::poll(both, 2, 50) <= 0) continue;
      for (int i = 0; i < 2; ++i) {
        if (both[i].revents == 0) continue;
        const auto got = ::recv(both[i].fd, buffer, sizeof buffer, 0);
        if (got <= 0) return;
        send_all(both[1 - i].fd, {buffer, static_cast<std::size_t>(got)});
      }
    }
  }

  static int connected(const std::string& target) {
    const auto colon = target.rfind(':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(target.substr(colon + 1))));
    if (::inet_pton(AF_INET, target.substr(0, colon).c_str(), &address.sin_addr) != 1) return -1;
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
    ::close(fd);
    return -1;
  }

  static void send_all(int fd, std::string_view text) {
    while (!text.empty()) {
      const auto sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  const std::string authorization_;
  int listener_;
  std::atomic<bool> ending_{false};
  std::mutex mutex_;
  std::vector<std::string> asked_;
  std::vector<std::thread> connections_;  // of thread_
  std::thread thread_;
};

}  // namespace ch::cos
