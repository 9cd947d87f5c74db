#include "crc64.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace ch::cos;

TEST_CASE("CRC64 as COS computes it") {
  CHECK(crc64(0, "") == 0);
  CHECK(crc64(0, "123456789") == 11051210869376104954U);
  CHECK(crc64(0, "[Object Content]") == 16749565679157681890U);  // the body in COS's documentation
}

TEST_CASE("CRC64 goes on from piece to piece") { CHECK(crc64(crc64(0, "1234"), "56789") == crc64(0, "123456789")); }

TEST_CASE("the CRC64 of a whole is combined from its pieces' at every cut") {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 37 + i / 7);
  const std::string_view whole = text;
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    const auto second = whole.substr(cut);
    REQUIRE(crc64_combine(crc64(0, whole.substr(0, cut)), crc64(0, second), second.size()) == crc64(0, whole));
  }
}

TEST_CASE("CRC64 combines over lengths that do not fit in memory") {
  // Doubling a run of zeros 40 times against extending it in two uneven steps.
  const auto zeros = [](std::uint64_t count) {
    std::uint64_t crc = 0;
    std::uint64_t piece = crc64(0, std::string_view("\0", 1));
    std::uint64_t size = 1;
    for (; count != 0; count >>= 1) {
      if ((count & 1) != 0) crc = crc64_combine(crc, piece, size);
      piece = crc64_combine(piece, piece, size);
      size *= 2;
    }
    return crc;
  };
  CHECK(zeros(4096) == crc64(0, std::string(4096, '\0')));
  const std::uint64_t tib = std::uint64_t{1} << 40;
  CHECK(crc64_combine(zeros(tib - 12345), zeros(12345), 12345) == zeros(tib));
}
