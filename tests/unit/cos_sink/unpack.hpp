// What a compressed object holds, for tests: by ISA-L's and zstd's own decompression.
#pragma once

#include <string>
#include <string_view>

namespace ch::cos_test {

// Exactly one gzip member or one zstd frame; throws std::runtime_error for anything else.
std::string unpack_gzip(std::string_view packed);
std::string unpack_zstd(std::string_view packed);

}  // namespace ch::cos_test
