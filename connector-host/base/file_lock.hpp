// Keeps two processes out of one folder: an advisory lock on a file in it, which ends with the process that holds it.
// One thread.
#pragma once

#include <filesystem>

#include "base/result.hpp"

namespace ch {

class FileLock {
 public:
  // Does not wait. Error: conflict if another process holds it (the message names it), internal if there can be no lock.
  static Result<FileLock> acquire(const std::filesystem::path& file);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace ch
