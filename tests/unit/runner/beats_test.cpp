#include "runner/beats.hpp"

#include <catch2/catch.hpp>

using namespace ch;
using namespace std::chrono_literals;
using runner::Beats;

TEST_CASE("who does not come round for long is seen by the others, and not for shorter") {
  ManualClock clock;
  Beats beats;
  const auto one = beats.join("one", clock.steady());
  const auto other = beats.join("other", clock.steady());
  clock.pass(Beats::kLong - 1ms);
  CHECK(beats.hanging(clock.steady()).empty());
  other->come_round(clock.steady());
  clock.pass(1ms);
  CHECK(beats.hanging(clock.steady()) == std::vector<std::string>{"one"});
  CHECK(one->away(clock.steady()) == Beats::kLong);
  clock.set_wall(clock.wall_ms() + 34'560'000'000);
  CHECK_FALSE(other->hangs(clock.steady()));
  one->come_round(clock.steady());
  CHECK(beats.hanging(clock.steady()).empty());
}

TEST_CASE("who waits for others may take longer, and who has ended need not come round") {
  ManualClock clock;
  Beats beats;
  const auto one = beats.join("one", clock.steady());
  one->come_round(clock.steady(), 60s);
  clock.pass(Beats::kLong + 59s);
  CHECK(beats.hanging(clock.steady()).empty());
  clock.pass(1s);
  CHECK(beats.hanging(clock.steady()).size() == 1);
  one->end();
  CHECK(beats.hanging(clock.steady()).empty());
  { const auto gone = beats.join("gone", clock.steady()); }
  clock.pass(Beats::kLong);
  CHECK(beats.hanging(clock.steady()).empty());
}

TEST_CASE("something goes on while what is vital and one of the many come round") {
  ManualClock clock;
  Beats beats;
  CHECK(beats.goes_on(clock.steady()));
  const auto vital = beats.join("vital", clock.steady(), Beats::Role::vital);
  auto one = beats.join("one", clock.steady());
  auto other = beats.join("other", clock.steady());
  const auto pass = [&](auto... come_round) {
    clock.pass(Beats::kLong);
    (come_round->come_round(clock.steady()), ...);
    return beats.goes_on(clock.steady());
  };
  CHECK(pass(vital, one, other));
  CHECK(pass(vital, other));
  CHECK_FALSE(pass(vital));
  CHECK_FALSE(pass(one, other));
  CHECK(pass(vital, one));
  other.reset();
  CHECK_FALSE(pass(vital));
  one.reset();
  CHECK(pass(vital));  // there is none that could come round
}
