// What a runner's poll thread shares with everybody else. Private to this room.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "tasks/runner.hpp"

namespace ch::tasks {

// Everything here may be touched by any thread.
class Shared {
 public:
  std::atomic<bool> stopping = false;
  std::atomic<bool> discard = false;
  std::atomic<std::int64_t> stop_deadline_ms = 0;  // wall clock; 0: none
  std::atomic<bool> paused = false;
  std::atomic<bool> retry = false;
  std::atomic<bool> status_asked = false;
  std::atomic<bool> start_fixed = false;
  std::atomic<bool> stopped = false;
  std::atomic<std::uint64_t> published = 0;

  // False: nothing is polled, the thread starts, waits for its next try or is busy.
  bool wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
    if (wake_consumer_) wake_consumer_();
    return wake_consumer_ != nullptr;
  }
  // While a consumer is polled, waking means interrupting its poll.
  void set_consumer(std::function<void()> wake_consumer) {
    const std::lock_guard lock(mutex_);
    wake_consumer_ = std::move(wake_consumer);
  }
  void wait(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, at_most, [this] { return woken_; });
    woken_ = false;
  }
  void publish(RunnerStatus status) {
    const std::lock_guard lock(mutex_);
    status_ = std::move(status);
    ++published;
  }
  RunnerStatus status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }
  bool must_end(std::int64_t now) const {
    const auto deadline = stop_deadline_ms.load();
    return stopping && (discard || (deadline != 0 && now >= deadline));
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  std::function<void()> wake_consumer_;
  RunnerStatus status_;
};

}  // namespace ch::tasks
