#include "base/clock.hpp"

#include <catch2/catch.hpp>
#include <type_traits>

using namespace ch;
using namespace std::chrono_literals;

// A moment that is waited for cannot be mixed with a date: it does not compile.
static_assert(!std::is_convertible_v<std::int64_t, Instant> && !std::is_convertible_v<Instant, std::int64_t>);
static_assert(!std::is_invocable_v<std::less<>, Instant, std::int64_t>);

TEST_CASE("what is measured does not see that the wall clock is set, by any amount") {
  ManualClock clock;
  const auto began = clock.steady();
  const auto date = clock.wall_ms();
  for (const auto step : {-30s, -600s, -28'800s, 34'560'000s, -34'560'000s}) {
    clock.set_wall(date + std::chrono::milliseconds(step).count());
    CHECK(clock.steady() == began);
  }
  clock.pass(5s);
  CHECK(clock.steady() - began == 5s);
}

TEST_CASE("the date of a moment is as far away as the moment, whatever the wall clock was when it was decided") {
  ManualClock clock;
  const auto due = clock.steady() + 30s;
  CHECK(clock.date_ms(due) == clock.wall_ms() + 30'000);
  clock.set_wall(clock.wall_ms() - 28'800'000);
  CHECK(clock.date_ms(due) == clock.wall_ms() + 30'000);
  clock.pass(40s);
  CHECK(clock.date_ms(due) == clock.wall_ms() - 10'000);
}

TEST_CASE("the system's clocks go on, and its dates are of today") {
  const auto began = steady_now();
  CHECK(began > Instant() + 1s);
  CHECK(wall_ms() > 1'700'000'000'000);
  CHECK(steady_now() >= began);
}
