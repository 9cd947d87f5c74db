#include "runner/budget.hpp"

#include <catch2/catch.hpp>

using ch::runner::Budget;

namespace {
constexpr std::uint64_t kMiB = 1 << 20;
}

TEST_CASE("budget: a task gets what it may have and no more") {
  Budget host(100 * kMiB);
  Budget task(10 * kMiB, &host);
  CHECK(task.reserve(10 * kMiB));
  CHECK_FALSE(task.reserve(1));
  CHECK(task.used() == 10 * kMiB);
  CHECK(host.used() == 10 * kMiB);
  task.release(4 * kMiB);
  CHECK(task.reserve(4 * kMiB));
  task.release(10 * kMiB);
  CHECK(host.used() == 0);
}

TEST_CASE("budget: all tasks together stay within the host's, but none is shut out altogether") {
  Budget host(8 * kMiB);
  Budget greedy(64 * kMiB, &host), modest(64 * kMiB, &host);
  CHECK(greedy.reserve(8 * kMiB));
  CHECK_FALSE(greedy.reserve(kMiB));
  CHECK(greedy.used() == 8 * kMiB);
  CHECK(modest.reserve(kMiB / 2));
  CHECK(modest.reserve(kMiB / 2));
  CHECK_FALSE(modest.reserve(kMiB));
  CHECK(modest.used() == kMiB);
  greedy.release(8 * kMiB);
  CHECK(modest.reserve(4 * kMiB));
}
