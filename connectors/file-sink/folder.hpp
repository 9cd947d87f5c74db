// Where a task may write: a folder below those that the host allows. It is opened component by component and no symbolic link
// below the allowed one is followed, so that nobody who may write there leads the host elsewhere. Any thread; opening blocks.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ch::file_sink {

// Why a file cannot be written, in the words of ch_interruption.
struct Failure {
  std::string reason;
  std::string message;
  std::string remedy;
};

class OpenFolder {
 public:
  explicit OpenFolder(int fd) : fd_(fd) {}
  OpenFolder(const OpenFolder&) = delete;
  OpenFolder& operator=(const OpenFolder&) = delete;
  OpenFolder(OpenFolder&& other) noexcept;
  OpenFolder& operator=(OpenFolder&& other) noexcept;
  ~OpenFolder();
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

class Folder {
 public:
  // `allowed`: the host's file.sink.allowed.paths, as it hands it over.
  Folder(std::string path, std::string_view allowed);

  const std::string& path() const { return path_; }
  // What is wrong with the path by its words alone, as the end of a sentence; "" nothing.
  std::string fault() const;
  std::variant<OpenFolder, Failure> open() const;

 private:
  std::optional<std::string> base() const;

  std::string path_;
  std::vector<std::string> allowed_;
};

}  // namespace ch::file_sink
