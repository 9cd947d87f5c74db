// Text that others wrote, made safe to show: what is not valid UTF-8 or could steer a terminal is escaped.
// Pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ch {

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 1;  // how many it takes in the text
  bool valid = false;     // false: the byte at this place is no UTF-8
};

// What begins at `at`, which must be within the text.
CodePoint decode_utf8(std::string_view text, std::size_t at);

// Steers a terminal or turns the direction of what follows it: C0, DEL, C1, line separators and bidirectional marks.
bool is_control(char32_t value);

enum class Escape { terminal, json };

// At most `limit` bytes; what was longer ends in "...". `json`: fit to stand between the quotes of a JSON string.
std::string escaped(std::string_view text, Escape escape, std::size_t limit = std::string::npos);

}  // namespace ch
