#include "rest/http/http_server.hpp"

#include <cpprest/containerstream.h>
#include <cpprest/details/http_server.h>
#include <cpprest/details/http_server_api.h>
#include <cpprest/http_listener.h>
#include <pplx/threadpool.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/log.hpp"
#include "config/listener.hpp"

namespace ch::rest {

namespace {

namespace cpprest = web::http::experimental;
using ListenerImpl = cpprest::listener::details::http_listener_impl;
using web::http::http_request;
using web::http::http_response;
using web::http::details::_http_server_context;

constexpr std::size_t kLibraryThreads = 2;  // cpprestsdk would start 40; nothing of ours runs on them

// Once a process, before the library's first task. It throws if somebody else was first, which does no harm.
void limit_library_threads() {
  static std::once_flag once;
  std::call_once(once, [] {
    try {
      crossplat::threadpool::initialize_with_threads(kLibraryThreads);
    } catch (const std::exception& error) {
      log::debug("", "cpprestsdk's threads: {}", error.what());
    }
  });
}

// Travels with a request through the library, and back with its response.
struct Context : _http_server_context {
  Context(Reply to, const Request& request)
      : reply(std::move(to)), gone(request.gone), listener(request.listener), secure(request.secure) {}
  Reply reply;
  std::shared_ptr<const std::atomic<bool>> gone;
  std::shared_ptr<BodyStream> feed;  // of the response, whose library class has bodies that end only
  std::size_t listener;
  bool secure;
};

// Of bytes, not of characters: from a string the library would make a buffer of char and use it as one of uint8_t.
concurrency::streams::istream to_stream(const std::string& text) {
  using Bytes = std::vector<std::uint8_t>;
  return concurrency::streams::container_stream<Bytes>::open_istream(Bytes(text.begin(), text.end()));
}

// The body is in memory, so reading it completes at once: no thread of the library is waited for.
std::string read_all(const concurrency::streams::istream& stream) {
  if (!stream.is_valid()) return {};
  auto buffer = stream.streambuf();
  std::string text(buffer.in_avail(), '\0');
  text.resize(buffer.getn(reinterpret_cast<std::uint8_t*>(text.data()), text.size()).get());
  return text;
}

http_request to_library(const Request& request, Reply reply) {
  auto out = http_request::_create_request(std::make_unique<Context>(std::move(reply), request));
  out.set_method(request.method);
  // The library's URI class needs a host to be sure where the path begins; it keeps the encoding as it is.
  const auto path = request.path == "*" ? "/*" : request.path;
  out.set_request_uri(web::uri("http://localhost" + path + (request.query.empty() ? "" : "?" + request.query)));
  for (const auto& header : request.headers) out.headers().add(header.name, header.value);
  const auto size = request.body.size();
  out._get_impl()->set_instream(to_stream(request.body));
  out._get_impl()->_complete(size);
  return out;
}

Request from_library(const http_request& request) {
  Request out;
  out.method = request.method();
  out.path = request.request_uri().path();
  out.query = request.request_uri().query();
  for (const auto& [name, value] : request.headers()) out.headers.push_back({name, value});
  out.body = read_all(request._get_impl()->instream());
  if (const auto* context = static_cast<const Context*>(request._get_server_context())) {
    out.gone = context->gone;
    out.listener = context->listener;
    out.secure = context->secure;
  }
  return out;
}

http_response to_library(const Response& response) {
  http_response out(static_cast<web::http::status_code>(response.status));
  for (const auto& header : response.headers) out.headers().add(header.name, header.value);
  out._get_impl()->set_instream(to_stream(response.body));
  return out;
}

Response from_library(const http_response& response) {
  Response out;
  out.status = response.status_code();
  for (const auto& [name, value] : response.headers()) out.headers.push_back({name, value});
  out.body = read_all(response._get_impl()->instream());
  return out;
}

void reply_once(const http_request& request, const Response& response) {
  try {
    if (auto* context = static_cast<Context*>(request._get_server_context()); context && response.feed) context->feed = response.feed;
    request.reply(to_library(response));
  } catch (const web::http::http_exception&) {
    log::error("", "a request was answered twice; the second answer is dropped");
  }
}

// What http_listener sees of the transport. Belongs to the library from registration on.
class CpprestBridge final : public cpprest::details::http_server {
 public:
  // `order`: the listeners by their numbers in the transport. They are registered before the transport starts and
  // unregistered after it has stopped, so that handing over a request needs no lock.
  pplx::task<void> start() override { return pplx::task_from_result(); }
  pplx::task<void> stop() override { return pplx::task_from_result(); }
  pplx::task<void> register_listener(ListenerImpl* listener) override {
    listeners_.push_back(listener);
    return pplx::task_from_result();
  }
  pplx::task<void> unregister_listener(ListenerImpl* listener) override {
    listeners_.erase(std::remove(listeners_.begin(), listeners_.end(), listener), listeners_.end());
    return pplx::task_from_result();
  }
  pplx::task<void> respond(http_response response) override {
    auto* context = static_cast<Context*>(response._get_server_context());
    auto answer = from_library(response);
    answer.feed = std::move(context->feed);
    const auto reply = std::exchange(context->reply, nullptr);
    if (reply) reply(std::move(answer));
    return pplx::task_from_result();
  }

  void handle(std::size_t listener, const Request& request, const Reply& reply) {
    try {
      auto message = to_library(request, reply);
      listeners_.at(listener)->handle_request(message);
    } catch (const web::uri_exception&) {
      reply(plain_error(400, "the request target must be a path such as /v1/tasks, with other characters percent-encoded"));
    }
  }

 private:
  std::vector<ListenerImpl*> listeners_;
};

}  // namespace

class HttpServer::Impl {
 public:
  Impl(std::vector<std::string> listeners, const Limits& limits, Handler handler, Tls tls)
      : wanted_(std::move(listeners)), limits_(limits), handler_(std::move(handler)), tls_(std::move(tls)) {}
  ~Impl() { stop(); }

  Status start();
  void stop();
  std::vector<std::string> addresses() const { return addresses_; }

 private:
  Status bind();
  void open();

  const std::vector<std::string> wanted_;
  const Limits limits_;
  const Handler handler_;
  const Tls tls_;
  CpprestBridge* bridge_ = nullptr;  // owned by the library once registered
  bool registered_ = false;
  bool tls_used_ = false;
  std::unique_ptr<Transport> transport_;
  std::vector<std::unique_ptr<cpprest::listener::http_listener>> listeners_;
  std::vector<std::string> addresses_;
};

Status HttpServer::Impl::start() {
  if (wanted_.empty()) return fail(ErrorCode::invalid, "listeners is empty: name at least one, such as http://127.0.0.1:8083");
  if (cpprest::details::http_server_api::has_listener()) {
    return fail(ErrorCode::conflict, "another HTTP server of this process is running; stop it first");
  }
  limit_library_threads();
  auto bridge = std::make_unique<CpprestBridge>();
  bridge_ = bridge.get();
  transport_ = std::make_unique<Transport>(
      limits_, [this](std::size_t listener, const Request& request, const Reply& reply) { bridge_->handle(listener, request, reply); });
  auto status = bind();
  if (status) {
    try {
      cpprest::details::http_server_api::register_server_api(std::move(bridge));
      registered_ = true;
      open();
      transport_->start();
      return {};
    } catch (const std::exception& error) {
      status = fail(ErrorCode::internal, std::string("cannot open the HTTP listeners: ") + error.what());
    }
  }
  stop();
  return status;
}

Status HttpServer::Impl::bind() {
  for (const auto& text : wanted_) {
    const auto listener = config::parse_listener(text);
    if (!listener) return fail(ErrorCode::invalid, "listener " + text + ": " + listener.error().message);
    const bool secure = listener->scheme == "https";
    if (secure && !std::exchange(tls_used_, true)) {
      if (auto used = transport_->use(tls_); !used) return used;
    }
    const auto bound = transport_->listen(listener->host, listener->port, secure);
    if (!bound) return tl::unexpected(bound.error());
    addresses_.push_back(listener->scheme + "://" + bound->host + ":" + std::to_string(bound->port));
  }
  return {};
}

void HttpServer::Impl::open() {
  for (const auto& address : addresses_) {
    // TLS ends below it: to the library every listener is a plain one.
    const auto plain = "http" + address.substr(address.find("://"));
    auto listener = std::make_unique<cpprest::listener::http_listener>(web::uri(plain));
    const auto handle = [this](const http_request& request) {
      handler_(from_library(request), [request](const Response& response) { reply_once(request, response); });
    };
    listener->support(handle);
    // For these two the library has answers of its own.
    listener->support(web::http::methods::OPTIONS, handle);
    listener->support(web::http::methods::TRCE, handle);
    listener->open().get();
    listeners_.push_back(std::move(listener));
  }
}

void HttpServer::Impl::stop() {
  if (transport_) transport_->stop();
  for (const auto& listener : listeners_) {
    try {
      listener->close().get();
    } catch (const std::exception& error) {
      log::warn("", "closing an HTTP listener: {}", error.what());
    }
  }
  listeners_.clear();
  // Ours must not be destroyed with the library's static objects, when others are gone already.
  if (std::exchange(registered_, false)) cpprest::details::http_server_api::register_server_api(nullptr);
  transport_.reset();
  addresses_.clear();
}

HttpServer::HttpServer(std::vector<std::string> listeners, const Limits& limits, Handler handler, Tls tls)
    : impl_(std::make_unique<Impl>(std::move(listeners), limits, std::move(handler), std::move(tls))) {}
HttpServer::~HttpServer() = default;
Status HttpServer::start() { return impl_->start(); }
std::vector<std::string> HttpServer::addresses() const { return impl_->addresses(); }
void HttpServer::stop() { impl_->stop(); }

}  // namespace ch::rest
