#include "runner/rate.hpp"

#include <catch2/catch.hpp>

using ch::runner::Rate;
using namespace std::chrono_literals;

namespace {

ch::Instant at(std::chrono::milliseconds since) { return ch::Instant(1h) + since; }

}  // namespace

TEST_CASE("a rate is what was added in a second, lately") {
  Rate rate;
  CHECK(rate.sample(at(0ms), 0) == 0);
  CHECK(rate.sample(at(500ms), 100) == 100);  // too early to be more exact
  CHECK(rate.sample(at(2000ms), 200) == 100);
  for (int second = 3; second <= 12; ++second) rate.sample(at(second * 1s), 200);
  CHECK(rate.sample(at(13000ms), 200) == 0);
}

TEST_CASE("a rate that is asked seldom is the average since then") {
  Rate rate;
  rate.sample(at(0ms), 0);
  CHECK(rate.sample(at(60000ms), 600) == 10);
  CHECK(rate.sample(at(120000ms), 600) == 0);
}
