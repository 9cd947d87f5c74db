#include "rest/server.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>

#include "base/log.hpp"
#include "config/listener.hpp"
#include "rest/connect/routes.hpp"
#include "rest/core/cors.hpp"
#include "rest/core/request_filter.hpp"
#include "rest/http/http_server.hpp"
#include "rest/pages/page_routes.hpp"
#include "rest/v1/routes.hpp"

namespace ch::rest {

namespace {

std::vector<std::string> all_listeners(const ServerOptions& options) {
  auto all = options.listeners;
  for (const auto& listener : options.admin_listeners.value_or(std::vector<std::string>{})) {
    if (std::find(all.begin(), all.end(), listener) == all.end()) all.push_back(listener);
  }
  return all;
}

bool is_network(const std::string& listener) {
  const auto parsed = config::parse_listener(listener);
  return !parsed || !config::is_loopback(parsed->host);
}

std::vector<Names> names_of(const std::vector<std::string>& listeners, const std::vector<std::string>& allowed) {
  std::vector<Names> out;
  for (const auto& listener : listeners) {
    const auto parsed = config::parse_listener(listener);
    out.push_back({parsed ? parsed->host : "", is_network(listener), allowed});
  }
  return out;
}

}  // namespace

class Server::Impl {
 public:
  Impl(tasks::TaskService& service, const ServerOptions& options)
      : options_(options),
        listeners_(all_listeners(options)),
        names_(names_of(listeners_, options.allowed_hosts)),
        cors_(options.allowed_origins, options.allowed_methods),
        metrics_(service.metrics()),
        streams_(service),
        http_(
            listeners_, options.limits, [this](const Request& request, const Reply& reply) { serve(request, reply); }, options.tls) {
    const RouteContext context{service, long_polls_, streams_, options.version, options.commit, [this] { return ready_.load(); }};
    add_host_routes(router_, context);
    add_task_routes(router_, context);
    add_event_routes(router_, context);
    add_page_routes(router_, context);
    add_dashboard_routes(router_);
    connect::add_connector_routes(connect_router_, context);
    connect::add_offset_routes(connect_router_, context);
    connect::add_plugin_routes(connect_router_, context);
    connect::add_admin_routes(connect_router_);
  }

  Status start();
  void ready() { ready_ = true; }
  std::vector<std::string> addresses() const;
  void stop();

 private:
  void serve(const Request& request, const Reply& reply);
  Answer answer(const Request& request) const;
  bool served_here(const Request& request) const;

  const ServerOptions options_;
  const std::vector<std::string> listeners_;  // those for /admin too; requests name theirs by its number
  const std::vector<Names> names_;            // of each of them
  const Cors cors_;
  metrics::Metrics& metrics_;
  std::atomic<bool> ready_{false};
  LongPolls long_polls_;
  EventStreams streams_;
  Router router_;
  Router connect_router_{Style::connect};
  HttpServer http_;  // last: its threads use all of the above
};

std::vector<std::string> Server::Impl::addresses() const {
  auto all = http_.addresses();
  all.resize(std::min(all.size(), options_.listeners.size()));
  return all;
}

Status Server::Impl::start() {
  const auto status = http_.start();
  if (!status) return status;
  for (const auto& address : http_.addresses()) log::info("", "REST API at {}", address);
  return {};
}

// What is only at the admin listeners, and what is not there.
bool Server::Impl::served_here(const Request& request) const {
  if (!options_.admin_listeners) return true;
  const auto& wanted = listeners_[request.listener];
  const auto in = [&](const std::vector<std::string>& list) { return std::find(list.begin(), list.end(), wanted) != list.end(); };
  return is_admin(request) ? in(*options_.admin_listeners) : in(options_.listeners) || is_health(request);
}

Answer Server::Impl::answer(const Request& request) const {
  if (auto allowed = cors_.preflight(request)) return std::move(*allowed);
  if (auto refused = gate(request, {options_.token, ready_.load(), cors_.allows(request), &names_[request.listener]}))
    return std::move(*refused);
  if (!served_here(request)) return plain_error(404, "HTTP 404 Not Found");
  return area_of(request) == Area::connect ? connect_router_.dispatch(request) : router_.dispatch(request);
}

void Server::Impl::stop() {
  long_polls_.stop();  // first, or the transport would wait for their answers
  streams_.stop();
  http_.stop();
}

void Server::Impl::serve(const Request& request, const Reply& to) {
  const auto begin = std::chrono::steady_clock::now();
  const Reply reply = !cors_.allows(request) ? to : [this, to, origin = *request.header("Origin")](Response response) {
    cors_.mark(origin, response);
    to(std::move(response));
  };
  std::optional<Wait> wait;
  auto response = guarded(request.method + " " + request.path, [&]() -> Response {
    auto found = answer(request);
    if (auto* later = std::get_if<Wait>(&found)) {
      wait = std::move(*later);
      return {};
    }
    return std::get<Response>(std::move(found));
  });
  const auto passed = std::chrono::steady_clock::now() - begin;
  const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(passed).count();
  if (!wait) metrics_.rest_request(request.method, response.status, std::chrono::duration<double>(passed).count());
  log::debug("", "{} {} {} {} ms", request.method, request.path, wait ? "waits" : std::to_string(response.status), spent);
  if (wait) {
    long_polls_.add(std::move(*wait), reply, request.gone);
  } else {
    reply(std::move(response));
  }
}

Server::Server(tasks::TaskService& service, const ServerOptions& options) : impl_(std::make_unique<Impl>(service, options)) {}
Server::~Server() { stop(); }
Status Server::start() { return impl_->start(); }
void Server::ready() { impl_->ready(); }
std::vector<std::string> Server::addresses() const { return impl_->addresses(); }
void Server::stop() { impl_->stop(); }

}  // namespace ch::rest
