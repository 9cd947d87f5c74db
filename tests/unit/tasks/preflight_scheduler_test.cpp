#include "tasks/preflight_scheduler.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <vector>

using namespace std::chrono_literals;
using ch::tasks::PreflightScheduler;

namespace {

template <class Condition>
bool soon(Condition condition) {
  for (const auto end = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(1ms)) {
    if (condition()) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("preflights: what is wrong is tried again until it is mended, and then only when asked for") {
  std::atomic<int> tried{0};
  std::atomic<int> wrong{3};
  PreflightScheduler preflights([&](const std::string&) { return ++tried <= wrong; }, 1ms);
  CHECK(preflights.soon("a"));
  CHECK(soon([&] { return tried == 4; }));
  std::this_thread::sleep_for(30ms);
  CHECK(tried == 4);
  wrong = 0;
  preflights.soon("a");
  CHECK(soon([&] { return tried == 5; }));
}

TEST_CASE("preflights: one task after the other, and who asks meanwhile is told not to wait") {
  std::mutex mutex;
  std::vector<std::string> order;
  std::promise<void> go;
  const auto gone = go.get_future().share();
  std::atomic<bool> begun{false};
  PreflightScheduler preflights([&](const std::string& task) {
    begun = true;
    gone.wait();
    const std::lock_guard lock(mutex);
    order.push_back(task);
    return false;
  });
  CHECK(preflights.soon("a"));
  CHECK(soon([&] { return begun.load(); }));
  CHECK_FALSE(preflights.soon("b"));
  CHECK_FALSE(preflights.soon("b"));  // once is enough
  CHECK_FALSE(preflights.soon("a"));  // its config is another one now
  go.set_value();
  CHECK(soon([&] {
    const std::lock_guard lock(mutex);
    return order.size() == 3;
  }));
  const std::lock_guard lock(mutex);
  CHECK(order == std::vector<std::string>{"a", "b", "a"});
}
