#include "cos_emulator/server.hpp"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

#include "cos_emulator/session.hpp"

namespace ch::cos_emulator {
namespace {

namespace net = boost::asio;
using net::ip::tcp;

constexpr int kMostConnections = 256;

}  // namespace

struct Server::Impl {
  Impl(Service& of, std::uint16_t port) : service(of), acceptor(context) {
    const tcp::endpoint address(net::ip::address_v4::loopback(), port);
    acceptor.open(address.protocol());
    acceptor.set_option(net::socket_base::reuse_address(true));
    acceptor.bind(address);
    acceptor.listen();
    accept();
  }

  void accept() {
    acceptor.async_accept(net::make_strand(context), [this](boost::system::error_code error, tcp::socket socket) {
      if (error == net::error::operation_aborted) return;
      if (!error && open_connections.load() < kMostConnections) {
        service.connected();
        start_session(std::move(socket), service, open_connections);
      }
      accept();
    });
  }

  Service& service;
  std::atomic<int> open_connections{0};  // outlives the sessions, which die with the context
  net::io_context context;
  tcp::acceptor acceptor;
  std::vector<std::thread> threads;
};

Server::Server(Service& service, std::uint16_t port, int threads) try : impl_(std::make_unique<Impl>(service, port)) {
  for (int i = 0; i < std::max(threads, 1); ++i) impl_->threads.emplace_back([this] { impl_->context.run(); });
} catch (const boost::system::system_error& error) {
  throw std::runtime_error("127.0.0.1:" + std::to_string(port) + " cannot be listened on: " + error.code().message());
}

Server::~Server() {
  impl_->context.stop();
  for (std::thread& thread : impl_->threads) thread.join();
}

std::uint16_t Server::port() const { return impl_->acceptor.local_endpoint().port(); }

}  // namespace ch::cos_emulator
