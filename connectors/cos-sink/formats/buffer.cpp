#include "formats/buffer.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "cos/crc64.hpp"

namespace ch::cos {

ChunkPool::ChunkPool(std::size_t chunk_bytes, std::function<bool(std::uint64_t)> reserve, std::function<void(std::uint64_t)> release)
    : chunk_bytes_(chunk_bytes), reserve_(std::move(reserve)), release_(std::move(release)) {
  if (chunk_bytes_ == 0) throw std::invalid_argument("a chunk must have at least one byte");
}

ChunkPool::~ChunkPool() { trim(); }

ChunkPool::Chunk ChunkPool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!kept_.empty()) {
      auto chunk = std::move(kept_.back());
      kept_.pop_back();
      return chunk;
    }
  }
  if (!reserve_(chunk_bytes_)) return nullptr;
  try {
    return Chunk(new unsigned char[chunk_bytes_]);  // not make_unique: it would write zeros that nobody reads
  } catch (const std::bad_alloc&) {
    release_(chunk_bytes_);
    return nullptr;
  }
}

ChunkPool::Chunk ChunkPool::take_beyond_budget() {
  {
    const std::lock_guard lock(mutex_);
    if (!kept_.empty()) {
      auto chunk = std::move(kept_.back());
      kept_.pop_back();
      return chunk;
    }
    ++beyond_budget_;
  }
  try {
    return Chunk(new unsigned char[chunk_bytes_]);
  } catch (const std::bad_alloc&) {
    const std::lock_guard lock(mutex_);
    --beyond_budget_;
    throw;
  }
}

void ChunkPool::give_back(std::vector<Chunk> chunks) {
  const std::lock_guard lock(mutex_);
  for (; beyond_budget_ > 0 && !chunks.empty(); --beyond_budget_) chunks.pop_back();
  std::move(chunks.begin(), chunks.end(), std::back_inserter(kept_));
}

void ChunkPool::trim() {
  std::vector<Chunk> freed;
  {
    const std::lock_guard lock(mutex_);
    freed.swap(kept_);
  }
  if (!freed.empty()) release_(freed.size() * chunk_bytes_);
}

Buffer::Buffer(Buffer&& other) noexcept
    : pool_(other.pool_),  // NOLINT(performance-move-constructor-init): a moved-from buffer can be used again
      chunks_(std::exchange(other.chunks_, {})),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)),
      cursor_(std::exchange(other.cursor_, nullptr)),
      room_(std::exchange(other.room_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    Buffer moved(std::move(other));
    std::swap(pool_, moved.pool_);
    std::swap(chunks_, moved.chunks_);
    std::swap(size_, moved.size_);
    std::swap(capacity_, moved.capacity_);
    std::swap(cursor_, moved.cursor_);
    std::swap(room_, moved.room_);
  }
  return *this;
}

Buffer::~Buffer() {
  std::erase(chunks_, nullptr);
  if (!chunks_.empty()) pool_->give_back(std::move(chunks_));
}

bool Buffer::grow(std::size_t bytes) {
  const std::size_t had = chunks_.size();
  while (capacity_ - size_ < bytes) {
    auto chunk = pool_->take();
    if (chunk == nullptr) {
      std::vector<ChunkPool::Chunk> unused;
      std::move(chunks_.begin() + static_cast<std::ptrdiff_t>(had), chunks_.end(), std::back_inserter(unused));
      chunks_.resize(had);
      capacity_ = had * pool_->chunk_bytes();
      pool_->give_back(std::move(unused));
      return false;
    }
    adopt(std::move(chunk));
  }
  return true;
}

// Where the next byte goes: for a full chunk that is the one behind it, if there is one.
void Buffer::place_cursor() {
  const std::size_t step = pool_->chunk_bytes();
  if (size_ == capacity_) {
    cursor_ = nullptr;
    room_ = 0;
    return;
  }
  cursor_ = chunks_[size_ / step].get() + size_ % step;
  room_ = step - size_ % step;
}

void Buffer::append_across(std::string_view bytes) {
  if (capacity_ - size_ < bytes.size()) throw std::length_error("append without ensure");
  while (!bytes.empty()) {
    if (room_ == 0) place_cursor();
    const auto piece = bytes.substr(0, room_);
    std::memcpy(cursor_, piece.data(), piece.size());
    advance(piece.size());
    bytes.remove_prefix(piece.size());
  }
}

void Buffer::overwrite(std::size_t at, std::string_view bytes) {
  if (at + bytes.size() > size_) throw std::length_error("overwrite behind the end");
  const std::size_t step = pool_->chunk_bytes();
  for (; !bytes.empty();) {
    const auto piece = bytes.substr(0, step - at % step);
    std::memcpy(chunks_[at / step].get() + at % step, piece.data(), piece.size());
    at += piece.size();
    bytes.remove_prefix(piece.size());
  }
}

void Buffer::truncate(std::size_t size) {
  if (size > size_) throw std::length_error("truncate behind the end");
  size_ = size;
  place_cursor();
}

std::string_view Buffer::chunk(std::size_t index) const {
  const std::size_t step = pool_->chunk_bytes();
  const std::size_t before = std::min(index * step, size_);
  return {reinterpret_cast<const char*>(chunks_[index].get()), std::min(step, size_ - before)};
}

ChunkPool::Chunk Buffer::detach(std::size_t index) { return std::move(chunks_[index]); }

void Buffer::adopt(ChunkPool::Chunk chunk) {
  chunks_.push_back(std::move(chunk));
  capacity_ += pool_->chunk_bytes();
}

std::span<unsigned char> Buffer::room() {
  if (room_ == 0) place_cursor();
  return {cursor_, room_};
}

void Buffer::advance(std::size_t bytes) {
  cursor_ += bytes;
  room_ -= bytes;
  size_ += bytes;
}

void Buffer::give_back_unused(std::size_t but) {
  const std::size_t step = pool_->chunk_bytes();
  const std::size_t used = std::min((size_ + but + step - 1) / step, chunks_.size());
  std::vector<ChunkPool::Chunk> unused;
  std::move(chunks_.begin() + static_cast<std::ptrdiff_t>(used), chunks_.end(), std::back_inserter(unused));
  chunks_.resize(used);
  capacity_ = used * step;
  place_cursor();
  if (!unused.empty()) pool_->give_back(std::move(unused));
}

std::uint64_t Buffer::crc64(std::size_t at, std::size_t size) const {
  const std::size_t step = pool_->chunk_bytes();
  std::uint64_t crc = 0;
  while (size > 0) {
    const std::size_t piece = std::min(size, step - at % step);
    crc = ch::cos::crc64(crc, {reinterpret_cast<const char*>(chunks_[at / step].get()) + at % step, piece});
    at += piece;
    size -= piece;
  }
  return crc;
}

std::size_t Buffer::read(std::size_t at, std::span<char> out) const {
  const std::size_t step = pool_->chunk_bytes();
  const std::size_t total = at < size_ ? std::min(out.size(), size_ - at) : 0;
  for (std::size_t done = 0; done < total;) {
    const std::size_t offset = (at + done) % step;
    const std::size_t piece = std::min(total - done, step - offset);
    std::memcpy(out.data() + done, chunks_[(at + done) / step].get() + offset, piece);
    done += piece;
  }
  return total;
}

}  // namespace ch::cos
