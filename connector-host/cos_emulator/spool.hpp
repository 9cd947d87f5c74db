// A body on its way in: digests as it passes, and a temporary file that nobody sees until it is renamed. One thread at a time.
#pragma once

#include <openssl/evp.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace ch::cos_emulator {

// A refusal as COS words it; what the handlers and the storage throw.
struct CosError {
  int status = 400;
  std::string code;
  std::string message;
};

class File {
 public:
  File() = default;
  File(const std::filesystem::path& path, int flags);  // throws std::system_error
  ~File();
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  bool is_open() const { return fd_ >= 0; }
  void close();
  void write(std::string_view bytes);                                // all of it
  std::size_t read_at(std::span<char> out, std::uint64_t at) const;  // 0 at the end

 private:
  int fd_ = -1;
};

class Digest {
 public:
  explicit Digest(bool md5);
  void update(std::string_view bytes);
  std::uint64_t size() const { return size_; }
  std::uint64_t crc64() const { return crc64_; }
  const std::string& md5();  // 16 raw bytes; "" when not wanted. No update after it

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
  std::uint64_t size_ = 0;
  std::uint64_t crc64_ = 0;
  std::string md5_;
};

class Spool {
 public:
  Spool(std::filesystem::path path, bool md5);  // an empty path: nothing is kept
  ~Spool();                                     // removes the file, and its companion, unless it was moved
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;
  void write(std::string_view bytes);
  void move_to(const std::filesystem::path& target);
  std::filesystem::path companion() const;  // where the object's .meta.json waits; empty: nothing is kept
  Digest& digest() { return digest_; }
  std::string etag();  // MD5 in hex, or without MD5 something else that depends on the bytes

 private:
  std::filesystem::path path_;
  File file_;
  Digest digest_;
};

}  // namespace ch::cos_emulator
