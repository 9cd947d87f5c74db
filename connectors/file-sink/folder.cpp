#include "folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <connector_host/reasons.hpp>
#include <system_error>
#include <utility>

namespace ch::file_sink {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    auto item = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (separator == ',' && item.starts_with(' ')) item.remove_prefix(1);
    while (separator == ',' && item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) out.emplace_back(item);
  }
  return out;
}

bool is_below(const std::string& path, const std::string& base) {
  const auto ours = split(path, '/'), theirs = split(base, '/');
  return ours.size() >= theirs.size() && std::equal(theirs.begin(), theirs.end(), ours.begin());
}

Failure failed(const std::string& path, int error) {
  const auto message = "cannot open the folder " + path + ": ";
  if (error == ELOOP || error == ENOTDIR) {
    return {reasons::kAccessDenied, message + "it is no folder, or a symbolic link, which is not followed",
            "give file.dir without symbolic links below the host's file.sink.allowed.paths"};
  }
  const auto why = message + std::generic_category().message(error);
  if (error == ENOENT) return {reasons::kBucketMissing, why, "create or mount the folder " + path};
  if (error == EACCES || error == EPERM) return {reasons::kAccessDenied, why, "let the host's user write in " + path};
  return {reasons::kCosError, why, "look into the system's log for errors of the disk"};
}

}  // namespace

OpenFolder::OpenFolder(OpenFolder&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
OpenFolder& OpenFolder::operator=(OpenFolder&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
OpenFolder::~OpenFolder() {
  if (fd_ >= 0) ::close(fd_);
}

Folder::Folder(std::string path, std::string_view allowed) : path_(std::move(path)), allowed_(split(allowed, ',')) {}

std::optional<std::string> Folder::base() const {
  for (const auto& base : allowed_) {
    if (is_below(path_, base)) return base;
  }
  return std::nullopt;
}

std::string Folder::fault() const {
  if (!path_.starts_with('/') || path_.find('\0') != std::string::npos) return "must be an absolute path, such as /var/lib/archive";
  for (const auto& part : split(path_, '/')) {
    if (part == "." || part == "..") return "must be a path without . and ..";
  }
  if (base()) return "";
  if (allowed_.empty()) return "is nowhere that this host lets file-sink write: its operator lists folders in file.sink.allowed.paths";
  std::string list;
  for (const auto& folder : allowed_) list += (list.empty() ? "" : ", ") + folder;
  return "is outside the folders that this host lets file-sink write below (file.sink.allowed.paths): " + list;
}

std::variant<OpenFolder, Failure> Folder::open() const {
  if (const auto wrong = fault(); !wrong.empty())
    return Failure{reasons::kAccessDenied, path_ + " " + wrong, "correct file.dir, or the host's file.sink.allowed.paths"};
  const auto from = *base();  // how that is reached is the operator's
  const auto parts = split(path_, '/');
  auto part = split(from, '/').size();
  // Only the last is read: those on the way may be open to pass through alone.
  const auto flags = [&] { return (part == parts.size() ? O_RDONLY : O_PATH) | O_DIRECTORY | O_CLOEXEC; };
  auto reached = from;
  OpenFolder folder(::open(from.c_str(), flags()));
  if (folder.fd() < 0) return failed(reached, errno);
  while (part < parts.size()) {
    const auto& name = parts[part++];
    reached += (reached.ends_with('/') ? "" : "/") + name;
    OpenFolder next(::openat(folder.fd(), name.c_str(), flags() | O_NOFOLLOW));
    if (next.fd() < 0) return failed(reached, errno);
    folder = std::move(next);
  }
  return folder;
}

}  // namespace ch::file_sink
