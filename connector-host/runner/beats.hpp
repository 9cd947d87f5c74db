// Which threads have not come round for long. A thread that hangs cannot say so: it leaves its last time here, where the
// others see how long ago that was. Any thread; nobody waits for a thread that hangs, nor for a disk.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/mutex.hpp"

namespace ch::runner {

class Beats {
 public:
  static constexpr milliseconds kLong{30000};  // longer than anything that such a thread waits for

  enum class Role { one_of_many, vital };  // without a vital thread nothing goes on; of the many each serves a task

  struct Beat {
    Beat(std::string of, Role as) : name(std::move(of)), role(as) {}
    const std::string name;
    const Role role;
    // `longer`: what comes next may take so much longer than kLong, since others are waited for.
    void come_round(Instant now, milliseconds longer = {}) { last_ = now + longer; }
    void end() { last_ = Instant::max(); }  // it need not come round any more
    milliseconds away(Instant now) const { return now - last_.load(); }
    bool hangs(Instant now) const { return away(now) >= kLong; }

   private:
    std::atomic<Instant> last_;
  };

  // A thread that must come round from `now` on, until the pointer has gone.
  std::shared_ptr<Beat> join(std::string name, Instant now, Role role = Role::one_of_many) {
    auto beat = std::make_shared<Beat>(std::move(name), role);
    beat->come_round(now);
    const MutexLock lock(mutex_);
    std::erase_if(all_, [](const auto& one) { return one.expired(); });
    all_.push_back(beat);
    return beat;
  }
  // Names of those that have not come round for kLong.
  std::vector<std::string> hanging(Instant now) const {
    const MutexLock lock(mutex_);
    std::vector<std::string> out;
    for (const auto& one : all_) {
      if (const auto beat = one.lock(); beat && beat->hangs(now)) out.push_back(beat->name);
    }
    return out;
  }
  // Whether something goes on: no vital thread hangs, and of the others, if there are any, at least one comes round.
  bool goes_on(Instant now) const {
    const MutexLock lock(mutex_);
    bool any = false;
    bool one_comes_round = false;
    for (const auto& one : all_) {
      const auto beat = one.lock();
      if (!beat) continue;
      const bool hangs = beat->hangs(now);
      if (hangs && beat->role == Role::vital) return false;
      if (beat->role == Role::vital) continue;
      any = true;
      one_comes_round = one_comes_round || !hangs;
    }
    return !any || one_comes_round;
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::weak_ptr<Beat>> all_ CH_GUARDED_BY(mutex_);
};

}  // namespace ch::runner
