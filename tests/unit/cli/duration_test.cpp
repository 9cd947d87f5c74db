#include "cli/duration.hpp"

#include <catch2/catch.hpp>

using namespace ch::cli;
using std::chrono::milliseconds;

TEST_CASE("durations are read with their unit") {
  CHECK(parse_duration("500ms") == milliseconds(500));
  CHECK(parse_duration("60s") == milliseconds(60000));
  CHECK(parse_duration("5m") == milliseconds(300000));
  CHECK(parse_duration("10m") == milliseconds(600000));
  CHECK(parse_duration("0") == milliseconds(0));
  CHECK(parse_duration("0s") == milliseconds(0));
}

TEST_CASE("an age may be much longer than a wait") {
  CHECK(parse_duration("8h", kMaxAge) == std::chrono::hours(8));
  CHECK(parse_duration("3d", kMaxAge) == std::chrono::hours(72));
  CHECK_FALSE(parse_duration("3661d", kMaxAge));
}

TEST_CASE("what is no duration, or a longer one than a host waits, is refused") {
  for (const char* text : {"", "60", "s", "-1s", "+1s", "1.5s", " 1s", "1s ", "1h", "1 s", "11m", "601s", "600001ms",
                           "99999999999999999999s", "9223372036854775807m"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("a wait is sent in whole seconds, rounded up") {
  CHECK(in_seconds(milliseconds(60000)) == "60s");
  CHECK(in_seconds(milliseconds(1)) == "1s");
  CHECK(in_seconds(milliseconds(1500)) == "2s");
  CHECK(in_seconds(milliseconds(0)) == "0s");
}

TEST_CASE("durations are shown short") {
  CHECK(short_duration(milliseconds(0)) == "0ms");
  CHECK(short_duration(milliseconds(840)) == "840ms");
  CHECK(short_duration(milliseconds(12345)) == "12.3s");
  CHECK(short_duration(milliseconds(310000)) == "5m10s");
  CHECK(short_duration(milliseconds(7500000)) == "2h5m");
}
