// Waiting for what another process does: asks again and again until it is so, or the deadline has passed.
#pragma once

#include <chrono>
#include <thread>

namespace ch::test {

constexpr std::chrono::milliseconds kAskAgain{20};

template <class Condition>
bool eventually(std::chrono::milliseconds limit, Condition&& condition) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kAskAgain);
  }
  return true;
}

// True if it stays so for the whole time: for what must not happen.
template <class Condition>
bool throughout(std::chrono::milliseconds time, Condition&& condition) {
  return !eventually(time, [&] { return !condition(); });
}

}  // namespace ch::test
