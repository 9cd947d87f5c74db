#include "cos_emulator/session.hpp"

#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <functional>
#include <limits>

namespace ch::cos_emulator {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace net = boost::asio;
using boost::system::error_code;

constexpr auto kIdle = std::chrono::seconds(60);                      // no byte moved
constexpr auto kLinger = std::chrono::seconds(5);                     // for a client that still sends a body nobody wants
constexpr std::size_t kPieceBytes = std::size_t{256} * 1024;          // of a body, either way
constexpr std::uint64_t kUnwantedBytes = std::uint64_t{1024} * 1024;  // of a refused body: read, so that the connection can go on

RequestHead head_of(const http::request_parser<http::buffer_body>& parser) {
  const auto& message = parser.get();
  RequestHead head;
  head.method = std::string(message.method_string());
  head.target = std::string(message.target());
  for (const auto& field : message) head.headers.emplace_back(lower(std::string(field.name_string())), std::string(field.value()));
  if (const auto length = parser.content_length()) head.content_length = *length;
  head.chunked = parser.chunked();
  return head;
}

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(net::ip::tcp::socket socket, Service& service, std::atomic<int>& open_connections)
      : stream_(std::move(socket)), timer_(stream_.get_executor()), service_(service), open_connections_(open_connections) {
    ++open_connections_;
    error_code ignored;
    stream_.socket().set_option(net::ip::tcp::no_delay(true), ignored);
  }
  ~Session() { --open_connections_; }

  void start() {
    net::dispatch(stream_.get_executor(), [self = shared_from_this()] { self->read_head(); });
  }

 private:
  void read_head() {
    exchange_.reset();
    parser_.emplace();
    parser_->header_limit(kHeaderBytes);
    parser_->body_limit(std::numeric_limits<std::uint64_t>::max());  // the service knows what is too much
    stream_.expires_after(kIdle);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](error_code error, std::size_t) { self->on_head(error); });
  }

  void on_head(error_code error) {
    if (error) {
      const bool understood = error == http::error::end_of_stream || error == http::error::partial_message ||
                              error.category() != make_error_code(http::error::bad_method).category();
      if (!understood) respond(service_.unreadable(error.message()));
      return;
    }
    exchange_ = service_.begin(head_of(*parser_));
    pause(exchange_->faults().stall_before_ms, [this] { after_stall(); });
  }

  void after_stall() {
    if (exchange_->faults().reset_before) return reset();
    refusal_ = exchange_->refusal();
    const bool expects = beast::iequals(parser_->get()[http::field::expect], "100-continue");
    if (refusal_ &&
        (expects || parser_->content_length_remaining().value_or(parser_->is_done() ? 0 : kUnwantedBytes + 1) > kUnwantedBytes)) {
      refusal_->close = true;
      return respond(std::move(*refusal_));
    }
    if (!expects || parser_->is_done()) return read_body();
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    net::async_write(stream_, net::buffer(kContinue.data(), kContinue.size()), [self = shared_from_this()](error_code error, std::size_t) {
      if (!error) self->read_body();
    });
  }

  void read_body() {
    if (parser_->is_done()) return on_request();
    piece_.resize(kPieceBytes);
    parser_->get().body().data = piece_.data();
    parser_->get().body().size = piece_.size();
    stream_.expires_after(kIdle);
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
      if (error && error != http::error::need_buffer) return;  // the client went away: the exchange is dropped without effect
      self->exchange_->body({self->piece_.data(), self->piece_.size() - self->parser_->get().body().size});
      self->read_body();
    });
  }

  void on_request() {
    Response response = refusal_ ? std::move(*refusal_) : exchange_->finish();
    if (exchange_->faults().reset_after) return reset();
    response_ = std::move(response);
    pause(exchange_->faults().stall_after_ms, [this] { respond(std::move(response_)); });
  }

  void respond(Response response) {
    response_ = std::move(response);
    refusal_.reset();
    next_piece_ = 0;
    message_ = {};
    message_.version(11);
    message_.result(static_cast<unsigned>(response_.status));
    for (const auto& [name, value] : response_.headers) message_.insert(name, value);
    response_.close = response_.close || !parser_->is_done() || !parser_->keep_alive();
    message_.keep_alive(!response_.close);
    const bool bare = response_.content_length || response_.status == 204 || response_.status == 304;
    std::uint64_t length = response_.file_bytes;
    for (const std::string& piece : response_.body) length += piece.size();
    if (response_.chunked) {
      message_.chunked(true);
    } else if (response_.status != 204 && response_.status != 304) {
      message_.content_length(response_.content_length.value_or(length));
    }
    serializer_.emplace(message_);
    stream_.expires_after(kIdle);
    if (!bare) return write_piece();
    http::async_write_header(stream_, *serializer_,
                             [self = shared_from_this()](error_code error, std::size_t) { self->on_written(error); });
  }

  bool fill_piece() {
    if (next_piece_ < response_.body.size()) {
      piece_ = std::move(response_.body[next_piece_++]);
      return true;
    }
    piece_.resize(std::min<std::uint64_t>(kPieceBytes, response_.file_bytes));
    if (piece_.empty()) return true;
    piece_.resize(response_.file->read_at(piece_, response_.file_at));
    response_.file_at += piece_.size();
    response_.file_bytes -= piece_.size();
    return !piece_.empty();
  }

  void write_piece() {
    if (!fill_piece()) return reset();  // the file is shorter than the Content-Length promised
    auto& body = message_.body();
    body.data = piece_.empty() ? nullptr : piece_.data();
    body.size = piece_.size();
    body.more = !piece_.empty();
    stream_.expires_after(kIdle);
    http::async_write(stream_, *serializer_, [self = shared_from_this()](error_code error, std::size_t) {
      if (error == http::error::need_buffer) return self->write_piece();
      self->on_written(error);
    });
  }

  void on_written(error_code error) {
    if (error) return;
    if (!response_.close) return read_head();
    error_code ignored;
    stream_.socket().shutdown(net::ip::tcp::socket::shutdown_send, ignored);
    if (parser_->is_done()) return;
    stream_.expires_after(kLinger);
    discard();
  }

  // Closing with unread bytes makes the kernel send a reset, which can overtake the answer.
  void discard() {
    piece_.resize(kPieceBytes);
    stream_.async_read_some(net::buffer(piece_), [self = shared_from_this()](error_code error, std::size_t) {
      if (!error) self->discard();
    });
  }

  void reset() {
    error_code ignored;
    stream_.socket().set_option(net::socket_base::linger(true, 0), ignored);
    stream_.close();
  }

  void pause(std::int64_t ms, std::function<void()> then) {
    if (ms <= 0) return then();
    stream_.expires_never();
    timer_.expires_after(std::chrono::milliseconds(ms));
    timer_.async_wait([self = shared_from_this(), then = std::move(then)](error_code error) {
      if (!error) then();
    });
  }

  beast::tcp_stream stream_;
  net::steady_timer timer_;
  Service& service_;
  std::atomic<int>& open_connections_;
  beast::flat_buffer buffer_{kHeaderBytes + kPieceBytes};
  boost::optional<http::request_parser<http::buffer_body>> parser_;
  std::unique_ptr<Exchange> exchange_;
  std::optional<Response> refusal_;
  Response response_;
  std::size_t next_piece_ = 0;
  std::string piece_;
  http::response<http::buffer_body> message_;
  boost::optional<http::response_serializer<http::buffer_body>> serializer_;
};

}  // namespace

void start_session(net::ip::tcp::socket socket, Service& service, std::atomic<int>& open_connections) {
  std::make_shared<Session>(std::move(socket), service, open_connections)->start();
}

}  // namespace ch::cos_emulator
