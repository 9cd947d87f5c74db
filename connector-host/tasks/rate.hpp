// How fast a total grows, over the last ten seconds or so. For one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

namespace ch::tasks {

class Rate {
 public:
  static constexpr std::int64_t kWindowMs = 10000;
  static constexpr std::int64_t kStepMs = 1000;  // between two samples that are kept: bounds their number

  // Called now and then with the total so far; returns what is added in a second.
  double sample(std::int64_t now_ms, std::uint64_t total) {
    if (samples_.empty() || now_ms - samples_.back().time_ms >= kStepMs) samples_.push_back({now_ms, total});
    // One sample beyond the window stays: without it a task that is asked seldom would have no rate.
    while (samples_.size() > 1 && now_ms - samples_[1].time_ms >= kWindowMs) samples_.pop_front();
    const auto& first = samples_.front();
    const auto elapsed = std::max<std::int64_t>(now_ms - first.time_ms, kStepMs);
    return static_cast<double>(total - first.total) * 1000.0 / static_cast<double>(elapsed);
  }

 private:
  struct Sample {
    std::int64_t time_ms;
    std::uint64_t total;
  };
  std::deque<Sample> samples_;
};

}  // namespace ch::tasks
