#include "base/mutex.hpp"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <thread>
#include <vector>

using namespace ch;

namespace {

class Counter {
 public:
  void add() {
    const MutexLock lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  // How many there are once it is `wanted` or more; takes all of them.
  int take(int wanted) {
    MutexLock lock(mutex_);
    changed_.wait(lock, [this, wanted]() CH_REQUIRES(mutex_) { return count_ >= wanted; });
    const int taken = count_;
    count_ = 0;
    lock.unlock();
    std::this_thread::yield();  // others may add here
    lock.lock();
    return taken + count_;
  }

 private:
  Mutex mutex_;
  std::condition_variable_any changed_;
  int count_ CH_GUARDED_BY(mutex_) = 0;
};

}  // namespace

TEST_CASE("mutex: many add, and one waits until all have") {
  constexpr int kThreads = 4, kEach = 500;
  Counter counter;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&counter] {
      for (int k = 0; k < kEach; ++k) counter.add();
    });
  }
  CHECK(counter.take(kThreads * kEach) == kThreads * kEach);
}

TEST_CASE("mutex: a lock that was given back is not given back again") {
  Mutex mutex;
  {
    MutexLock lock(mutex);
    lock.unlock();
  }
  const MutexLock again(mutex);  // would hang, or be undefined, if the first one had left it in disorder
}

TEST_CASE("mutex: two read at once, and nobody writes meanwhile") {
  SharedMutex mutex;
  bool written = false;
  std::jthread writer;
  {
    const ReadLock one(mutex);
    std::jthread([&mutex] { const ReadLock other(mutex); }).join();  // does not wait for the first
    writer = std::jthread([&mutex, &written] {
      const WriteLock lock(mutex);
      written = true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK_FALSE(written);
  }
  writer.join();
  CHECK(written);
}
