// Where a task stored before its configuration was changed.
#include "tasks/earlier_places.hpp"

#include <catch2/catch.hpp>

using ch::Config;
using ch::Result;
using ch::config::Definition;
using ch::tasks::keep_place;

namespace {

const Result<Definition>& definition(const std::string& connector) {
  static const auto known = Definition::from_schema(R"({"type": "object", "properties": {
    "bucket": {"type": "string", "x-places-objects": true},
    "template": {"type": "string", "default": "t", "x-places-objects": true},
    "threads": {"type": "string"}}})");
  static const auto silent = Definition::from_schema(R"({"type": "object", "properties": {"threads": {"type": "string"}}})");
  static const Result<Definition> none = ch::fail(ch::ErrorCode::invalid, "gone");
  return connector == "cos-sink" ? known : connector == "silent" ? silent : none;
}

void change(ch::store::TaskRecord& record, const Config& next) {
  keep_place(record, next, definition);
  record.config = next;
}

}  // namespace

TEST_CASE("a change of where objects lie is kept, with what was not given, and any other is not") {
  ch::store::TaskRecord record;
  record.config = {{"bucket", "a"}, {"threads", "1"}};
  change(record, {{"bucket", "a"}, {"threads", "2"}});
  change(record, {{"bucket", "a"}, {"template", "t"}});  // its default
  CHECK(record.earlier == ch::store::EarlierPlaces{});
  change(record, {{"bucket", "b"}});
  const Config a{{"connector.class", "cos-sink"}, {"bucket", "a"}, {"template", "t"}};
  CHECK(record.earlier.places == std::vector<Config>{a});
  change(record, {{"bucket", "b"}, {"template", "u"}});
  const Config b{{"connector.class", "cos-sink"}, {"bucket", "b"}, {"template", "t"}};
  CHECK(record.earlier.places == std::vector<Config>{b, a});
  change(record, {{"bucket", "a"}});  // back to the first
  CHECK(record.earlier.places.size() == 2);
  CHECK(record.earlier.places[0].at("template") == "u");
  CHECK(record.earlier.places[1] == b);
  CHECK(record.earlier.complete);
}

TEST_CASE("what is too much, or what nobody can say, leaves it known that something is not") {
  ch::store::TaskRecord record;
  record.config = {{"bucket", "0"}};
  for (std::size_t i = 1; i <= ch::tasks::kMaxEarlierPlaces; ++i) change(record, {{"bucket", std::to_string(i)}});
  CHECK(record.earlier.complete);
  change(record, {{"bucket", "one more"}});
  CHECK_FALSE(record.earlier.complete);
  CHECK(record.earlier.places.size() == ch::tasks::kMaxEarlierPlaces);

  ch::store::TaskRecord silent;
  silent.config = {{"connector.class", "silent"}, {"threads", "1"}};
  change(silent, {{"connector.class", "silent"}, {"threads", "2"}});
  CHECK(silent.earlier == ch::store::EarlierPlaces{});
  change(silent, {{"connector.class", "removed"}});
  change(silent, {{"bucket", "a"}});
  CHECK_FALSE(silent.earlier.complete);
}
