#include "tasks/same_names.hpp"

#include <catch2/catch.hpp>

using ch::Config;
using ch::tasks::stored_twice;

namespace {

const ch::config::Definition& definition() {
  static const auto known = ch::config::Definition::from_schema(R"({"type": "object", "properties": {
    "connector.class": {"type": "string", "default": "cos-sink"}, "instance.id": {"type": "string"},
    "topics": {"type": "string"}, "topics.regex": {"type": "string"},
    "bucket": {"type": "string", "x-places-objects": true},
    "template": {"type": "string", "default": "{topic}/{partition}", "x-places-objects": true},
    "threads": {"type": "string"}}})");
  return *known;
}

std::string twice(const Config& one, const Config& other) {
  const auto found = stored_twice(one, other, definition());
  CHECK(stored_twice(other, one, definition()).empty() == found.empty());
  return found;
}

}  // namespace

TEST_CASE("two tasks that store a topic under the same names are told apart from those that do not") {
  const Config orders = {{"topics", "orders, bills"}, {"bucket", "a"}};
  CHECK(twice(orders, {{"topics", "orders"}, {"bucket", "a"}, {"threads", "3"}}) == "orders");
  CHECK(twice(orders, {{"topics", "bills"}, {"bucket", "a"}, {"template", "{topic}/{partition}"}}) == "bills");
  CHECK(twice(orders, {{"topics.regex", "bi.*"}, {"bucket", "a"}}) == "bills");
  CHECK(twice({{"topics.regex", "o.*"}, {"bucket", "a"}}, {{"topics.regex", "o.*"}, {"bucket", "a"}}).find("o.*") != std::string::npos);
  CHECK(twice(orders, {{"topics", "other"}, {"bucket", "a"}}).empty());
  CHECK(twice(orders, {{"topics.regex", "bil"}, {"bucket", "a"}}).empty());  // whole names only
  CHECK(twice(orders, {{"topics", "orders"}, {"bucket", "b"}}).empty());
  CHECK(twice(orders, {{"topics", "orders"}, {"bucket", "a"}, {"template", "other/{partition}"}}).empty());
  CHECK(twice(orders, {{"topics", "orders"}, {"bucket", "a"}, {"instance.id", "east"}}).empty());
  CHECK(twice(orders, {{"topics", "orders"}, {"bucket", "a"}, {"connector.class", "file-sink"}}).empty());
  const Config own = {{"topics", "orders"}, {"bucket", "a"}, {"template", "{task}/{partition}"}};
  CHECK(twice(own, own).empty());
}

TEST_CASE("what does not say where its objects lie collides with nothing") {
  const auto plain = ch::config::Definition::from_schema(R"({"type": "object", "properties": {"topics": {"type": "string"}}})");
  CHECK(stored_twice({{"topics", "a"}}, {{"topics", "a"}}, *plain).empty());
}
