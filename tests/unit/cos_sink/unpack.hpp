// What a buffer and a compressed object hold, for tests: by ISA-L's and zstd's own decompression.
#pragma once

#include <string>
#include <string_view>

#include "formats/buffer.hpp"

namespace ch::cos_test {

std::string contents(const cos::Buffer& buffer);

// Exactly one gzip member or one zstd frame; throws std::runtime_error for anything else.
std::string unpack_gzip(std::string_view packed);
std::string unpack_zstd(std::string_view packed);

}  // namespace ch::cos_test
