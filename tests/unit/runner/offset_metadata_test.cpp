#include "runner/offset_metadata.hpp"

#include <catch2/catch.hpp>

using namespace ch::runner;

TEST_CASE("frame: series and state come back") {
  for (const std::string state : {"", "{\"k\":\"a/b\",\"e\":12}", " blanks  and ch1 inside "}) {
    const auto text = encode_offset_metadata({7, state});
    const auto back = decode_offset_metadata(text);
    REQUIRE(back);
    CHECK(back->series == 7);
    CHECK(back->state == state);
  }
}

TEST_CASE("frame: metadata without text is an offset that a tool has set") {
  const auto frame = decode_offset_metadata("");
  REQUIRE(frame);
  CHECK(frame->series == 0);
  CHECK(frame->state.empty());
}

TEST_CASE("frame: foreign, cut or changed metadata is refused and quoted") {
  const auto good = encode_offset_metadata({1, "state"});
  for (const auto& bad : {std::string("consumer-1"), std::string("ch2 1 00000000 "), std::string("ch1 "), std::string("ch1 x 0 "),
                          good.substr(0, good.size() - 1), good + "x", std::string("ch1 2") + good.substr(5)}) {
    const auto frame = decode_offset_metadata(bad);
    INFO(bad);
    REQUIRE_FALSE(frame);
    CHECK(frame.error().message.find(bad.substr(0, 20)) != std::string::npos);
  }
}

TEST_CASE("frame: the longest state fits the broker's limit") {
  CHECK(encode_offset_metadata({UINT64_MAX, std::string(kMaxState, 'x')}).size() <= 4096);
}
