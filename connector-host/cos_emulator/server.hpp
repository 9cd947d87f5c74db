// The HTTP server: 127.0.0.1, keep-alive, concurrent connections on a few threads of its own, bodies streamed in pieces.
#pragma once

#include <cstdint>
#include <memory>

#include "cos_emulator/http.hpp"

namespace ch::cos_emulator {

class Server {
 public:
  Server(Service& service, std::uint16_t port, int threads);  // throws std::runtime_error when the port cannot be had
  ~Server();                                                  // closes every connection and joins the threads
  std::uint16_t port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ch::cos_emulator
