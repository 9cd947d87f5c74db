#include "base/json_place.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace {

// What is shown where nlohmann's parser stops.
std::string shown(const std::string& text) {
  try {
    const auto ignored = nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    return ch::json_place_shown(text, error.byte);
  }
  return "is JSON";
}

}  // namespace

TEST_CASE("a place in JSON is a line and a column, counted in characters") {
  CHECK(ch::json_place("", 0) == "line 1, column 1");
  CHECK(ch::json_place("{\n  x}", 5) == "line 2, column 3");
  CHECK(ch::json_place("{\"订单\": x}", 12) == "line 1, column 8");
  CHECK(ch::json_place("{", 100) == "line 1, column 2");
}

TEST_CASE("the line is shown with a caret where it stops being JSON, and with what is likely wrong") {
  CHECK(shown("{\n  \"topics\": \"a\",\n}\n") == "line 3, column 1: the comma before } is one too many\n  }\n  ^");
  CHECK(shown("{\"a\": 1\n \"b\": 2}") == "line 2, column 2: a comma (or a colon) is missing before it\n   \"b\": 2}\n   ^");
  CHECK(shown("{\"limit\": 1GiB}") == "line 1, column 12\n  {\"limit\": ****}\n             ^");
  CHECK(shown("{\"a\": [1, 2") == "line 1, column 12: it ends too early\n  {\"a\": [1, 2\n             ^");
}

TEST_CASE("no value of the line is shown, whatever is wrong with its quotes") {
  for (const auto* text : {R"({"cos.secret.key": "hunter2" "x": "y"})", R"({"cos.secret.key": hunter2"})", R"({"cos.secret.key": "hunter2)",
                           R"({"cos.secret.key" "hunter2"})", R"({cos.secret.key: hunter2})", R"({"a": ["hunter2", "hunter2" 1]})"}) {
    const auto what = shown(text);
    CAPTURE(text, what);
    CHECK(what.find("line 1, column") == 0);
    CHECK(what.find("hunter2") == std::string::npos);
  }
}

TEST_CASE("of a long line the part around the caret is shown") {
  const auto what = shown("{" + std::string(500, ' ') + "x" + std::string(500, ' ') + "}");
  CHECK(what == "line 1, column 502\n  " + std::string(60, ' ') + "*" + std::string(39, ' ') + "\n  " + std::string(60, ' ') + "^");
}
