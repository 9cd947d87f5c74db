// The part of a connection that writes an answer which goes on.
#include <fmt/format.h>

#include <boost/asio/write.hpp>

#include "rest/http/connection.hpp"

namespace ch::rest {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

asio::const_buffer buffer(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

// The head is out. `self` keeps the connection until BodyStream::drop, which end() calls.
void Connection::follow() {
  if (draining_) feed_->close();
  feed_->attach([self = shared_from_this()] { asio::post(self->stream_.get_executor(), [self] { self->pump(); }); });
}

void Connection::pump() {
  if (ended_) return;
  if (feed_->cut()) return end();
  if (pumping_ || state_ != State::answering) return;
  auto taken = feed_->take();
  if (!taken.pieces.empty() || taken.last) write_pieces(std::move(taken));
}

void Connection::write_pieces(BodyStream::Taken taken) {
  pieces_ = std::move(taken);
  pumping_ = true;
  std::size_t size = 0;
  for (const auto& piece : pieces_.pieces) size += piece->size();
  chunk_head_ = fmt::format("{:x}\r\n", size);
  const bool framed = chunked_ && size > 0;  // a chunk of nothing would be the end
  std::vector<asio::const_buffer> buffers;
  if (framed) buffers.push_back(buffer(chunk_head_));
  for (const auto& piece : pieces_.pieces) buffers.push_back(buffer(*piece));
  if (framed) buffers.push_back(buffer(kLineEnd));
  if (chunked_ && pieces_.last) buffers.push_back(buffer(kLastChunk));
  stream_.tcp().expires_after(limits_.write_time);
  asio::async_write(stream_, buffers, boost::beast::bind_front_handler(&Connection::on_pieces_written, shared_from_this()));
}

void Connection::on_pieces_written(Code error, std::size_t) {
  pumping_ = false;
  if (error) return end();
  const bool last = pieces_.last;
  pieces_ = {};
  if (last) return close_gently();
  pump();
}

}  // namespace ch::rest
