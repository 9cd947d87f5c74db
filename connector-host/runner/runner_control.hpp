// What a runner's poll thread shares with everybody else. Private to this room.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>

#include "base/mutex.hpp"
#include "runner/runner.hpp"

namespace ch::runner {

// Everything here may be touched by any thread.
class RunnerControl {
 public:
  std::atomic<bool> stopping = false;
  std::atomic<bool> discard = false;
  std::atomic<bool> for_good = false;  // it will not come back: its membership in the group ends
  std::atomic<Instant> stop_deadline = Instant::max();
  std::atomic<bool> paused = false;
  std::atomic<bool> retry = false;
  std::atomic<bool> status_asked = false;
  std::atomic<bool> start_fixed = false;
  std::atomic<bool> stopped = false;
  std::atomic<std::uint64_t> published = 0;
  std::shared_ptr<Beats::Beat> beat;  // set before the poll thread begins

  // False: nothing is polled, the thread starts, waits for its next try or is busy.
  bool wake() {
    const MutexLock lock(mutex_);
    woken_ = true;
    changed_.notify_all();
    if (wake_consumer_) wake_consumer_();
    return wake_consumer_ != nullptr;
  }
  // While a consumer is polled, waking means interrupting its poll.
  void set_consumer(std::function<void()> wake_consumer) {
    const MutexLock lock(mutex_);
    wake_consumer_ = std::move(wake_consumer);
  }
  void wait(std::chrono::milliseconds at_most) {
    MutexLock lock(mutex_);
    changed_.wait_for(lock, at_most, [this]() CH_REQUIRES(mutex_) { return woken_; });
    woken_ = false;
  }
  void publish(RunnerStatus status) {
    const MutexLock lock(mutex_);
    status_ = std::move(status);
    ++published;
  }
  RunnerStatus status() const {
    const MutexLock lock(mutex_);
    return status_;
  }
  bool must_end(Instant now) const { return stopping && (discard || now >= stop_deadline.load()); }

 private:
  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  bool woken_ CH_GUARDED_BY(mutex_) = false;
  std::function<void()> wake_consumer_ CH_GUARDED_BY(mutex_);
  RunnerStatus status_ CH_GUARDED_BY(mutex_);
};

}  // namespace ch::runner
