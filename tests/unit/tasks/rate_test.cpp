#include "tasks/rate.hpp"

#include <catch2/catch.hpp>

using ch::tasks::Rate;

TEST_CASE("a rate is what was added in a second, lately") {
  Rate rate;
  CHECK(rate.sample(0, 0) == 0);
  CHECK(rate.sample(500, 100) == 100);  // too early to be more exact
  CHECK(rate.sample(2000, 200) == 100);
  for (int second = 3; second <= 12; ++second) rate.sample(second * 1000, 200);
  CHECK(rate.sample(13000, 200) == 0);
}

TEST_CASE("a rate that is asked seldom is the average since then") {
  Rate rate;
  rate.sample(0, 0);
  CHECK(rate.sample(60000, 600) == 10);
  CHECK(rate.sample(120000, 600) == 0);
}
