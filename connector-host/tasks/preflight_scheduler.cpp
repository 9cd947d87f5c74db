#include "tasks/preflight_scheduler.hpp"

#include <algorithm>
#include <utility>

namespace ch::tasks {
namespace {

constexpr std::chrono::milliseconds kLongestWait = std::chrono::minutes(10);

}  // namespace

PreflightScheduler::PreflightScheduler(std::function<bool(const std::string&)> check, std::chrono::milliseconds first_wait)
    : check_(std::move(check)), first_wait_(first_wait), thread_([this](const std::stop_token& stop) { run(stop); }) {}

PreflightScheduler::~PreflightScheduler() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

bool PreflightScheduler::soon(const std::string& task) {
  const MutexLock lock(mutex_);
  const auto now = Clock::now();
  const bool others =
      busy_ || std::any_of(due_.begin(), due_.end(), [&](const auto& other) { return other.first != task && other.second.at <= now; });
  due_[task] = {now, first_wait_};
  changed_.notify_all();
  return !others;
}

void PreflightScheduler::run(const std::stop_token& stop) {
  MutexLock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto first = std::min_element(due_.begin(), due_.end(), [](const auto& a, const auto& b) { return a.second.at < b.second.at; });
    if (first == due_.end()) {
      changed_.wait(lock, stop, [this]() CH_REQUIRES(mutex_) { return !due_.empty(); });
      continue;
    }
    if (const auto at = first->second.at; at > Clock::now()) {
      changed_.wait_until(lock, stop, at, [&]() CH_REQUIRES(mutex_) {  // or something else is due earlier
        return std::any_of(due_.begin(), due_.end(), [&](const auto& other) { return other.second.at < at; });
      });
      continue;
    }
    const auto task = first->first;
    const auto wait = first->second.next_wait;
    due_.erase(first);
    busy_ = true;
    lock.unlock();
    const bool again = check_(task);
    lock.lock();
    busy_ = false;
    if (again) due_.emplace(task, Due{Clock::now() + wait, std::min(wait * 2, kLongestWait)});  // unless it was asked for anew
  }
}

}  // namespace ch::tasks
