// Since when the oldest record waits that is not stored yet.
#include "runner/waiting.hpp"

#include <catch2/catch.hpp>

using namespace ch::runner;
using namespace std::chrono_literals;

namespace {

const Moment kStart = Moment() + 1h;

}  // namespace

TEST_CASE("the oldest record that is not stored counts, however much came after it") {
  Waiting waiting;
  CHECK_FALSE(waiting.since());
  waiting.arrived(10, kStart, kStart);
  waiting.arrived(20, kStart + 100ms, kStart + 100ms);  // too soon for a mark of its own: it counts as old as the one before
  waiting.arrived(30, kStart + 1s, kStart + 1s);
  CHECK(waiting.since() == kStart);
  waiting.stored(10);
  CHECK(waiting.since() == kStart);
  waiting.stored(20);
  CHECK(waiting.since() == kStart + 1s);
  waiting.stored(30);
  CHECK_FALSE(waiting.since());
}

TEST_CASE("a record that nobody takes waits since it was offered first") {
  Waiting waiting;
  waiting.arrived(11, kStart, kStart);
  waiting.arrived(11, kStart + 10s, kStart + 10s);
  CHECK(waiting.since() == kStart);
}

TEST_CASE("what is read again has waited since it came first") {
  Waiting waiting;
  waiting.arrived(10, kStart, kStart);
  waiting.arrived(500, kStart + 5s, kStart + 5s);
  waiting.again(4);
  CHECK(waiting.since() == kStart);
  waiting.stored(4);
  CHECK(waiting.since() == kStart);
  waiting.stored(5);
  CHECK_FALSE(waiting.since());
  waiting.again(7);
  CHECK_FALSE(waiting.since());
}

TEST_CASE("marks are bounded, and what is kept of them is never younger than it is, nor much older") {
  Waiting waiting;
  for (int i = 1; i <= 10000; ++i) waiting.arrived(i, kStart + i * 1s, kStart + i * 1s);
  CHECK(waiting.since() == kStart + 1s);
  for (int stored = 500; stored < 10000; stored += 500) {
    waiting.stored(stored);
    const auto oldest = kStart + (stored + 1) * 1s;
    REQUIRE(waiting.since());
    CHECK(*waiting.since() <= oldest);
    CHECK(*waiting.since() >= oldest - 10000s / 16);
  }
}

TEST_CASE("a record is as old as its timestamp says, unless that is absent or in the future") {
  CHECK(waits_since(1'000'000, kStart, 1'060'000) == kStart - 60s);
  CHECK(waits_since(2'000'000, kStart, 1'060'000) == kStart);
  CHECK(waits_since(-1, kStart, 1'060'000) == kStart);
  CHECK(waits_since(0, kStart, 1'060'000) == kStart);
}
