#include "cos/crc64.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace ch::cos;

TEST_CASE("CRC64 as COS computes it") {
  CHECK(crc64(0, "") == 0);
  CHECK(crc64(0, "123456789") == 11051210869376104954U);
  CHECK(crc64(0, "[Object Content]") == 16749565679157681890U);  // the body in COS's documentation
}

TEST_CASE("CRC64 goes on from piece to piece") { CHECK(crc64(crc64(0, "1234"), "56789") == crc64(0, "123456789")); }
