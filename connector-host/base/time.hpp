// Dates as the REST API writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ch {

std::string rfc3339(std::int64_t unix_ms);                         // 2026-11-25T03:29:05.123Z
std::optional<std::int64_t> parse_rfc3339(std::string_view text);  // with Z or an offset; nothing if it is not one

}  // namespace ch
