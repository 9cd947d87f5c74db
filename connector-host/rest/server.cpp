#include "rest/server.hpp"

#include <atomic>
#include <chrono>

#include "base/log.hpp"
#include "rest/gate.hpp"
#include "rest/http_server.hpp"
#include "rest/routes.hpp"

namespace ch::rest {

class Server::Impl {
 public:
  Impl(tasks::TaskService& service, ServerOptions options)
      : token_(std::move(options.token)),
        metrics_(service.metrics()),
        streams_(service),
        http_(std::move(options.listeners), options.limits, [this](const Request& request, const Reply& reply) { serve(request, reply); }) {
    const RouteContext context{
        service, waiters_, streams_, std::move(options.version), std::move(options.commit), [this] { return ready_.load(); }};
    add_host_routes(router_, context);
    add_task_routes(router_, context);
    add_event_routes(router_, context);
    add_dashboard_routes(router_);
  }

  Status start();
  void ready() { ready_ = true; }
  std::vector<std::string> addresses() const { return http_.addresses(); }
  void stop();

 private:
  void serve(const Request& request, const Reply& reply);

  const std::string token_;
  metrics::Metrics& metrics_;
  std::atomic<bool> ready_{false};
  Waiters waiters_;
  EventStreams streams_;
  Router router_;
  HttpServer http_;  // last: its threads use all of the above
};

Status Server::Impl::start() {
  const auto status = http_.start();
  if (!status) return status;
  for (const auto& address : http_.addresses()) {
    log::info("", "REST API at {}", address);
    const bool local = address.rfind("http://127.", 0) == 0 || address.rfind("http://[::1]", 0) == 0;
    if (!local && token_.empty()) log::warn("", "{} can be reached from other machines and asks for no token", address);
  }
  return {};
}

void Server::Impl::stop() {
  waiters_.stop();  // first, or the transport would wait for their answers
  streams_.stop();
  http_.stop();
}

void Server::Impl::serve(const Request& request, const Reply& reply) {
  const auto begin = std::chrono::steady_clock::now();
  std::optional<Wait> wait;
  auto response = guarded(request.method + " " + request.path, [&]() -> Response {
    if (auto refused = gate(request, token_, ready_.load())) return std::move(*refused);
    auto answer = router_.dispatch(request);
    if (auto* later = std::get_if<Wait>(&answer)) {
      wait = std::move(*later);
      return {};
    }
    return std::get<Response>(std::move(answer));
  });
  const auto passed = std::chrono::steady_clock::now() - begin;
  const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(passed).count();
  if (!wait) metrics_.rest_request(request.method, response.status, std::chrono::duration<double>(passed).count());
  log::debug("", "{} {} {} {} ms", request.method, request.path, wait ? "waits" : std::to_string(response.status), spent);
  if (wait) {
    waiters_.add(std::move(*wait), reply, request.gone);
  } else {
    reply(std::move(response));
  }
}

Server::Server(tasks::TaskService& service, ServerOptions options) : impl_(std::make_unique<Impl>(service, std::move(options))) {}
Server::~Server() { stop(); }
Status Server::start() { return impl_->start(); }
void Server::ready() { impl_->ready(); }
std::vector<std::string> Server::addresses() const { return impl_->addresses(); }
void Server::stop() { impl_->stop(); }

}  // namespace ch::rest
