// Which lines of a log to say and which only to count: a defect in a loop must not fill the disk, and must not hide what
// else happens. Pure bookkeeping; for one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace ch::log {

class Repeats {
 public:
  static constexpr std::size_t kBurst = 20;          // lines of a kind that are said in a window
  static constexpr milliseconds kWindow{10000};      // from the first of them on
  static constexpr std::size_t kMaxKinds = 256;      // beyond them lines are said
  static constexpr std::size_t kMaxKeptText = 1000;  // of the line that is kept

  struct Held {
    int level = 0;
    std::string task;
    std::string message;    // the last one that was kept back
    std::size_t count = 0;  // how many were
  };

  // Lines are of one kind if level, task and text are the same but for words with digits in them: offsets, keys, ids.
  // False: keep it back.
  bool admit(int level, std::string_view task, std::string_view message, Instant now);
  // What was kept back in windows that have ended; `all`: in the others, too.
  std::vector<Held> take(Instant now, bool all = false);

 private:
  struct Window {
    Instant began;
    std::size_t said = 0;
    Held held;
  };
  std::map<std::size_t, Window> windows_;  // by the hash of the kind
};

}  // namespace ch::log
