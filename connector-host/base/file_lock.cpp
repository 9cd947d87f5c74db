#include "base/file_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ch {
namespace {

// The holder writes its process id into the file, for the message alone: the lock is what counts.
std::string holder(int fd) {
  std::array<char, 16> text{};
  const auto size = ::pread(fd, text.data(), text.size(), 0);
  return size > 0 ? fmt::format("process {}", std::string(text.data(), static_cast<std::size_t>(size))) : "another process";
}

}  // namespace

Result<FileLock> FileLock::acquire(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail(ErrorCode::internal, fmt::format("cannot open the lock file {}: {}", file.string(), std::strerror(errno)));
  FileLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail(ErrorCode::internal, fmt::format("cannot lock {}: {}", file.string(), std::strerror(errno)));
    return fail(ErrorCode::conflict,
                fmt::format("{} is in use by {}: give each host a folder of its own", file.parent_path().string(), holder(fd)));
  }
  const auto pid = std::to_string(::getpid());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    return fail(ErrorCode::internal, fmt::format("cannot write {}: {}", file.string(), std::strerror(errno)));
  }
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace ch
