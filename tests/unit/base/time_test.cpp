#include "base/time.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>

using ch::parse_rfc3339;
using ch::rfc3339;

TEST_CASE("a time is written in UTC with milliseconds") {
  CHECK(rfc3339(0) == "1970-01-01T00:00:00.000Z");
  CHECK(rfc3339(1795577345123) == "2026-11-25T03:29:05.123Z");
  CHECK(rfc3339(951782400000) == "2000-02-29T00:00:00.000Z");
  CHECK(rfc3339(-1) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("a time that four digits cannot hold is held at the nearest one that they can") {
  CHECK(rfc3339(std::numeric_limits<std::int64_t>::max()) == "9999-12-31T23:59:59.999Z");
  CHECK(rfc3339(std::numeric_limits<std::int64_t>::min()) == "0000-01-01T00:00:00.000Z");
}

TEST_CASE("what is written is read back") {
  for (const std::int64_t ms : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1795577345123}, std::int64_t{253402300799999}}) {
    CHECK(parse_rfc3339(rfc3339(ms)) == ms);
  }
}

TEST_CASE("offsets, fractions and small letters are understood") {
  CHECK(parse_rfc3339("2026-11-25T03:29:05Z") == 1795577345000);
  CHECK(parse_rfc3339("2026-11-25t03:29:05z") == 1795577345000);
  CHECK(parse_rfc3339("2026-11-25T11:29:05+08:00") == 1795577345000);
  CHECK(parse_rfc3339("2026-11-24T21:59:05.5-05:30") == 1795577345500);
  CHECK(parse_rfc3339("2026-11-25T03:29:05.123456789Z") == 1795577345123);
  CHECK(parse_rfc3339("2016-12-31T23:59:60Z") == parse_rfc3339("2017-01-01T00:00:00Z"));
}

TEST_CASE("what is not a time is refused") {
  for (const char* text : {"",
                           "latest",
                           "2026-11-25",
                           "2026-11-25T03:29:05",
                           "2026-13-25T03:29:05Z",
                           "2026-00-25T03:29:05Z",
                           "2026-02-29T03:29:05Z",
                           "2026-04-31T00:00:00Z",
                           "2026-11-25T24:00:00Z",
                           "2026-11-25T03:60:05Z",
                           "2026-11-25T03:29:61Z",
                           "2026-11-25T03:29:05.Z",
                           "2026-11-25T03:29:05+24:00",
                           "2026-11-25T03:29:05+0800",
                           "2026-11-25T03:29:05Z ",
                           " 2026-11-25T03:29:05Z",
                           "26-11-25T03:29:05Z",
                           "2026-1-25T03:29:05Z",
                           "+026-11-25T03:29:05Z",
                           "2026-11-25T03:29:05Zjunk"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_rfc3339(text).has_value());
  }
}
