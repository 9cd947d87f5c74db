// What tests do over the loopback: ports, HTTP by libcurl, and bytes that no proper client would send.
#pragma once

#include <netinet/in.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace ch::test {

// A TCP port of 127.0.0.1 that nothing listens on, below those that the kernel gives to outgoing connections, so that it
// stays free until it is used. Each call gives another.
std::uint16_t free_port();
sockaddr_in loopback(std::uint16_t port);  // 127.0.0.1

struct Answer {
  long status = 0;  // 0: none came; `error` says why
  std::string body;
  nlohmann::json json;                         // null unless the body is JSON
  std::map<std::string, std::string> headers;  // names in lower case
  std::string error;
};

struct Request {
  std::string method = "GET";
  std::string url;
  std::optional<std::string> body = {};
  std::map<std::string, std::string> headers = {};
  std::chrono::milliseconds limit = std::chrono::seconds(60);
};

Answer http(const Request& request);

// A connection to 127.0.0.1 without any protocol.
class RawConnection {
 public:
  explicit RawConnection(std::uint16_t port);  // throws std::system_error
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;
  ~RawConnection();

  bool send(std::string_view bytes);  // false: the peer has closed
  // What comes until the peer closes or `limit` is over.
  std::string receive(std::chrono::milliseconds limit);
  bool closed() const { return closed_; }  // by the peer, as receive() has seen

 private:
  int socket_ = -1;
  bool closed_ = false;
};

}  // namespace ch::test
