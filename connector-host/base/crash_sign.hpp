// A sign by which the next process knows that this one crashed, and was not killed: a file that a signal handler writes to. Used by
// the thread that starts the host; one at a time in a process.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace ch {

class CrashSign {
 public:
  // The file is made if it is missing, and nobody else may read it. From now on a crash leaves its sign there, except where
  // something else, such as a sanitizer, handles crashes, and in a thread that is not covered and whose stack has overflowed.
  static Result<CrashSign> prepare(const std::filesystem::path& file);
  CrashSign(CrashSign&& other) noexcept;
  CrashSign& operator=(CrashSign&&) = delete;
  ~CrashSign();

  // Gives the calling thread a second stack for the signal handler, so that an overflow of its own leaves a sign as well.
  static void cover_this_thread();

  // The signal that ended the process before, such as "SIGSEGV"; "" if it left no sign.
  const std::string& before() const { return before_; }

 private:
  explicit CrashSign(std::string before) : before_(std::move(before)) {}

  std::string before_;
  bool owner_ = true;
};

}  // namespace ch
