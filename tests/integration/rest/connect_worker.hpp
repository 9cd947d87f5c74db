// The REST server over a service that is not started, and requests to it.
#pragma once

#include <nlohmann/json.hpp>

#include "idle_service.hpp"
#include "raw_client.hpp"
#include "rest/server.hpp"

namespace ch::tests {

inline std::uint16_t port_of(const std::string& address) {
  return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

struct Worker {
  explicit Worker(rest::ServerOptions options = {}, const std::filesystem::path& plugins = {})
      : service(plugins), server(*service, with_listener(std::move(options))) {
    const auto status = server.start();
    if (!status) FAIL(status.error().message);
    server.ready();
    port = port_of(server.addresses().at(0));
  }
  static rest::ServerOptions with_listener(rest::ServerOptions options) {
    options.listeners = {"http://127.0.0.1:0"};
    options.commit = "abcdef";
    return options;
  }
  int call(const std::string& line, const std::string& body = {}, const std::string& headers = {}) {
    last = ask(port, line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers +
                         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    answer = nlohmann::json::parse(body_of(last), nullptr, false);
    return status_of(last);
  }
  std::string message() const { return answer.is_object() ? answer.value("message", "") : ""; }
  bool says(const std::string& header) const { return last.find(header + "\r\n") != std::string::npos; }

  IdleService service;
  rest::Server server;
  std::uint16_t port = 0;
  std::string last;
  nlohmann::json answer;
};

}  // namespace ch::tests
