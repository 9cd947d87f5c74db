#include "cloud/clock.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <random>

using ch::cloud::ServerClock;

namespace {

constexpr std::int64_t kStart = 1700000000000;  // a whole second
constexpr std::int64_t kMinute = 60000;

std::string http_date(std::int64_t unix_ms) {
  const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return text;
}

// Our clock and the server's, and requests between them.
struct Bench {
  std::int64_t own = kStart;
  std::int64_t off = 0;  // the server's minus ours
  ServerClock clock{[this] { return own; }};

  void request(std::int64_t there_ms = 20, std::int64_t back_ms = 20, bool refused = false) {
    const auto sent = own;
    own += there_ms;
    const auto date = http_date(own + off);
    own += back_ms;
    clock.observe(date, sent, refused);
  }
};

}  // namespace

TEST_CASE("server clock: a clock that is right stays as it is, whatever a slow answer seems to say") {
  Bench bench;
  CHECK_FALSE(bench.clock.measured_ms());
  for (int i = 0; i < 100; ++i, bench.own += 337) bench.request(i % 7 * 300, i % 5 * 500);
  CHECK(std::abs(bench.clock.skew_ms()) < 1000);
  CHECK(bench.clock.measured_ms());
}

TEST_CASE("server clock: many answers tell more than the whole seconds of a Date") {
  const auto off = GENERATE(-3 * kMinute, -1500, 1500, 7 * kMinute, 120 * kMinute);
  Bench bench;
  bench.off = off;
  std::minstd_rand random(7);
  for (int i = 0; i < 200; ++i, bench.own += random() % 1500) bench.request();
  INFO(bench.clock.skew_ms());
  CHECK(std::abs(bench.clock.skew_ms() - off) <= 60);
  CHECK(bench.clock.now_ms() == bench.own + bench.clock.skew_ms());
}

TEST_CASE("server clock: one wrong Date moves nothing, two that agree do, and a refused request at once") {
  Bench bench;
  for (int i = 0; i < 10; ++i, bench.own += 337) bench.request();
  bench.clock.observe(http_date(bench.own + 60 * kMinute), bench.own, false);
  CHECK(std::abs(bench.clock.skew_ms()) < 1000);
  bench.request();
  bench.clock.observe(http_date(bench.own - 60 * kMinute), bench.own, false);  // it does not agree with the one before
  CHECK(std::abs(bench.clock.skew_ms()) < 1000);
  for (const auto off : {10 * kMinute, -10 * kMinute}) {  // ours is set while it runs, forwards and back
    bench.off = off;
    bench.request();
    bench.request();
    CHECK(std::abs(bench.clock.skew_ms() - off) <= 1100);
  }
  bench.off = 3 * kMinute;
  bench.request(20, 20, true);
  CHECK(std::abs(bench.clock.skew_ms() - bench.off) <= 1100);
}

TEST_CASE("server clock: a clock that is set by more than a year is corrected as well, and back") {
  Bench bench;
  for (const auto off :
       {std::int64_t{400} * 86400000, std::int64_t{0}, std::int64_t{-400} * 86400000, -8 * 60 * kMinute, std::int64_t{0}}) {
    bench.off = off;
    bench.request(20, 20, true);
    CHECK(std::abs(bench.clock.skew_ms() - off) <= 1100);
  }
}

TEST_CASE("server clock: what is no time of day is not believed") {
  Bench bench;
  for (const std::string date :
       {"", "yesterday", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 13 Nov 1998 08:00:00 GMT", "Fri, 13 Nov 2099 08:00:00 GMT"})
    bench.clock.observe(date, bench.own, true);
  CHECK_FALSE(bench.clock.measured_ms());
  // Our clock was set back by an hour between the request and its answer.
  const auto sent = bench.own;
  const auto date = http_date(bench.own);
  bench.own -= 60 * kMinute;
  bench.clock.observe(date, sent, true);
  CHECK_FALSE(bench.clock.measured_ms());
}
