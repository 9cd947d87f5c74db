// A client that sends bytes as they are given, well-formed or not. For one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ch::tests {

constexpr std::chrono::seconds kDeadline{20};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  RawClient(RawClient&& other) noexcept;
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  RawClient& operator=(RawClient&& other) noexcept;
  ~RawClient();

  bool send(std::string_view bytes);                                                       // false: the server has closed
  std::optional<std::string> receive_some(std::chrono::milliseconds timeout = kDeadline);  // "": closed; nothing: timed out
  // Everything until the server closes. Fails the test if it does not within kDeadline.
  std::string receive_all();
  // One answer with a Content-Length, or the head alone if `head_only`. Leaves what follows for the next call.
  std::string receive_one(bool head_only = false);
  void reset();  // closes with a RST

 private:
  int socket_ = -1;
  std::string buffer_;
};

int status_of(std::string_view answer);  // of the first line; 0 if there is none
std::string body_of(std::string_view answer);
// Sends on a new connection, returns all until the server closes it.
std::string ask(std::uint16_t port, std::string_view bytes);

std::size_t resident_bytes();  // of this process

}  // namespace ch::tests
