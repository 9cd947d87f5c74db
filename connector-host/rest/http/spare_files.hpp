// Descriptors that are held only to be given back: when the process has no more, each lets one connection in. For one thread.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <vector>

namespace ch::rest {

class SpareFiles {
 public:
  static constexpr std::size_t kCount = 8;

  SpareFiles() { fill(); }
  SpareFiles(const SpareFiles&) = delete;
  SpareFiles& operator=(const SpareFiles&) = delete;
  ~SpareFiles() {
    while (give()) {
    }
  }
  bool give() {
    if (files_.empty()) return false;
    ::close(files_.back());
    files_.pop_back();
    return true;
  }
  void fill() {
    while (files_.size() < kCount) {
      const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
      if (file < 0) return;
      files_.push_back(file);
    }
  }

 private:
  std::vector<int> files_;
};

}  // namespace ch::rest
