#include "file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace ch::file_sink {
namespace {

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// A new file is there after a power failure only if its folder's entry is.
bool sync_folder(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool synced = ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  errno = error;
  return synced;
}

}  // namespace

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
    return Failure{"object_conflict", path_ + " is not a regular file", "remove it, or set file.dir to another folder"};
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
  // Non-blocking: a pipe of this name must not hold up the pool.
  const int fd = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
  if (fd < 0) return failed("open", errno);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    ::close(fd);
    if (error != EWOULDBLOCK) return failed("lock", error);
    return Failure{"object_conflict", path_ + " is being written by another task or process", "give each task a file.dir of its own"};
  }
  fd_ = fd;
  if (!sync_folder(folder_of(path_))) {
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
      return Failure{"disk_full", message, "free space in " + folder_of(path_)};
    case EACCES:
    case EPERM:
    case EROFS:
      return Failure{"access_denied", message, "let the host's user write in " + folder_of(path_)};
    case ENOENT:
    case ENOTDIR:
      return Failure{"bucket_missing", message, "create or mount the folder " + folder_of(path_)};
    default:
      return Failure{"cos_error", message, "look into the system's log for errors of the disk"};
  }
}

Failure File::too_short(std::uint64_t size, std::uint64_t bytes) const {
  return {"offset_lost", path_ + " has " + std::to_string(size) + " bytes, but " + std::to_string(bytes) + " were stored and committed",
          "restore the file, or rewind the task to store its records again"};
}

}  // namespace ch::file_sink
