// Record bytes on their way to a bucket: a chain of equal chunks that grows without copying what it holds, and the pool
// that the chunks come from and go back to, so that steady state allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

namespace ch::cos {

// Hands out chunks of `chunk_bytes` as long as `reserve` grants their bytes. take: poll thread; give_back: any thread.
class ChunkPool {
 public:
  using Chunk = std::unique_ptr<unsigned char[]>;
  ChunkPool(std::size_t chunk_bytes, std::function<bool(std::uint64_t)> reserve, std::function<void(std::uint64_t)> release);
  ~ChunkPool();
  std::size_t chunk_bytes() const { return chunk_bytes_; }
  Chunk take();  // nullptr: the budget is spent
  void give_back(std::vector<Chunk> chunks);
  void trim();  // frees kept chunks and returns their reservation

 private:
  std::size_t chunk_bytes_;
  std::function<bool(std::uint64_t)> reserve_;
  std::function<void(std::uint64_t)> release_;
  std::mutex mutex_;
  std::vector<Chunk> kept_;
};

// Not copyable; gives its chunks back when destroyed. Written on the poll thread; once handed to an upload, read-only.
class Buffer {
 public:
  explicit Buffer(std::shared_ptr<ChunkPool> pool) : pool_(std::move(pool)) {}
  Buffer(Buffer&& other) noexcept;  // `other` is then empty and may be filled anew
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer();

  // Room for `bytes` more without a further allocation; false: the budget is spent, nothing changed.
  bool ensure(std::size_t bytes);
  void append(std::string_view bytes);  // after ensure()
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::uint64_t crc64() const;  // COS's CRC64 of the contents
  // Copies up to `out.size()` bytes from position `at`; returns how many.
  std::size_t read(std::size_t at, std::span<char> out) const;
  std::size_t reserved_bytes() const { return chunks_.size() * pool_->chunk_bytes(); }

 private:
  std::shared_ptr<ChunkPool> pool_;
  std::vector<ChunkPool::Chunk> chunks_;
  std::size_t size_ = 0;
};

}  // namespace ch::cos
