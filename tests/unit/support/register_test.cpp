#include "support/ledger/register.hpp"

#include <catch2/catch.hpp>

using ch::test::Register;

namespace {

Register::Time at(int ms) { return Register::Time(std::chrono::milliseconds(ms)); }

}  // namespace

TEST_CASE("a register's answers are explained, or not") {
  Register one;
  one.wrote(at(0), at(1), "a");
  one.wrote(at(10), at(20), "b");
  SECTION("before, during and after a write") {
    one.read(at(2), at(3), "a");
    one.read(at(11), at(12), "a");
    one.read(at(11), at(12), "b");
    one.read(at(21), at(22), "b");
    CHECK_FALSE(one.unexplained());
  }
  SECTION("writes at the same time: either may be the last") {
    one.wrote(at(15), at(25), "c");
    one.read(at(30), at(31), "b");
    one.read(at(30), at(31), "c");
    CHECK_FALSE(one.unexplained());
  }
  SECTION("a write that may have been refused") {
    one.may_have_written(at(30), at(40), "d");
    one.read(at(41), at(42), "b");
    one.read(at(41), at(42), "d");
    CHECK_FALSE(one.unexplained());
  }
  SECTION("a lost update") {
    one.read(at(21), at(22), "a");
    CHECK(one.unexplained()->value == "a");
  }
  SECTION("a write that took effect before it was sent") {
    one.read(at(5), at(6), "b");
    CHECK(one.unexplained()->value == "b");
  }
  SECTION("a value that nobody wrote") {
    one.read(at(30), at(31), "x");
    CHECK(one.unexplained()->value == "x");
  }
}
