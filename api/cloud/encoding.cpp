#include "cloud/encoding.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace ch::cloud {

std::string sha256(std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(message.data(), message.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("OpenSSL refuses SHA-256");
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string hex(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string percent(char byte) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  const auto value = static_cast<unsigned char>(byte);
  return {'%', digits[value >> 4], digits[value & 15]};
}

std::string percent_encode(std::string_view bytes, std::string_view also_kept) {
  static constexpr std::string_view kept = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    if (kept.find(c) != std::string_view::npos || also_kept.find(c) != std::string_view::npos)
      text += c;
    else
      text += percent(c);
  }
  return text;
}

}  // namespace ch::cloud
