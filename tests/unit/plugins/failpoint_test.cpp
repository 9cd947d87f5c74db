#include <catch2/catch.hpp>
#include <connector_host/failpoint.hpp>

TEST_CASE("failpoints are read from one text") {
  const auto points =
      ch::failpoint::read_points("put.before=crash(3);commit.sent=stall(500,2);x=raise;;nonsense;bug.no_audit=on;y=stop(x)");
  REQUIRE(points.size() == 5);
  const auto is = [&](const char* name, const char* action, long first, long second) {
    const auto& point = points.at(name);
    return point.action == action && point.first == first && point.second == second;
  };
  CHECK(is("put.before", "crash", 3, 1));
  CHECK(is("commit.sent", "stall", 500, 2));
  CHECK(is("x", "raise", 1, 1));
  CHECK(is("bug.no_audit", "on", 1, 1));
  CHECK(is("y", "stop", 1, 1));
}

TEST_CASE("failpoints: a test switches a deliberate bug on and off") {
  const auto bug = [] { return CH_BUG("of_a_test"); };
  CHECK(!bug());
  ch::failpoint::set("bug.of_a_test=on");
  CHECK(bug());
  ch::failpoint::set("");
  CHECK(!bug());
}
