// Tries out in the background whether tasks that were made, enabled or changed may do what they must, since a permission
// that is missing would show only when the first object is stored. One thread, one task after the other; what is wrong is
// tried again, more and more slowly, until it is mended. Any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "base/mutex.hpp"

namespace ch::tasks {

class PreflightScheduler {
 public:
  // `check` tries the task out; true: something is wrong, and it is worth trying again. Called on the thread of this object.
  explicit PreflightScheduler(std::function<bool(const std::string& task)> check,
                              std::chrono::milliseconds first_wait = std::chrono::minutes(1));
  PreflightScheduler(const PreflightScheduler&) = delete;
  PreflightScheduler& operator=(const PreflightScheduler&) = delete;
  ~PreflightScheduler();  // waits for the one that is under way

  bool soon(const std::string& task);  // true: it is the only one, so that its end is worth waiting for

 private:
  using Clock = std::chrono::steady_clock;
  struct Due {
    Clock::time_point at;
    std::chrono::milliseconds next_wait;
  };
  void run(const std::stop_token& stop);

  const std::function<bool(const std::string&)> check_;
  const std::chrono::milliseconds first_wait_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, Due> due_ CH_GUARDED_BY(mutex_);
  bool busy_ CH_GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

}  // namespace ch::tasks
