#include "config/properties.hpp"

#include <charconv>
#include <cstdint>
#include <optional>

namespace ch::config {
namespace {

constexpr std::string_view kBlanks = " \t\f";

void append_utf8(std::string& out, std::uint32_t code) {
  const auto byte = [&](std::uint32_t bits) { out += static_cast<char>(bits); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) return byte(0xC0 | (code >> 6)), byte(0x80 | (code & 0x3F));
  if (code < 0x10000) return byte(0xE0 | (code >> 12)), byte(0x80 | ((code >> 6) & 0x3F)), byte(0x80 | (code & 0x3F));
  byte(0xF0 | (code >> 18)), byte(0x80 | ((code >> 12) & 0x3F)), byte(0x80 | ((code >> 6) & 0x3F)), byte(0x80 | (code & 0x3F));
}

std::optional<std::uint32_t> hex4(std::string_view text) {
  std::uint32_t code = 0;
  if (text.size() < 4) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + 4, code, 16);
  return error == std::errc() && end == text.data() + 4 ? std::optional(code) : std::nullopt;
}

// `at` is behind "\u"; a pair of surrogates is one character. Returns where to go on.
std::size_t append_unicode(std::string& out, std::string_view text, std::size_t at) {
  auto code = hex4(text.substr(at));
  if (!code) {
    out += 'u';
    return at;
  }
  at += 4;
  if (*code >= 0xD800 && *code < 0xDC00 && text.substr(at, 2) == "\\u") {
    if (const auto low = hex4(text.substr(at + 2)); low && *low >= 0xDC00 && *low < 0xE000) {
      code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
      at += 6;
    }
  }
  append_utf8(out, *code);
  return at;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i++];
    if (c != '\\' || i == text.size()) {
      out += c;
      continue;
    }
    const char escape = text[i++];
    switch (escape) {
      case 't':
        out += '\t';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 'f':
        out += '\f';
        break;
      case 'u':
        i = append_unicode(out, text, i);
        break;
      default:
        out += escape;
    }
  }
  return out;
}

bool ends_in_escape(std::string_view line) {
  std::size_t slashes = 0;
  while (slashes < line.size() && line[line.size() - 1 - slashes] == '\\') ++slashes;
  return slashes % 2 == 1;
}

std::string_view without_indent(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  return line;
}

// One line of the file without its end; moves `text` behind it.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find_first_of("\r\n");
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + (text.substr(end, 2) == "\r\n" ? 2 : 1));
  return line;
}

void add_entry(std::map<std::string, std::string>& out, std::string_view line) {
  std::size_t end = 0;
  while (end < line.size() && line[end] != '=' && line[end] != ':' && kBlanks.find(line[end]) == std::string_view::npos)
    end += line[end] == '\\' ? 2 : 1;
  const auto key = line.substr(0, end);
  auto value = without_indent(line.substr(std::min(end, line.size())));
  if (!value.empty() && (value.front() == '=' || value.front() == ':')) value = without_indent(value.substr(1));
  out[unescaped(key)] = unescaped(value);
}

}  // namespace

std::map<std::string, std::string> parse_properties(std::string_view text) {
  std::map<std::string, std::string> out;
  while (!text.empty()) {
    const auto first = without_indent(take_line(text));
    if (first.empty() || first.front() == '#' || first.front() == '!') continue;
    std::string line(first);
    while (ends_in_escape(line) && !text.empty()) {
      line.pop_back();
      line += without_indent(take_line(text));
    }
    add_entry(out, line);
  }
  return out;
}

}  // namespace ch::config
