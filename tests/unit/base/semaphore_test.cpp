#include "base/semaphore.hpp"

#include <catch2/catch.hpp>
#include <memory>

TEST_CASE("places: no more than there are, each free again with its last copy") {
  const ch::Semaphore places(2);
  auto first = places.take();
  const auto second = places.take();
  REQUIRE(first);
  REQUIRE(second);
  CHECK_FALSE(places.take());
  CHECK_FALSE(places.take());

  auto copy = first;
  first.reset();
  CHECK_FALSE(places.take());
  copy.reset();
  CHECK(places.take());
}

TEST_CASE("places: one outlives the count it was taken from") {
  std::shared_ptr<void> place;
  {
    const ch::Semaphore places(1);
    place = places.take();
  }
  CHECK(place);
}
