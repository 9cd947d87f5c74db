#include "raw_client.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace ch::tests {

RawClient::RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    ::close(socket_);
    throw std::runtime_error("cannot connect");
  }
}

RawClient::RawClient(RawClient&& other) noexcept : socket_(std::exchange(other.socket_, -1)), buffer_(std::move(other.buffer_)) {}

RawClient& RawClient::operator=(RawClient&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(buffer_, other.buffer_);
  return *this;
}

RawClient::~RawClient() {
  if (socket_ >= 0) ::close(socket_);
}

void RawClient::reset() {
  const linger now{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  ::close(std::exchange(socket_, -1));
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::optional<std::string> RawClient::receive_some(std::chrono::milliseconds timeout) {
  pollfd poller{socket_, POLLIN, 0};
  if (::poll(&poller, 1, static_cast<int>(timeout.count())) <= 0) return std::nullopt;
  std::array<char, 65536> chunk{};
  const auto got = ::recv(socket_, chunk.data(), chunk.size(), 0);
  return std::string(chunk.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
}

std::string RawClient::receive_all() {
  std::string all = std::exchange(buffer_, {});
  while (true) {
    const auto more = receive_some();
    if (!more) throw std::runtime_error("the server did not close the connection; so far: " + all);
    if (more->empty()) return all;
    all += *more;
  }
}

std::string RawClient::receive_one(bool head_only) {
  const auto need = [this](std::size_t bytes) {
    while (buffer_.size() < bytes) {
      const auto more = receive_some();
      if (!more || more->empty()) throw std::runtime_error("no complete answer; so far: " + buffer_);
      buffer_ += *more;
    }
  };
  while (buffer_.find("\r\n\r\n") == std::string::npos) need(buffer_.size() + 1);
  const auto head = buffer_.find("\r\n\r\n") + 4;
  std::size_t length = 0;
  std::string lower = buffer_.substr(0, head);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (const auto field = lower.find("\r\ncontent-length: "); field != std::string::npos && !head_only) {
    std::from_chars(lower.data() + field + 18, lower.data() + lower.size(), length);
  }
  need(head + length);
  auto answer = buffer_.substr(0, head + length);
  buffer_.erase(0, head + length);
  return answer;
}

int status_of(std::string_view answer) {
  int status = 0;
  if (answer.rfind("HTTP/1.1 ", 0) == 0) std::from_chars(answer.data() + 9, answer.data() + answer.size(), status);
  return status;
}

std::string body_of(std::string_view answer) {
  const auto end = answer.find("\r\n\r\n");
  return end == std::string_view::npos ? std::string() : std::string(answer.substr(end + 4));
}

std::string ask(std::uint16_t port, std::string_view bytes) {
  RawClient client(port);
  client.send(bytes);
  return client.receive_all();
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace ch::tests
