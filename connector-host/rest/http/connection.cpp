#include "rest/http/connection.hpp"

#include <poll.h>

#include "rest/http/request_head.hpp"

namespace ch::rest {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

constexpr std::size_t kReadBytes = 4096;
constexpr std::size_t kBufferSlack = 4096;  // beyond the head's limit, so that Beast names that limit first
constexpr std::chrono::milliseconds kLookAgain{250};
constexpr char kContinue[] = "HTTP/1.1 100 Continue\r\n\r\n";

bool has_left(int socket) {
  pollfd peer{socket, POLLRDHUP, 0};
  return ::poll(&peer, 1, 0) > 0;
}

// The promise behind a Reply: one answer, whatever happens to the copies.
class Once {
 public:
  explicit Once(std::function<void(Response)> send) : send_(std::move(send)) {}
  Once(const Once&) = delete;
  Once& operator=(const Once&) = delete;
  ~Once() { answer(plain_error(500, "the request was dropped without an answer")); }

  void answer(Response response) {
    if (answered_.exchange(true)) return;
    const auto send = std::move(send_);
    send(std::move(response));
  }

 private:
  std::function<void(Response)> send_;
  std::atomic<bool> answered_{false};
};

}  // namespace

Connection::Connection(ConnectionHost& host, const Limits& limits, std::size_t listener, asio::ip::tcp::socket socket,
                       const TlsContext& tls)
    : host_(host),
      limits_(limits),
      listener_(listener),
      stream_(std::move(socket), tls),
      buffer_(limits.head_bytes + kBufferSlack),
      look_again_(stream_.get_executor()) {}

void Connection::run() {
  Code ignored;
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  if (!stream_.secure()) return next();
  stream_.tcp().expires_after(limits_.head_time);
  stream_.async_handshake(beast::bind_front_handler(&Connection::on_handshake, shared_from_this()));
}

void Connection::on_handshake(Code error) {
  if (error) return end();
  next();
}

void Connection::drain() {
  draining_ = true;
  if (feed_) feed_->close();
  if (state_ == State::reading) end();
}

// One that only has to read the end of its last answer, one that has never sent a whole request, and one that has and rests, or
// does not take its answer.
std::optional<std::pair<int, Instant>> Connection::gives_way(Instant now) const {
  if (state_ == State::closing) return std::pair(0, since_);
  if (state_ == State::reading && requests_ == 0) return std::pair(1, since_);
  if ((state_ != State::reading && !sending_) || now - since_ < limits_.rest_time) return std::nullopt;
  return std::pair(2, since_);
}

void Connection::end() {
  if (std::exchange(ended_, true)) return;
  stream_.tcp().close();
  look_again_.cancel();
  if (feed_) feed_->drop();
  host_.ended(shared_from_this());
}

void Connection::next() {
  state_ = State::reading;
  since_ = steady_now();
  if (draining_) return end();
  head_only_ = false;
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(limits_.head_bytes));
  parser_->body_limit(limits_.body_bytes);
  if (buffer_.size() > 0) return read_head();
  stream_.tcp().expires_after(requests_ == 0 ? limits_.head_time : limits_.idle_time);
  stream_.async_read_some(buffer_.prepare(kReadBytes), beast::bind_front_handler(&Connection::on_first_bytes, shared_from_this()));
}

void Connection::on_first_bytes(Code error, std::size_t bytes) {
  if (error) return end();
  if (requests_ > 0) since_ = steady_now();
  buffer_.commit(bytes);
  read_head();
}

void Connection::read_head() {
  stream_.tcp().expires_after(limits_.head_time);
  http::async_read_header(stream_, buffer_, *parser_, beast::bind_front_handler(&Connection::on_head, shared_from_this()));
}

void Connection::on_head(Code error, std::size_t) {
  if (error) return on_bad_read(error, true);
  const auto& head = parser_->get();
  head_only_ = head.method() == http::verb::head;
  if (const auto refusal = check_head(head)) return refuse(refusal->status, refusal->message);
  keep_alive_ = parser_->keep_alive() && head.version() == 11;
  // Taken now, because Beast adds a chunked body's trailers to the headers.
  request_ = to_request(head);
  if (!expects_continue(head) || buffer_.size() > 0 || parser_->is_done()) return read_body();
  stream_.tcp().expires_after(limits_.body_time);
  asio::async_write(stream_, asio::buffer(kContinue, sizeof(kContinue) - 1),
                    beast::bind_front_handler(&Connection::on_continued, shared_from_this()));
}

void Connection::on_continued(Code error, std::size_t) {
  if (error) return end();
  read_body();
}

void Connection::read_body() {
  if (parser_->is_done()) return dispatch();
  stream_.tcp().expires_after(limits_.body_time);
  http::async_read(stream_, buffer_, *parser_, beast::bind_front_handler(&Connection::on_body, shared_from_this()));
}

void Connection::on_body(Code error, std::size_t) {
  if (error) return on_bad_read(error, false);
  dispatch();
}

void Connection::on_bad_read(Code error, bool in_head) {
  if (error == http::error::end_of_stream || ended_) return end();
  if (error == http::error::body_limit) {
    return refuse(413, "the request body is larger than " + std::to_string(limits_.body_bytes) + " bytes");
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    if (!in_head) return refuse(400, "chunk extensions or trailers are too large");
    return refuse(431, "the request head is larger than " + std::to_string(limits_.head_bytes) + " bytes");
  }
  const Code parse_error = http::error::bad_method;
  if (error.category() == parse_error.category()) return refuse(400, "not an HTTP/1.1 request: " + error.message());
  end();
}

void Connection::dispatch() {
  state_ = State::answering;
  ++requests_;
  stream_.tcp().expires_never();
  request_.body = std::move(parser_->get().body());
  gone_ = std::make_shared<std::atomic<bool>>(false);
  request_.gone = gone_;
  request_.secure = stream_.secure();
  request_.listener = listener_;
  const auto once = std::make_shared<Once>([self = shared_from_this()](Response response) {
    asio::post(self->stream_.get_executor(), [self, answer = std::move(response)]() mutable { self->write(std::move(answer)); });
  });
  watch();
  const bool taken = host_.dispatch(listener_, std::move(request_), [once](Response response) { once->answer(std::move(response)); });
  request_ = {};
  if (!taken) once->answer(try_again("too many requests at once; try again in a second"));
}

// Tells a request that waits for long that nobody waits for its answer any more.
void Connection::watch() {
  stream_.socket().async_wait(asio::ip::tcp::socket::wait_read, [self = shared_from_this(), request = requests_](Code error) {
    if (!error) self->look_for_client(request);
  });
}

void Connection::look_for_client(std::size_t request) {
  if (ended_ || request != requests_ || state_ != State::answering) return;
  if (has_left(stream_.socket().native_handle())) return client_gone();
  // Something came that is not read yet, TLS's good-bye or a further request: the socket stays readable, whether the
  // client leaves or not.
  look_again_.expires_after(kLookAgain);
  look_again_.async_wait([self = shared_from_this(), request](Code error) {
    if (!error) self->look_for_client(request);
  });
}

void Connection::client_gone() {
  gone_->store(true);
  if (feed_) end();
}

// Where the request ends is not known, so nothing can follow it on this connection.
void Connection::refuse(unsigned status, std::string_view message) {
  keep_alive_ = false;
  write(plain_error(status, message));
}

void Connection::write(Response response) {
  if (response.feed && (ended_ || head_only_)) response.feed->drop();
  if (ended_) return;
  state_ = State::answering;
  feed_ = head_only_ ? nullptr : std::move(response.feed);
  chunked_ = feed_ && parser_->get().version() == 11;
  keep_alive_ = keep_alive_ && !draining_ && !feed_;
  message_.emplace();
  message_->result(response.status);
  for (const auto& header : response.headers) message_->set(header.name, header.value);
  message_->set("X-Content-Type-Options", "nosniff");
  if (message_->count("Cache-Control") == 0) message_->set("Cache-Control", "no-store");
  message_->keep_alive(keep_alive_);
  message_->body() = std::move(response.body);
  const bool bodiless = response.status == 204 || response.status == 304;
  if (bodiless) message_->body().clear();
  if (!feed_) message_->prepare_payload();
  if (chunked_) message_->chunked(true);
  if (bodiless) message_->erase(http::field::content_length);
  serializer_.emplace(*message_);
  sending_ = true;
  since_ = steady_now();
  stream_.tcp().expires_after(limits_.write_time);
  auto done = beast::bind_front_handler(&Connection::on_written, shared_from_this());
  if (head_only_ || feed_) {
    http::async_write_header(stream_, *serializer_, std::move(done));
  } else {
    http::async_write(stream_, *serializer_, std::move(done));
  }
}

void Connection::on_written(Code error, std::size_t) {
  serializer_.reset();
  message_.reset();
  sending_ = false;
  if (error || ended_) return end();
  if (feed_) return follow();
  if (keep_alive_ && !draining_) return next();
  close_gently();
}

void Connection::close_gently() {
  state_ = State::closing;
  since_ = steady_now();
  if (stream_.secure()) {
    stream_.tcp().expires_after(limits_.linger_time);
    return stream_.async_shutdown([self = shared_from_this()](Code) { self->end(); });
  }
  Code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  stream_.tcp().expires_after(limits_.linger_time);
  linger();
}

// Closing with unread bytes would reset the connection, and the client might never see the answer.
void Connection::linger() {
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(buffer_.max_size()), beast::bind_front_handler(&Connection::on_leftover, shared_from_this()));
}

void Connection::on_leftover(Code error, std::size_t) {
  if (error) return end();
  linger();
}

}  // namespace ch::rest
