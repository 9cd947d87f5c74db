#include "cloud/json.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "cloud/api.hpp"

using namespace ch::cloud;

namespace {

std::string nested(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

}  // namespace

TEST_CASE("foreign JSON: its depth is bounded, closed or not, and a copy of what is read is safe") {
  CHECK(parse_foreign(nested(kMaxJsonDepth)).is_array());
  CHECK(parse_foreign(std::string(kMaxJsonDepth, '[') + "1" + std::string(kMaxJsonDepth, ']')).is_array());
  for (const std::size_t levels : {std::size_t{kMaxJsonDepth} + 1, std::size_t{1000}, std::size_t{4} << 20}) {
    CHECK(parse_foreign(nested(levels)).is_discarded());
    CHECK(parse_foreign(std::string(levels, '[')).is_discarded());
    std::string objects = "0";
    if (levels < 100000)
      for (std::size_t i = 0; i < levels; ++i) objects = "{\"a\":" + objects + "}";
    CHECK(parse_foreign(objects).is_discarded() == (levels < 100000));
  }
}

TEST_CASE("foreign JSON: what is none is discarded, also where the library would stop reading") {
  for (const std::string text : {"", "{", "nul", "{\"a\":1}x", "1e99999", "\"\xFF\"", "{\"a\":1,}"}) {
    INFO(text);
    CHECK(parse_foreign(text).is_discarded());
  }
  CHECK(parse_foreign(std::string_view("{\"a\":1}\0{\"b\":2}", 15)).is_discarded());
  CHECK(parse_foreign(std::string_view("1\0", 2)).is_discarded());
}

TEST_CASE("foreign JSON: members of what is there, defaults of what is not") {
  const auto json =
      parse_foreign(R"({"t":"x","n":7,"minus":-7,"half":1.5,"beyond":18446744073709551615,"far":9000000000000000000,"o":{"t":"y"}})");
  CHECK(text_of(json, "t") == "x");
  CHECK(text_of(json, "n").empty());
  CHECK(text_of(member(json, "o"), "t") == "y");
  CHECK(member(json, "none").is_null());
  CHECK(member(Json(), "t").is_null());
  CHECK(member(parse_foreign("["), "t").is_null());
  CHECK(number_of(json, "n") == 7);
  CHECK(number_of(json, "minus") == -7);
  for (const char* name : {"half", "beyond", "far", "t", "none"}) CHECK(number_of(json, name) == 0);
}

TEST_CASE("an answer of the API: what it says, and nothing if it is none") {
  const auto ok = read_api_body(R"({"Response":{"RequestId":"r","Credentials":{"Token":"t"}}})");
  CHECK(text_of(member(ok.response, "Credentials"), "Token") == "t");
  CHECK(ok.error.request_id == "r");
  CHECK(ok.error.code.empty());
  const auto refused = read_api_body(R"({"Response":{"Error":{"Code":"AuthFailure","Message":"m"},"RequestId":"r"}})");
  CHECK(refused.error.code == "AuthFailure");
  CHECK(refused.error.message == "m");
  for (const std::string& text :
       {std::string(), std::string("<html/>"), std::string("[]"), std::string("{\"Response\":") + nested(1 << 20) + "}",
        std::string("{\"Response\":") + std::string(4 << 20, '[')}) {
    const auto none = read_api_body(text);
    CHECK_FALSE(none.response.is_object());
    CHECK(none.error.code.empty());
  }
}
