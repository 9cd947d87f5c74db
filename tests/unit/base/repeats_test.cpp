#include "base/repeats.hpp"

#include <catch2/catch.hpp>

using ch::Instant;
using ch::log::Repeats;
using namespace std::chrono_literals;

namespace {

constexpr Instant kBegin(1h);

}  // namespace

TEST_CASE("of lines that are alike a few are said, the others counted") {
  Repeats repeats;
  for (std::size_t i = 0; i < Repeats::kBurst; ++i) CHECK(repeats.admit(2, "orders", "offset " + std::to_string(i) + " refused", kBegin));
  for (int i = 0; i < 500; ++i) CHECK_FALSE(repeats.admit(2, "orders", "offset 9" + std::to_string(i) + " refused", kBegin + 1s));
  CHECK(repeats.admit(2, "bills", "offset 1 refused", kBegin + 1s));   // another task
  CHECK(repeats.admit(3, "orders", "offset 1 refused", kBegin + 1s));  // another level
  CHECK(repeats.admit(2, "orders", "offset 1 acknowledged", kBegin + 1s));
  CHECK(repeats.take(kBegin + 1s).empty());
  const auto held = repeats.take(kBegin + Repeats::kWindow);
  REQUIRE(held.size() == 1);
  CHECK(held[0].count == 500);
  CHECK(held[0].task == "orders");
  CHECK(held[0].message == "offset 9499 refused");
  CHECK(repeats.admit(2, "orders", "offset 1 refused", kBegin + 11s));  // a new window
}

TEST_CASE("kinds are bounded in number, and lines beyond them are said") {
  Repeats repeats;
  std::string word = "x";
  for (std::size_t i = 0; i < Repeats::kMaxKinds + 50; ++i, word += 'x') {
    for (std::size_t n = 0; n < Repeats::kBurst; ++n) repeats.admit(1, "", word, kBegin);
    const bool said = repeats.admit(1, "", word, kBegin);
    CHECK(said == (i >= Repeats::kMaxKinds));
  }
  CHECK(repeats.take(kBegin, true).size() == Repeats::kMaxKinds);
  CHECK(repeats.take(kBegin, true).empty());
}
