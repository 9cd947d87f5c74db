#include "cos/crc64.hpp"

#include <isa-l/crc64.h>

namespace ch::cos {

std::uint64_t crc64(std::uint64_t before, std::string_view bytes) {
  return crc64_ecma_refl(before, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

}  // namespace ch::cos
