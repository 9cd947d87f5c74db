// HTTP listeners for one handler: cpprestsdk's http_listener, carried by our Transport. One of these can run in a
// process at a time, since cpprestsdk has one server interface a process. For the owner's thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "rest/http/http.hpp"
#include "rest/http/transport.hpp"

namespace ch::rest {

class HttpServer {
 public:
  // listeners: "http://host:port" or "https://host:port"; port 0 takes any free one.
  HttpServer(std::vector<std::string> listeners, const Limits& limits, Handler handler, Tls tls = {});
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();  // as stop()

  Status start();                              // all listeners or none
  std::vector<std::string> addresses() const;  // "http://127.0.0.1:41234", with the real ports
  void stop();                                 // lets running requests finish

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ch::rest
