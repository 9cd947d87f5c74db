#include "base/text.hpp"

#include <fmt/format.h>

namespace ch {
namespace {

constexpr std::string_view kEllipsis = "...";

std::string escape_one(std::string_view text, std::size_t at, const CodePoint& code, Escape escape) {
  if (!code.valid) return escape == Escape::json ? "\\ufffd" : fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at]));
  switch (code.value) {
    case U'\n':
      return "\\n";
    case U'\r':
      return "\\r";
    case U'\t':
      return "\\t";
    case U'"':
      if (escape == Escape::json) return "\\\"";
      break;
    case U'\\':
      if (escape == Escape::json) return "\\\\";
      break;
    default:
      break;
  }
  if (is_control(code.value)) return fmt::format("\\u{:04x}", static_cast<std::uint32_t>(code.value));
  return std::string(text.substr(at, code.bytes));
}

}  // namespace

CodePoint decode_utf8(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return {first, 1, true};
  const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + bytes > text.size()) return {};
  char32_t value = first & (0xffU >> (bytes + 1));
  for (std::size_t i = at + 1; i < at + bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = (value << 6) | (byte(i) & 0x3f);
  }
  const bool overlong = value < (bytes == 4 ? 0x10000U : bytes == 3 ? 0x800U : 0x80U);
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (overlong || surrogate || value > 0x10ffff) return {};
  return {value, bytes, true};
}

bool is_control(char32_t value) {
  const auto within = [value](char32_t low, char32_t high) { return value >= low && value <= high; };
  return value < 0x20 || within(0x7f, 0x9f) || within(0x200e, 0x200f) || within(0x2028, 0x202e) || within(0x2066, 0x2069) ||
         value == 0xfeff;
}

std::string escaped(std::string_view text, Escape escape, std::size_t limit) {
  std::string out;
  std::size_t cut = 0;  // where the ellipsis still fits
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint code = decode_utf8(text, at);
    out += escape_one(text, at, code, escape);
    if (out.size() > limit) {
      out.resize(cut);
      return out.append(kEllipsis.substr(0, limit - cut));
    }
    if (out.size() + kEllipsis.size() <= limit) cut = out.size();
    at += code.bytes;
  }
  return out;
}

}  // namespace ch
