#include "file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <connector_host/reasons.hpp>
#include <system_error>
#include <utility>

namespace ch::file_sink {

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

std::optional<Failure> File::open(std::optional<std::uint64_t> bytes) {
  if (fd_ < 0) {
    if (auto failure = open_locked()) return failure;
  }
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return failed("read the size of", errno);
  if (!S_ISREG(info.st_mode))
    return Failure{reasons::kObjectConflict, path_ + " is not a regular file", "remove it, or set file.dir to another folder"};
  size_ = static_cast<std::uint64_t>(info.st_size);
  cut_off_ = 0;
  if (bytes && *bytes > size_) return too_short(size_, *bytes);
  if (bytes && *bytes < size_) {
    if (::ftruncate(fd_, static_cast<off_t>(*bytes)) != 0) return failed("truncate", errno);
    cut_off_ = size_ - *bytes;
    size_ = *bytes;
  }
  if (::fsync(fd_) != 0) return failed("sync", errno);
  return std::nullopt;
}

std::optional<Failure> File::open_locked() {
  auto opened = folder_.open();
  if (auto* failure = std::get_if<Failure>(&opened)) return std::move(*failure);
  const int folder = std::get<OpenFolder>(opened).fd();
  // Non-blocking: a pipe of this name must not hold up the pool. A link of this name is somebody else's file.
  const int fd = ::openat(folder, name_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0600);
  if (fd < 0 && errno == ELOOP)
    return Failure{reasons::kAccessDenied, path_ + " is a symbolic link, which is not followed",
                   "remove it, or set file.dir to another folder"};
  if (fd < 0) return failed("open", errno);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    ::close(fd);
    if (error != EWOULDBLOCK) return failed("lock", error);
    return Failure{reasons::kObjectConflict, path_ + " is being written by another task or process",
                   "give each task a file.dir of its own"};
  }
  fd_ = fd;
  // A new file is there after a power failure only if its folder's entry is.
  if (::fsync(folder) != 0) {
    const int error = errno;
    ::close(std::exchange(fd_, -1));
    return failed("sync the folder of", error);
  }
  return std::nullopt;
}

std::optional<Failure> File::write(std::string_view data, std::uint64_t at) {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return failed("read the size of", errno);
  if (static_cast<std::uint64_t>(info.st_size) < at) return too_short(static_cast<std::uint64_t>(info.st_size), at);
  std::size_t done = 0;
  while (done < data.size()) {
    const auto written = ::pwrite(fd_, data.data() + done, data.size() - done, static_cast<off_t>(at + done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const int error = written < 0 ? errno : ENOSPC;
      (void)!::ftruncate(fd_, static_cast<off_t>(at));  // readers should not see half a line; the repetition overwrites it anyway
      return failed("write", error);
    }
    done += static_cast<std::size_t>(written);
  }
  if (::fdatasync(fd_) != 0) return failed("sync", errno);
  return std::nullopt;
}

std::optional<Failure> File::failed(const char* what, int error) const {
  const std::string message = std::string("cannot ") + what + " " + path_ + ": " + std::generic_category().message(error);
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return Failure{reasons::kDiskFull, message, "free space in " + folder_.path()};
    case EACCES:
    case EPERM:
    case EROFS:
      return Failure{reasons::kAccessDenied, message, "let the host's user write in " + folder_.path()};
    case ENOENT:
    case ENOTDIR:
      return Failure{reasons::kBucketMissing, message, "create or mount the folder " + folder_.path()};
    default:
      return Failure{reasons::kCosError, message, "look into the system's log for errors of the disk"};
  }
}

Failure File::too_short(std::uint64_t size, std::uint64_t bytes) const {
  return {reasons::kOffsetLost,
          path_ + " has " + std::to_string(size) + " bytes, but " + std::to_string(bytes) + " were stored and committed",
          "restore the file, or rewind the task to store its records again"};
}

}  // namespace ch::file_sink
