#include "base/descriptors.hpp"

#include <sys/resource.h>

#include <catch2/catch.hpp>

using namespace ch;
using descriptors::Gate;

TEST_CASE("the soft limit of open files is raised to the hard one") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit low{before.rlim_max / 2, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
  CHECK(descriptors::limit() == before.rlim_max / 2);
  CHECK(descriptors::raise_limit() == before.rlim_max);
  CHECK(descriptors::limit() == before.rlim_max);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(descriptors::open_now() > 3);  // the three that everybody has, and the folder that is looked into
}

TEST_CASE("who would open many is let in as long as enough are left for the others") {
  ManualClock clock;
  Gate gate;
  constexpr std::size_t kOpen = 500;
  CHECK_FALSE(gate.admit(clock.steady(), kOpen, kOpen + Gate::kEach + Gate::kReserve - 1));
  CHECK(gate.needed(clock.steady(), kOpen) == kOpen + Gate::kEach + Gate::kReserve);
  CHECK(gate.admit(clock.steady(), kOpen, kOpen + Gate::kEach + Gate::kReserve));
  // What it opens does not show at once: others at the same moment find the place taken.
  CHECK_FALSE(gate.admit(clock.steady(), kOpen, kOpen + Gate::kEach + Gate::kReserve));
  clock.pass(Gate::kOpening);
  CHECK(gate.admit(clock.steady(), kOpen, kOpen + Gate::kEach + Gate::kReserve));
}

TEST_CASE("a hundred that start at once share what there is, whatever the limit") {
  ManualClock clock;
  for (const std::size_t limit : {64U, 1024U, 524288U}) {
    Gate gate;
    std::size_t in = 0;
    for (int i = 0; i < 100; ++i) in += gate.admit(clock.steady(), 20, limit) ? 1 : 0;
    CHECK(20 + in * Gate::kEach < limit);
    CHECK(in == (limit == 64 ? 1U : limit == 1024 ? 39U : 100U));
  }
}
