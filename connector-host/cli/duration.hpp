// Durations as people write them: "500ms", "60s", "5m".
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace ch::cli {

constexpr std::chrono::minutes kMaxDuration{10};  // as long as a host lets a request wait

constexpr std::chrono::hours kMaxAge{24 * 3660};

// Nothing if it is not one, is negative, or is above `most`. The unit (ms, s, m, h, d) is required, but for "0".
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text, std::chrono::milliseconds most = kMaxDuration);
// As ?wait= takes it: "60s", "1500ms".
std::string exactly(std::chrono::milliseconds duration);
// In whole seconds, rounded up.
std::string in_seconds(std::chrono::milliseconds duration);
// Short, for a table: "840ms", "12.3s", "5m10s", "2h5m".
std::string short_duration(std::chrono::milliseconds duration);

}  // namespace ch::cli
