// How fast a total grows, over the last ten seconds or so. For one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

#include "base/clock.hpp"

namespace ch::runner {

class Rate {
 public:
  static constexpr milliseconds kWindow{10000};
  static constexpr milliseconds kStep{1000};  // between two samples that are kept: bounds their number

  // Called now and then with the total so far; returns what is added in a second.
  double sample(Instant now, std::uint64_t total) {
    if (samples_.empty() || now - samples_.back().time >= kStep) samples_.push_back({now, total});
    // One sample beyond the window stays: without it a task that is asked seldom would have no rate.
    while (samples_.size() > 1 && now - samples_[1].time >= kWindow) samples_.pop_front();
    const auto& first = samples_.front();
    const auto elapsed = std::max(now - first.time, kStep);
    return static_cast<double>(total - first.total) * 1000.0 / static_cast<double>(elapsed.count());
  }

 private:
  struct Sample {
    Instant time;
    std::uint64_t total;
  };
  std::deque<Sample> samples_;
};

}  // namespace ch::runner
