#include <catch2/catch.hpp>

#include "kafka/group_client.hpp"

using namespace ch::kafka;

TEST_CASE("topics: an expression takes whole names, whichever of its alternatives, and no internal topic") {
  const std::map<std::string, std::int32_t> all = {{"orders", 1},  {"orders-eu", 2},          {"old-clicks", 3},
                                                   {"clicks", 4},  {"__consumer_offsets", 5}, {"__transaction_state", 6},
                                                   {"_schemas", 7}};
  const auto names = [&](const std::string& expression) {
    std::vector<std::string> out;
    for (const auto& [name, partitions] : matching(all, {whole_name(expression)})) out.push_back(name);
    return out;
  };
  using Names = std::vector<std::string>;
  CHECK(names("orders") == Names{"orders"});
  CHECK(names("^orders$|clicks$") == Names{"clicks", "orders"});
  CHECK(names("orders.*") == Names{"orders", "orders-eu"});
  CHECK(names("(orders|clicks)") == Names{"clicks", "orders"});
  CHECK(names(".*") == Names{"_schemas", "clicks", "old-clicks", "orders", "orders-eu"});
  CHECK(names("__.*").empty());
  CHECK(names("rders").empty());
  CHECK(is_expression({whole_name("orders")}));
  // One by one they can be had.
  CHECK(matching(all, {"__consumer_offsets", "clicks"}).size() == 2);
}

TEST_CASE("topics: what can be a topic's name") {
  for (const auto* name : {"orders", "a", "_x", "__consumer_offsets", "a.b-c_9", "..."}) CHECK_FALSE(no_topic_name(name));
  CHECK_FALSE(no_topic_name(std::string(249, 'x')));
  for (const auto* name : {"", ".", "..", "orders.*", "wid*", "a b", "a/b", "^orders", "a,b", "gr\xc3\xbc\xc3\x9f"}) {
    INFO(name);
    CHECK(no_topic_name(name));
  }
  CHECK(no_topic_name(std::string(250, 'x')));
}
