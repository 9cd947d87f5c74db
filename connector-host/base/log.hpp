// Logging: spdlog behind four macros-free functions, so that the library is named in one place. One event a line;
// control characters in a message are escaped, and a line is cut at kMaxLine bytes. Any thread.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ch::log {

constexpr std::size_t kMaxLine = 4096;

enum class Level { debug, info, warn, error };

// `level`: debug, info, warn, error; `format`: text or json. Logs go to standard error.
Status configure(const std::string& level, const std::string& format);
bool enabled(Level level);
void write(Level level, std::string_view task, std::string_view message);

template <class... Args>
void debug(std::string_view task, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::debug)) write(Level::debug, task, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(std::string_view task, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::info)) write(Level::info, task, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(std::string_view task, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::warn)) write(Level::warn, task, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(std::string_view task, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::error)) write(Level::error, task, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace ch::log
