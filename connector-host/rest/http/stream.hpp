// A connection's bytes, with or without TLS, as Asio and Beast want a stream. Everything on the transport's I/O thread.
#pragma once

// clang-format off
#include <utility>  // Boost 1.74's Asio needs it before itself in C++20
// clang-format on
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <memory>
#include <optional>

namespace ch::rest {

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

class Stream {
 public:
  using Tcp = boost::beast::tcp_stream;
  using executor_type = Tcp::executor_type;

  // `context`: null for a plain connection.
  Stream(boost::asio::ip::tcp::socket socket, const TlsContext& context) : tcp_(std::move(socket)), context_(context) {
    if (context_) tls_.emplace(tcp_, *context_);
  }
  Stream(const Stream&) = delete;  // one part refers to the other
  Stream& operator=(const Stream&) = delete;

  executor_type get_executor() { return tcp_.get_executor(); }
  boost::asio::ip::tcp::socket& socket() { return tcp_.socket(); }
  Tcp& tcp() { return tcp_; }
  bool secure() const { return tls_.has_value(); }

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) {
      tls_->async_read_some(buffers, std::forward<Handler>(handler));
    } else {
      tcp_.async_read_some(buffers, std::forward<Handler>(handler));
    }
  }
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) {
      tls_->async_write_some(buffers, std::forward<Handler>(handler));
    } else {
      tcp_.async_write_some(buffers, std::forward<Handler>(handler));
    }
  }
  // Only of a secure one.
  template <class Handler>
  void async_handshake(Handler&& handler) {
    tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Handler>(handler));
  }
  template <class Handler>
  void async_shutdown(Handler&& handler) {
    tls_->async_shutdown(std::forward<Handler>(handler));
  }

 private:
  Tcp tcp_;
  TlsContext context_;
  std::optional<boost::asio::ssl::stream<Tcp&>> tls_;
};

}  // namespace ch::rest
