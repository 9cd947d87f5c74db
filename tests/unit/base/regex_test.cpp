#include "base/regex.hpp"

#include <catch2/catch.hpp>

using ch::Regex;

TEST_CASE("an expression is searched for, or matches the whole") {
  const auto orders = Regex::compile("^orders-[0-9]+$");
  REQUIRE(orders);
  CHECK(orders->found_in("orders-12"));
  CHECK_FALSE(orders->found_in("orders-"));
  const auto prefix = Regex::compile("COS_.*");
  REQUIRE(prefix);
  CHECK(prefix->matches("COS_KEY"));
  CHECK_FALSE(prefix->matches("MY_COS_KEY"));
  CHECK(prefix->found_in("MY_COS_KEY"));
  CHECK(Regex::compile("[[:alpha:]]+(a|b){2,3}"));
}

TEST_CASE("what is wrong with an expression is said") {
  CHECK(Regex::compile("a(b").error().message.find("is not a POSIX extended regular expression") == 0);
  CHECK_FALSE(Regex::compile("(a)\\1"));  // a back-reference
  CHECK(Regex::compile(std::string(Regex::kLongest, 'a')));
  CHECK(Regex::compile(std::string(Regex::kLongest + 1, 'a')).error().message == "has more than 512 characters");
}

TEST_CASE("no expression and no text can hold up or end the process") {
  CHECK_FALSE(Regex::compile(std::string(100'000, '(')));
  CHECK_FALSE(Regex::compile(std::string(400, '(')));
  CHECK_FALSE(Regex::compile("((a{1,255}){1,255}){1,255}"));
  const auto slow = Regex::compile("^(a|a)*b");
  REQUIRE(slow);
  CHECK_FALSE(slow->found_in(std::string(100'000, 'a')));
  const auto any = Regex::compile("COS_.*");
  REQUIRE(any);
  CHECK(any->matches("COS_" + std::string(1 << 20, 'A')));
}
