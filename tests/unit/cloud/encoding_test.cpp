#include "cloud/encoding.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace ch::cloud;

TEST_CASE("SHA-256 and hex, by the published vectors") {
  CHECK(hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex(std::string("\0\x7F\x80\xFF", 4)) == "007f80ff");
}

TEST_CASE("percent-encoding leaves the unreserved characters and what it is told to, and nothing else") {
  for (int value = 0; value < 256; ++value) {
    const std::string byte(1, static_cast<char>(value));
    const bool kept = byte.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~") == 0;
    INFO(value);
    CHECK(percent_encode(byte) == (kept ? byte : percent(byte.front())));
    CHECK(percent(byte.front()).size() == 3);
  }
  CHECK(percent('\xC3') == "%C3");
  CHECK(percent_encode("a/b c") == "a%2Fb%20c");
  CHECK(percent_encode("a/b c", "/") == "a/b%20c");
}
