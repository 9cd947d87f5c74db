#include "buffer.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "crc64.hpp"

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

void ChunkPool::give_back(std::vector<Chunk> chunks) {
  const std::lock_guard lock(mutex_);
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
      size_(std::exchange(other.size_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    Buffer moved(std::move(other));
    std::swap(pool_, moved.pool_);
    std::swap(chunks_, moved.chunks_);
    std::swap(size_, moved.size_);
  }
  return *this;
}

Buffer::~Buffer() {
  if (!chunks_.empty()) pool_->give_back(std::move(chunks_));
}

bool Buffer::ensure(std::size_t bytes) {
  const std::size_t had = chunks_.size();
  while (reserved_bytes() - size_ < bytes) {
    auto chunk = pool_->take();
    if (chunk == nullptr) {
      std::vector<ChunkPool::Chunk> unused;
      std::move(chunks_.begin() + static_cast<std::ptrdiff_t>(had), chunks_.end(), std::back_inserter(unused));
      chunks_.resize(had);
      pool_->give_back(std::move(unused));
      return false;
    }
    chunks_.push_back(std::move(chunk));
  }
  return true;
}

void Buffer::append(std::string_view bytes) {
  if (reserved_bytes() - size_ < bytes.size()) throw std::length_error("append without ensure");
  const std::size_t step = pool_->chunk_bytes();
  while (!bytes.empty()) {
    const std::size_t offset = size_ % step;
    const auto piece = bytes.substr(0, step - offset);
    std::memcpy(chunks_[size_ / step].get() + offset, piece.data(), piece.size());
    size_ += piece.size();
    bytes.remove_prefix(piece.size());
  }
}

std::uint64_t Buffer::crc64() const {
  std::uint64_t crc = 0;
  std::size_t left = size_;
  for (const auto& chunk : chunks_) {
    const std::size_t piece = std::min(left, pool_->chunk_bytes());
    crc = ch::cos::crc64(crc, {reinterpret_cast<const char*>(chunk.get()), piece});
    left -= piece;
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
