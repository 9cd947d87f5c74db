// One connection: reads a request, has it answered, writes the answer, reads the next. Owned by the transport's set of
// sessions until it calls ended(). Everything runs on the transport's I/O thread, except calling a Reply.
#pragma once

// clang-format off
#include <utility>  // Boost 1.74's Asio needs it before itself in C++20
// clang-format on
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <memory>
#include <optional>

#include "base/clock.hpp"
#include "rest/http/stream.hpp"
#include "rest/http/transport.hpp"

namespace ch::rest {

class Connection;

// What a session needs of the transport.
class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;
  // False: the queue of the handler threads is full; nothing will happen.
  virtual bool dispatch(std::size_t listener, Request request, Reply reply) = 0;
  virtual void ended(const std::shared_ptr<Connection>& session) = 0;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(ConnectionHost& host, const Limits& limits, std::size_t listener, boost::asio::ip::tcp::socket socket, const TlsContext& tls);

  void run();
  void drain();  // no further request after the one being answered
  void end();    // at once
  // Who gives way to a new connection first: the smallest. Nothing: a request of this one is being answered, or it has rested
  // for less than the limit.
  std::optional<std::pair<int, Instant>> gives_way(Instant now) const;

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using Message = boost::beast::http::response<boost::beast::http::string_body>;
  using Serializer = boost::beast::http::response_serializer<boost::beast::http::string_body>;
  using Code = boost::beast::error_code;
  enum class State { reading, answering, closing };

  void on_handshake(Code error);
  void next();
  void on_first_bytes(Code error, std::size_t bytes);
  void read_head();
  void on_head(Code error, std::size_t bytes);
  void on_continued(Code error, std::size_t bytes);
  void read_body();
  void on_body(Code error, std::size_t bytes);
  void on_bad_read(Code error, bool in_head);
  void dispatch();
  void watch();
  void look_for_client(std::size_t request);
  void client_gone();
  void refuse(unsigned status, std::string_view message);
  void write(Response response);
  void on_written(Code error, std::size_t bytes);
  void follow();
  void pump();
  void write_pieces(BodyStream::Taken taken);
  void on_pieces_written(Code error, std::size_t bytes);
  void close_gently();
  void linger();
  void on_leftover(Code error, std::size_t bytes);

  ConnectionHost& host_;
  const Limits& limits_;
  const std::size_t listener_;
  Stream stream_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::optional<Message> message_;
  std::optional<Serializer> serializer_;
  Request request_;
  State state_ = State::reading;
  bool sending_ = false;              // an answer, or a piece of one
  Instant since_ = steady_now();      // when the client was last waited for
  std::shared_ptr<BodyStream> feed_;  // of the answer under way, if it goes on
  BodyStream::Taken pieces_;          // being written
  std::string chunk_head_;
  bool chunked_ = false;
  bool pumping_ = false;
  std::size_t requests_ = 0;
  std::shared_ptr<std::atomic<bool>> gone_;
  boost::asio::steady_timer look_again_;
  bool head_only_ = false;
  bool keep_alive_ = true;
  bool draining_ = false;
  bool ended_ = false;
};

}  // namespace ch::rest
