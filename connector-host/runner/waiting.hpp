// Since when the oldest record of a partition waits that has been read and is not stored yet. Poll thread only. Bounded: what
// waits long is known less exactly, never as younger than it is.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/clock.hpp"

namespace ch::runner {

using Moment = Instant;

// A record is as old as its timestamp says, if it has one that is not in the future; else as young as its arrival.
inline Moment waits_since(std::int64_t timestamp_ms, Moment now, std::int64_t now_wall_ms) {
  return timestamp_ms <= 0 ? now : now - std::chrono::milliseconds(std::max<std::int64_t>(now_wall_ms - timestamp_ms, 0));
}

class Waiting {
 public:
  static constexpr std::size_t kMaxMarks = 64;
  static constexpr std::chrono::milliseconds kFinest{250};

  // Records have come, the first of which waits `since`; the last one's offset is `end` - 1.
  void arrived(std::int64_t end, Moment since, Moment now) {
    if (!marks_.empty() && end <= marks_.back().end) return;
    if (marks_.empty()) {
      interval_ = kFinest;
    } else if (now - marked_ < interval_) {
      marks_.back().end = end;
      return;
    }
    if (marks_.size() == kMaxMarks) thin_out();
    marks_.push_back({end, since});
    marked_ = now;
  }
  void stored(std::int64_t offset) {
    while (!marks_.empty() && marks_.front().end <= offset) marks_.pop_front();
  }
  // Reading begins anew at `offset`, and what has come from there on comes again: it has waited since.
  void again(std::int64_t offset) {
    if (marks_.empty()) return;
    marks_ = {{offset + 1, marks_.front().since}};
  }
  std::optional<Moment> since() const { return marks_.empty() ? std::nullopt : std::optional(marks_.front().since); }

 private:
  struct Mark {
    std::int64_t end;  // records before it wait since then, or not as long
    Moment since;
  };
  void thin_out() {
    std::deque<Mark> half;
    for (std::size_t i = 0; i + 1 < marks_.size(); i += 2) half.push_back({marks_[i + 1].end, marks_[i].since});
    marks_ = std::move(half);
    interval_ *= 2;
  }

  std::deque<Mark> marks_;
  Moment marked_;
  std::chrono::milliseconds interval_ = kFinest;
};

}  // namespace ch::runner
