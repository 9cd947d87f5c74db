#include "rest/http/transport.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <future>
#include <set>
#include <thread>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "rest/http/connection.hpp"
#include "rest/http/spare_files.hpp"
#include "rest/http/tls.hpp"

namespace ch::rest {

namespace asio = boost::asio;
using asio::ip::tcp;
using Code = boost::system::error_code;
namespace errc = boost::system::errc;

namespace {

constexpr std::chrono::milliseconds kAcceptRetry{100};  // while the process has no file descriptors left
constexpr milliseconds kTellExhaustion{60000};
constexpr milliseconds kTellCrowd{60000};
constexpr int kBacklog = 1024;

std::string url_host(const asio::ip::address& address) { return address.is_v6() ? "[" + address.to_string() + "]" : address.to_string(); }

}  // namespace

class Transport::Impl final : public ConnectionHost {
 public:
  Impl(const Limits& limits, Sink handler)
      : limits_(limits), handler_(std::move(handler)), work_(asio::make_work_guard(io_)), pool_(limits.handler_threads) {}

  Result<Bound> listen(const std::string& host, std::uint16_t port, bool secure);
  Status use(const Tls& tls);
  void start();
  void stop();

  bool dispatch(std::size_t listener, Request request, Reply reply) override;
  void ended(const std::shared_ptr<Connection>& session) override;

 private:
  struct Listener {
    explicit Listener(asio::io_context& io) : acceptor(io), retry(io) {}
    tcp::acceptor acceptor;
    asio::steady_timer retry;
    TlsContext tls;  // null: plain
  };

  void accept(std::size_t listener);
  void accepted(std::size_t listener, tcp::socket socket);
  bool make_room();
  void refuse(tcp::socket socket);
  bool exhausted(Code error);
  void run_io();

  const Limits limits_;
  const Sink handler_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::thread_pool pool_;
  TlsContext tls_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::set<std::shared_ptr<Connection>> sessions_;  // I/O thread only, as the next three
  SpareFiles spare_;
  Instant exhaustion_told_, crowd_told_;
  std::atomic<std::size_t> in_flight_{0};
  std::thread io_thread_;

  Mutex mutex_;
  std::condition_variable_any all_ended_;
  std::size_t open_ CH_GUARDED_BY(mutex_) = 0;  // sessions_.size(), for stop()
  bool stopped_ = false;                        // owner's thread only
};

Status Transport::Impl::use(const Tls& tls) {
  auto made = make_tls(tls);
  if (!made) return tl::unexpected(made.error());
  tls_ = std::move(*made);
  return {};
}

Result<Transport::Bound> Transport::Impl::listen(const std::string& host, std::uint16_t port, bool secure) {
  const auto problem = [&](const std::string& why) {
    return fail(ErrorCode::unavailable, "cannot listen on " + host + ":" + std::to_string(port) + ": " + why);
  };
  Code error;
  auto address = asio::ip::make_address(host, error);
  if (error) {
    tcp::resolver resolver(io_);
    const auto found = resolver.resolve(host, std::to_string(port), error);
    if (error || found.empty()) return problem("the name has no address; use an IP address such as 127.0.0.1");
    address = found.begin()->endpoint().address();
  }
  auto listener = std::make_unique<Listener>(io_);
  const tcp::endpoint endpoint(address, port);
  listener->acceptor.open(endpoint.protocol(), error);
  if (!error) listener->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) listener->acceptor.bind(endpoint, error);
  if (!error) listener->acceptor.listen(kBacklog, error);
  if (error == asio::error::address_in_use) return problem("another program uses this port; stop it or choose another one in `listeners`");
  if (error) return problem(error.message());
  const auto bound = listener->acceptor.local_endpoint(error);
  if (error) return problem(error.message());
  if (secure) listener->tls = tls_;
  listeners_.push_back(std::move(listener));
  return Bound{listeners_.size() - 1, url_host(bound.address()), bound.port()};
}

void Transport::Impl::start() {
  for (std::size_t i = 0; i < listeners_.size(); ++i) accept(i);
  io_thread_ = std::thread([this] { run_io(); });
}

void Transport::Impl::run_io() {
  while (true) {
    try {
      io_.run();
      return;
    } catch (const std::exception& error) {
      log::error("", "REST transport: {}", error.what());
    }
  }
}

void Transport::Impl::accept(std::size_t listener) {
  auto& self = *listeners_[listener];
  self.acceptor.async_accept([this, listener, &self](Code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted || !self.acceptor.is_open()) return;
    if (!error) {
      accepted(listener, std::move(socket));
      return accept(listener);
    }
    if (exhausted(error)) return accept(listener);
    self.retry.expires_after(kAcceptRetry);
    self.retry.async_wait([this, listener, &self](Code cancelled) {
      if (!cancelled && self.acceptor.is_open()) accept(listener);
    });
  });
}

// The process has no descriptors left: one of ours makes room for this connection, which may be there to mend that.
bool Transport::Impl::exhausted(Code error) {
  if (error != errc::too_many_files_open && error != errc::too_many_files_open_in_system) return false;
  if (const auto now = steady_now(); now - exhaustion_told_ >= kTellExhaustion) {
    exhaustion_told_ = now;
    log::error("",
               "{}: connections to the API are taken one after the other; raise the limit of open files (LimitNOFILE, ulimit -Hn) or "
               "disable tasks",
               error.message());
  }
  return spare_.give();
}

void Transport::Impl::accepted(std::size_t listener, tcp::socket socket) {
  const auto& tls = listeners_[listener]->tls;
  // A TLS client could not read a refusal without a handshake: its connection is just closed.
  if (sessions_.size() >= limits_.connections && !make_room()) return tls ? void() : refuse(std::move(socket));
  const auto session = std::make_shared<Connection>(*this, limits_, listener, std::move(socket), tls);
  sessions_.insert(session);
  {
    const MutexLock lock(mutex_);
    open_ = sessions_.size();
  }
  session->run();
}

// Who says nothing, never comes to the end of a request, or does not take an answer, gives way to who comes. So a crowd of such
// connections keeps nobody out.
bool Transport::Impl::make_room() {
  const auto now = steady_now();
  std::shared_ptr<Connection> longest;
  std::optional<std::pair<int, Instant>> its;
  for (const auto& session : sessions_) {
    const auto order = session->gives_way(now);
    if (!order || (its && *its <= *order)) continue;
    longest = session;
    its = order;
  }
  if (!longest) return false;
  if (now - crowd_told_ >= kTellCrowd) {
    crowd_told_ = now;
    log::warn("", "all {} connections to the API are taken: those that ask for nothing give way to new ones", limits_.connections);
  }
  longest->end();
  return true;
}

// Without a session, hence without waiting: the answer fits into the socket's empty send buffer.
void Transport::Impl::refuse(tcp::socket socket) {
  const auto answer = plain_error(503, "too many connections; close some or try again later");
  const auto text =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: " +
      std::to_string(answer.body.size()) + "\r\n\r\n" + answer.body;
  Code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(text), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

bool Transport::Impl::dispatch(std::size_t listener, Request request, Reply reply) {
  if (in_flight_.fetch_add(1) >= limits_.handler_threads + limits_.queued_requests) {
    in_flight_.fetch_sub(1);
    return false;
  }
  asio::post(pool_, [this, listener, request = std::move(request), reply = std::move(reply)]() mutable {
    try {
      handler_(listener, std::move(request), std::move(reply));
    } catch (const std::exception& error) {
      log::error("", "exception in a request handler: {}", error.what());
    }
    in_flight_.fetch_sub(1);
  });
  return true;
}

void Transport::Impl::ended(const std::shared_ptr<Connection>& session) {
  sessions_.erase(session);
  asio::post(io_, [this] { spare_.fill(); });  // its descriptor is free when this has returned
  const MutexLock lock(mutex_);
  open_ = sessions_.size();
  if (open_ == 0) all_ended_.notify_all();
}

void Transport::Impl::stop() {
  if (std::exchange(stopped_, true)) return;
  if (io_thread_.joinable()) {
    std::promise<void> drained;
    asio::post(io_, [this, &drained] {
      for (const auto& listener : listeners_) {
        Code ignored;
        listener->acceptor.close(ignored);
        listener->retry.cancel();
      }
      // A copy: draining takes idle sessions out of the set.
      for (const auto& session : std::set(sessions_)) session->drain();
      drained.set_value();
    });
    drained.get_future().wait();  // from here on nothing new comes into the pool
    pool_.join();
    {
      MutexLock lock(mutex_);
      all_ended_.wait_for(lock, limits_.stop_time, [this]() CH_REQUIRES(mutex_) { return open_ == 0; });
    }
    asio::post(io_, [this] {
      for (const auto& session : std::set(sessions_)) session->end();
    });
    work_.reset();
    io_thread_.join();
  }
  listeners_.clear();
}

Transport::Transport(const Limits& limits, Sink handler) : impl_(std::make_unique<Impl>(limits, std::move(handler))) {}
Transport::~Transport() { stop(); }
Result<Transport::Bound> Transport::listen(const std::string& host, std::uint16_t port, bool secure) {
  return impl_->listen(host, port, secure);
}
Status Transport::use(const Tls& tls) { return impl_->use(tls); }
void Transport::start() { impl_->start(); }
void Transport::stop() { impl_->stop(); }

}  // namespace ch::rest
