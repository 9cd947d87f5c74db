// Record bytes on their way to a bucket: a chain of equal chunks that grows without copying what it holds, and the pool
// that the chunks come from and go back to, so that steady state allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
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
  // One more, although the budget may be spent; freed as soon as another is given back. For a thread of the upload pool
  // that needs one or two to get rid of many. Throws std::bad_alloc.
  Chunk take_beyond_budget();
  void give_back(std::vector<Chunk> chunks);
  void trim();  // frees kept chunks and returns their reservation

 private:
  std::size_t chunk_bytes_;
  std::function<bool(std::uint64_t)> reserve_;
  std::function<void(std::uint64_t)> release_;
  std::mutex mutex_;
  std::vector<Chunk> kept_;
  std::size_t beyond_budget_ = 0;  // chunks in use that were not reserved
};

// Not copyable; gives its chunks back when destroyed. Written on the poll thread; once handed to an upload, read-only.
class Buffer {
 public:
  explicit Buffer(std::shared_ptr<ChunkPool> pool) : pool_(std::move(pool)) {}
  Buffer(Buffer&& other) noexcept;  // `other` is then empty and may be filled anew
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer();

  // Room for `bytes` more without a further allocation; false: the budget is spent, nothing changed.
  bool ensure(std::size_t bytes) { return capacity_ - size_ >= bytes || grow(bytes); }
  void append(std::string_view bytes) {  // after ensure()
    if (bytes.size() >= room_) return append_across(bytes);
    if (bytes.empty()) return;  // memcpy takes no null pointer
    std::memcpy(cursor_, bytes.data(), bytes.size());
    cursor_ += bytes.size();
    room_ -= bytes.size();
    size_ += bytes.size();
  }
  void overwrite(std::size_t at, std::string_view bytes);  // of what is there
  void truncate(std::size_t size);                         // to not more than it holds; keeps what it has reserved

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::uint64_t crc64() const { return crc64(0, size_); }  // COS's CRC64 of the contents
  std::uint64_t crc64(std::size_t at, std::size_t size) const;
  // Copies up to `out.size()` bytes from position `at`; returns how many.
  std::size_t read(std::size_t at, std::span<char> out) const;
  std::size_t reserved_bytes() const { return capacity_; }

  // For who works on whole chunks: the contents of one, its removal, and writing behind the end without a copy.
  std::size_t chunks() const { return chunks_.size(); }
  std::string_view chunk(std::size_t index) const;
  ChunkPool::Chunk detach(std::size_t index);  // its contents are then gone, and the buffer may only be destroyed
  void adopt(ChunkPool::Chunk chunk);          // room for so much more
  std::span<unsigned char> room();             // behind the end, in one piece; empty: adopt a chunk
  void advance(std::size_t bytes);             // so much of room() has been written
  void give_back_unused(std::size_t but = 0);  // all chunks that neither the contents nor `but` bytes more need
  const std::shared_ptr<ChunkPool>& pool() const { return pool_; }

 private:
  bool grow(std::size_t bytes);
  void append_across(std::string_view bytes);
  void place_cursor();

  std::shared_ptr<ChunkPool> pool_;
  std::vector<ChunkPool::Chunk> chunks_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;  // of all chunks
  unsigned char* cursor_ = nullptr;
  std::size_t room_ = 0;  // from cursor_ to the end of its chunk
};

}  // namespace ch::cos
