// COS's CRC64: CRC-64/XZ (ECMA-182 reflected), computed by ISA-L.
#pragma once

#include <cstdint>
#include <string_view>

namespace ch::cos {

std::uint64_t crc64(std::uint64_t before, std::string_view bytes);  // begin with 0

}  // namespace ch::cos
