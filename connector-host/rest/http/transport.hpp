// HTTP/1.1 on sockets of ours: every size, time and number is bounded, and what is malformed is answered, not obeyed.
// cpprestsdk's own listener has none of these bounds (and can be made to abort), so this lies below its http_listener.
//
// One thread reads and writes all connections; requests run on a bounded pool of handler threads once they are complete.
// All functions are for the owner's thread, except that Replies may come from anywhere until stop() has returned.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "rest/http/http.hpp"

namespace ch::rest {

struct Limits {
  std::size_t head_bytes = std::size_t{16} * 1024;    // request line and headers; more is 431
  std::size_t body_bytes = std::size_t{1024} * 1024;  // more is 413
  std::size_t connections = 256;                      // the next one takes the place of one that asks for nothing, else gets 503
  std::size_t handler_threads = 8;
  std::size_t queued_requests = 128;            // waiting for a handler thread; the next one gets 503
  std::chrono::milliseconds head_time{10000};   // for a request head, from its first byte; also for a new connection's first byte
  std::chrono::milliseconds body_time{30000};   // for a request body
  std::chrono::milliseconds write_time{30000};  // for the client to take an answer
  std::chrono::milliseconds idle_time{30000};   // between two requests of a connection
  std::chrono::milliseconds rest_time{1000};    // of it, in which the connection keeps its place although all are taken
  std::chrono::milliseconds linger_time{2000};  // for the client to read the last answer before the connection is cut
  std::chrono::milliseconds stop_time{5000};    // for answers to be taken once stop() has been called
};

// Files in PEM; all empty: no https:// listeners.
struct Tls {
  std::string certificate;  // with the chain
  std::string key;
  std::string ca;  // if not empty: clients must show a certificate that it has signed
};

class Transport {
 public:
  // `handler` gets complete requests, with the number that listen() gave the listener they came in by.
  using Sink = std::function<void(std::size_t listener, Request, Reply)>;

  Transport(const Limits& limits, Sink handler);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  ~Transport();  // as stop()

  struct Bound {
    std::size_t listener = 0;
    std::string host;  // the address really bound, IPv6 in brackets
    std::uint16_t port = 0;
  };
  // Binds; connections wait in the backlog until start(). Port 0: any free one.
  Result<Bound> listen(const std::string& host, std::uint16_t port, bool secure = false);
  Status use(const Tls& tls);  // before a secure listen()
  void start();
  // Closes listeners and idle connections, lets running requests finish and their answers be read, ends the threads.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ch::rest
