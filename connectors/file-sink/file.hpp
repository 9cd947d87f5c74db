// The file of one partition. Owned by the partition and by the job that works on it; its lock goes with the last of
// them, so that a job of an assignment that has ended cannot write into what the next one has opened.
// All calls block: upload pool only, one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "folder.hpp"

namespace ch::file_sink {

class File {
 public:
  File(Folder folder, std::string name) : folder_(std::move(folder)), name_(std::move(name)), path_(folder_.path() + "/" + name_) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File();

  // Opens or makes it, takes its lock and cuts it to `bytes`, if given. May be called again after a failure.
  std::optional<Failure> open(std::optional<std::uint64_t> bytes);
  // Writes at this place and waits for the disk. A failure leaves nothing that a repetition would not overwrite.
  std::optional<Failure> write(std::string_view data, std::uint64_t at);

  std::uint64_t size() const { return size_; }        // when it had been opened
  std::uint64_t cut_off() const { return cut_off_; }  // how much open() removed

 private:
  std::optional<Failure> open_locked();
  std::optional<Failure> failed(const char* what, int error) const;
  Failure too_short(std::uint64_t size, std::uint64_t bytes) const;

  Folder folder_;
  std::string name_;
  std::string path_;  // for messages
  int fd_ = -1;
  std::uint64_t size_ = 0;
  std::uint64_t cut_off_ = 0;
};

}  // namespace ch::file_sink
