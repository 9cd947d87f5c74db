// COS's CRC64: CRC-64/XZ (ECMA-182 reflected), computed by ISA-L.
#pragma once

#include <cstdint>
#include <string_view>

namespace ch::cos {

std::uint64_t crc64(std::uint64_t before, std::string_view bytes);  // begin with 0
// CRC of two pieces joined, from the CRC of each and the length of the second.
std::uint64_t crc64_combine(std::uint64_t first, std::uint64_t second, std::uint64_t second_bytes);

}  // namespace ch::cos
