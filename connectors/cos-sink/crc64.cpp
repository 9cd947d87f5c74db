#include "crc64.hpp"

#include <isa-l/crc64.h>

namespace ch::cos {
namespace {

// Polynomials over GF(2) modulo ECMA-182's, reflected: bit 63 is x^0.
constexpr std::uint64_t kPolynomial = 0xC96C5795D7870F42;
constexpr std::uint64_t kOne = std::uint64_t{1} << 63;
constexpr std::uint64_t kByte = kOne >> 8;  // x^8: one zero byte appended

constexpr std::uint64_t multiply(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  for (; a != 0; a <<= 1) {
    if ((a & kOne) != 0) product ^= b;
    b = (b & 1) != 0 ? (b >> 1) ^ kPolynomial : b >> 1;
  }
  return product;
}

}  // namespace

std::uint64_t crc64(std::uint64_t before, std::string_view bytes) {
  return crc64_ecma_refl(before, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

std::uint64_t crc64_combine(std::uint64_t first, std::uint64_t second, std::uint64_t second_bytes) {
  std::uint64_t shift = kOne;
  for (std::uint64_t power = kByte; second_bytes != 0; second_bytes >>= 1, power = multiply(power, power)) {
    if ((second_bytes & 1) != 0) shift = multiply(shift, power);
  }
  return multiply(shift, first) ^ second;
}

}  // namespace ch::cos
