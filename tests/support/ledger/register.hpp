// What clients wrote to one value and read of it, and whether some order of these explains every answer: a write whose
// answer came before another one was sent comes before it. For threads that run at the same time.
#pragma once

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace ch::test {

class Register {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Operation {
    Time sent;
    Time answered;  // of a write that goes on behind its answer: later
    std::string value;
    bool sure = true;  // false: of a write that may have been refused
  };

  void wrote(Time sent, Time answered, std::string value) {
    const std::lock_guard lock(mutex_);
    writes_.push_back({sent, answered, std::move(value)});
  }
  void may_have_written(Time sent, Time answered, std::string value) {
    const std::lock_guard lock(mutex_);
    writes_.push_back({sent, answered, std::move(value), false});
  }
  void read(Time sent, Time answered, std::string value) {
    const std::lock_guard lock(mutex_);
    reads_.push_back({sent, answered, std::move(value)});
  }

  // The first read that no order of the writes explains: its value was never written, not yet, or was surely replaced
  // before. What was there at first counts as written then.
  std::optional<Operation> unexplained() const {
    const std::lock_guard lock(mutex_);
    for (const auto& read : reads_) {
      // The latest moment at which some write, answered before the read was sent, was sent: what was answered before that
      // moment is replaced.
      Time replaced = Time::min();
      for (const auto& write : writes_) {
        if (write.sure && write.answered < read.sent) replaced = std::max(replaced, write.sent);
      }
      const bool explained = std::any_of(writes_.begin(), writes_.end(), [&](const Operation& write) {
        return write.value == read.value && write.sent <= read.answered && write.answered >= replaced;
      });
      if (!explained) return read;
    }
    return std::nullopt;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Operation> writes_;
  std::vector<Operation> reads_;
};

}  // namespace ch::test
