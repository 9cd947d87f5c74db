#include "base/text.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

using ch::Escape;
using ch::escaped;

TEST_CASE("plain text in any script stays as it is") {
  CHECK(escaped("orders-2026 \"x\\y\"", Escape::terminal) == "orders-2026 \"x\\y\"");
  CHECK(escaped("订单 é 🚀", Escape::terminal) == "订单 é 🚀");
}

TEST_CASE("what could steer a terminal is escaped") {
  CHECK(escaped("a\x1b[31mred\n\r\t\x07\x7f", Escape::terminal) == "a\\u001b[31mred\\n\\r\\t\\u0007\\u007f");
  CHECK(escaped("\xc2\x9b", Escape::terminal) == "\\u009b");
  CHECK(escaped("\xe2\x80\xae", Escape::terminal) == "\\u202e");
  CHECK(escaped(std::string_view("a\0b", 3), Escape::terminal) == "a\\u0000b");
}

TEST_CASE("bytes that are no UTF-8 are shown as such") {
  CHECK(escaped("\xff", Escape::terminal) == "\\xff");
  CHECK(escaped("\xc0\xaf", Escape::terminal) == "\\xc0\\xaf");                    // overlong
  CHECK(escaped("\xed\xa0\x80", Escape::terminal) == "\\xed\\xa0\\x80");           // surrogate
  CHECK(escaped("\xf4\x90\x80\x80", Escape::terminal) == "\\xf4\\x90\\x80\\x80");  // behind the last code point
  CHECK(escaped("\xe4\xbd", Escape::terminal) == "\\xe4\\xbd");                    // ends too early
}

TEST_CASE("JSON strings made of any bytes parse, and give the text back where it was UTF-8") {
  std::string every_byte;
  for (int i = 0; i < 256; ++i) every_byte.push_back(static_cast<char>(i));
  const std::string mixed = "\"\\/\n订单\x1b";
  CHECK(nlohmann::json::parse("\"" + escaped(mixed, Escape::json) + "\"").get<std::string>() == mixed);
  CHECK(nlohmann::json::accept("\"" + escaped(every_byte, Escape::json) + "\""));
}

TEST_CASE("a limit holds for every length and never splits a character") {
  const std::string text = "ab\n订单\xff\"end";
  const auto whole = escaped(text, Escape::json);
  for (std::size_t limit = 0; limit <= whole.size() + 1; ++limit) {
    const auto cut = escaped(text, Escape::json, limit);
    CAPTURE(limit, cut);
    CHECK(cut.size() <= limit);
    CHECK(nlohmann::json::accept("\"" + cut + "\""));
    CHECK((cut == whole) == (limit >= whole.size()));
  }
  CHECK(escaped("abcdefgh", Escape::terminal, 6) == "abc...");
}
