// The REST API of one host. Owned by whoever runs the host, who also owns the service; the service must outlive it.
// For the owner's thread; requests are served on threads of its own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "rest/http/transport.hpp"
#include "tasks/task_service.hpp"

namespace ch::rest {

struct ServerOptions {
  std::vector<std::string> listeners;
  std::string version;
  std::string commit;
  std::string token = {};  // if not empty, requests need "Authorization: Bearer <token>"
  Limits limits = {};
  // Where Kafka Connect's /admin is served: nothing = at the listeners, empty = nowhere.
  std::optional<std::vector<std::string>> admin_listeners = {};
  std::vector<std::string> allowed_origins = {};  // of pages of other web sites
  std::vector<std::string> allowed_methods = {};  // for these
  std::vector<std::string> allowed_hosts = {};    // what Host may say without a token, beside loopback names and addresses
  Tls tls = {};                                   // of https:// listeners
};

class Server {
 public:
  Server(tasks::TaskService& service, const ServerOptions& options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();  // as stop()

  Status start();                              // listens; until ready() is called, /health and /v1 answer 503
  void ready();                                // the service has started; any thread
  std::vector<std::string> addresses() const;  // "http://127.0.0.1:8083", with the real ports; without the admin listeners'
  void stop();                                 // answers who waits, lets running requests finish

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ch::rest
