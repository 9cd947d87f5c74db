#include <algorithm>
#include <catch2/catch.hpp>

#include "writer/offset_state.hpp"

namespace ch::cos {
namespace {

std::string wrong(std::string_view text, std::int64_t committed) {
  const auto state = decode(text, committed);
  const auto* message = std::get_if<std::string>(&state);
  return message == nullptr ? "" : *message;
}

Intent sample() {
  Intent intent;
  intent.key = "orders/0/100";
  intent.start = 100;
  intent.end = 250;
  intent.upload_id = "upload";
  intent.parts = 3;
  intent.fingerprint = "0123456789abcdef";
  intent.bytes = 5000;
  intent.records = 140;
  intent.time_ms = 1700000000000;
  intent.record_limit = 32768;
  return intent;
}

}  // namespace

TEST_CASE("an intent survives its encoding") {
  const auto text = encode(sample());
  CHECK(text ==
        R"({"b":5000,"e":250,"f":"0123456789abcdef","k":"orders/0/100","m":32768,"n":3,"r":140,"s":100,"t":1700000000000,"u":"upload"})");
  const auto intent = std::get<Intent>(std::get<State>(decode(text, 100)));
  CHECK(intent.key == "orders/0/100");
  CHECK(intent.start == 100);
  CHECK(intent.end == 250);
  CHECK(intent.upload_id == "upload");
  CHECK(intent.parts == 3);
  CHECK(intent.fingerprint == "0123456789abcdef");
  CHECK(intent.bytes == 5000);
  CHECK(intent.records == 140);
  CHECK(intent.time_ms == 1700000000000);
  CHECK(intent.record_limit == 32768);
}

TEST_CASE("an intent of a version that kept no limit of its records can be used") {
  const auto state = decode(R"({"b":1,"e":7,"f":"0","k":"orders/0/5","n":0,"r":2,"s":5,"t":1,"u":""})", 5);
  CHECK(std::get<Intent>(std::get<State>(state)).record_limit == 0);
}

TEST_CASE("what a newer version has added to a state is passed over") {
  auto text = encode(State(Idle{"a/b", 5, 0}));
  text.insert(text.size() - 1, R"(,"zz":{"of":"the future"})");
  const auto state = decode(text, 5);
  REQUIRE(std::holds_alternative<State>(state));
  CHECK(std::get<Idle>(std::get<State>(state)).position == 5);
}

TEST_CASE("an idle state survives its encoding") {
  CHECK(encode(Idle{"orders/0/100", 250, 1700000000000}) == R"({"l":"orders/0/100","s":250,"t":1700000000000})");
  const auto idle = std::get<Idle>(std::get<State>(decode(R"({"l":"orders/0/100","s":250})", 260)));
  CHECK(idle.last_key == "orders/0/100");
  CHECK(idle.position == 250);
  CHECK(idle.time_ms == 0);
}

TEST_CASE("no state is the start of a chain at the committed offset") {
  const auto idle = std::get<Idle>(std::get<State>(decode("", 42)));
  CHECK(idle.position == 42);
  CHECK(idle.last_key.empty());
}

TEST_CASE("the longest state is printable ASCII and fits") {
  auto intent = sample();
  intent.key.clear();
  for (int i = 0; i < 425; ++i) intent.key += "\xC3\xA9";  // 850 bytes, each character six in ASCII
  intent.upload_id.assign(kMaxUploadIdLength, 'u');
  intent.start = 1;
  intent.end = std::numeric_limits<std::int64_t>::max();
  intent.bytes = intent.plain_bytes = intent.records = intent.record_limit = std::numeric_limits<std::uint64_t>::max();
  const auto text = encode(intent);
  CHECK(text.size() <= kMaxStateLength);
  CHECK(std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; }));
  CHECK(std::get<Intent>(std::get<State>(decode(text, 1))).key == intent.key);
}

TEST_CASE("a state that cannot be used says why and is quoted") {
  CHECK_THAT(wrong("no json", 5), Catch::Contains("no json"));
  CHECK_THAT(wrong("[1]", 5), Catch::Contains("[1]"));
  CHECK_THAT(wrong(R"({"s":5})", 5), Catch::Contains("'l' not found"));
  CHECK_THAT(wrong(R"({"l":7,"s":5})", 5), Catch::Contains("must be string"));
  CHECK_THAT(wrong(R"({"l":"k","s":6})", 5), Catch::Contains("position 6"));
  CHECK_THAT(wrong(encode(sample()), 101), Catch::Contains("starts at 100, but the committed offset is 101"));
  auto empty = sample();
  empty.end = empty.start;
  CHECK_THAT(wrong(encode(empty), 100), Catch::Contains("is empty"));
  CHECK(wrong(std::string(1000, 'x'), 5).size() < 600);
  CHECK_THAT(wrong(std::string(3000, '['), 5), Catch::Contains("no JSON object"));
  CHECK_THAT(wrong(std::string_view("{\"l\":\"k\",\"s\":5}\0{}", 18), 5), Catch::Contains("no JSON object"));
}

TEST_CASE("numbers of a state are whole and fit, or the state is refused") {
  for (const std::string number : {"5.0", "5e94", "1e2", "\"5\"", "true", "null", "-1", "18446744073709551616", "18446744073709551615"}) {
    INFO(number);
    CHECK_FALSE(wrong("{\"l\":\"k\",\"s\":" + number + "}", 5).empty());
  }
  for (const std::string number : {"5.5", "5e94", "\"5\"", "18446744073709551615"})
    CHECK_THAT(wrong("{\"l\":\"k\",\"s\":5,\"t\":" + number + "}", 5), Catch::Contains("'t' is no whole number"));
  const auto with = [](const std::string& field, const std::string& number) {
    auto text = encode(sample());
    const auto at = text.find("\"" + field + "\":") + 4;
    text.replace(at, text.find_first_of(",}", at) - at, number);
    return wrong(text, 100);
  };
  for (const std::string field : {"b", "e", "m", "n", "r", "s", "t"}) {
    INFO(field);
    for (const std::string number : {"1.5", "5e94", "null", "\"1\"", "[1]"}) CHECK_FALSE(with(field, number).empty());
  }
  for (const std::string field : {"b", "m", "n", "r"}) CHECK_FALSE(with(field, "-1").empty());
  CHECK_FALSE(with("n", "4294967296").empty());
  CHECK(with("n", "4294967295").empty());
}

}  // namespace ch::cos
