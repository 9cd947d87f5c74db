#include "cli/duration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace ch::cli {

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text, std::chrono::milliseconds most) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  if (digits == 0 || error != std::errc()) return std::nullopt;
  const auto unit = text.substr(digits);
  std::int64_t factor = 0;
  if (unit == "ms" || text == "0") factor = 1;
  if (unit == "s") factor = 1000;
  if (unit == "m") factor = 60000;
  if (unit == "h") factor = 3600'000;
  if (unit == "d") factor = 86400'000;
  if (factor == 0 || number > most.count() / factor) return std::nullopt;
  return std::chrono::milliseconds(number * factor);
}

std::string exactly(std::chrono::milliseconds duration) {
  return duration.count() % 1000 == 0 ? in_seconds(duration) : fmt::format("{}ms", duration.count());
}

std::string in_seconds(std::chrono::milliseconds duration) {
  return fmt::format("{}s", std::chrono::ceil<std::chrono::seconds>(duration).count());
}

std::string short_duration(std::chrono::milliseconds duration) {
  const auto ms = duration.count();
  const auto seconds = ms / 1000;
  if (ms < 1000) return fmt::format("{}ms", ms);
  if (seconds < 60) return fmt::format("{}.{}s", seconds, ms % 1000 / 100);
  if (seconds < 3600) return fmt::format("{}m{}s", seconds / 60, seconds % 60);
  return fmt::format("{}h{}m", seconds / 3600, seconds % 3600 / 60);
}

}  // namespace ch::cli
