// Requests that wait for something to come true (`?wait=`): one thread asks for all of them, so that none holds a
// handler thread. Any thread may call.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/mutex.hpp"
#include "base/semaphore.hpp"
#include "rest/http/http.hpp"

namespace ch::rest {

constexpr std::chrono::milliseconds kWaitPoll{50};
constexpr std::size_t kMaxWaiters = 128;  // well below Limits::connections, so that others are still served

struct Wait {
  std::shared_ptr<void> slot;  // from LongPolls::reserve()
  std::chrono::steady_clock::time_point deadline;
  std::function<bool()> reached;
  std::function<Response(bool reached)> finish;
};

class LongPolls {
 public:
  explicit LongPolls(std::size_t limit = kMaxWaiters);
  LongPolls(const LongPolls&) = delete;
  LongPolls& operator=(const LongPolls&) = delete;
  ~LongPolls();  // as stop()

  // A place among those who wait, to be taken before anything is changed; null if there is none.
  std::shared_ptr<void> reserve() { return places_.take(); }
  void add(Wait wait, Reply reply, std::shared_ptr<const std::atomic<bool>> gone);
  void stop();  // answers all of them with how things are; later ones are answered at once

 private:
  struct Waiter {
    Wait wait;
    Reply reply;
    std::shared_ptr<const std::atomic<bool>> gone;
  };
  static bool settle(const Waiter& waiter, bool last_chance);
  void run();

  const Semaphore places_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Waiter> long_polls_ CH_GUARDED_BY(mutex_);
  bool stopping_ CH_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses all of the above
};

// `make`'s answer. Whatever it throws becomes a 500 with an id that is logged as well.
Response guarded(const std::string& what, const std::function<Response()>& make);

}  // namespace ch::rest
