#include "cli/progress.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "cli/table.hpp"

namespace ch::cli {
namespace {

constexpr std::size_t kBar = 20;
constexpr std::size_t kUsualWidth = 80;
constexpr double kFirstRate = 0.5;  // seconds before which a rate says nothing

std::string rate_text(double bytes_per_second) {
  const char* unit = "kB/s";
  double value = bytes_per_second / 1e3;
  if (value >= 1000) {
    value /= 1000;
    unit = "MB/s";
  }
  return fmt::format("{:.1f} {}", value, unit);
}

// 0:07, 12:40, 3:05:00
std::string rest_text(double seconds) {
  const auto all = static_cast<std::uint64_t>(std::min(seconds, 359999.0));  // 99:59:59
  const auto tail = fmt::format("{:02}", all % 60);
  return all < 3600 ? fmt::format("{}:{}", all / 60, tail) : fmt::format("{}:{:02}:{}", all / 3600, all / 60 % 60, tail);
}

std::string shortened(std::string name, std::size_t width) {
  if (display_width(name) <= width) return name;
  std::size_t at = 0;
  while (at < name.size() && display_width(std::string_view(name).substr(at)) + 1 > width) {
    do ++at;  // a whole character
    while (at < name.size() && (static_cast<unsigned char>(name[at]) & 0xC0) == 0x80);
  }
  return "…" + name.substr(at);
}

}  // namespace

std::string progress_line(std::string_view name, std::uint64_t done, std::uint64_t total, std::chrono::milliseconds taken,
                          std::size_t width) {
  const double part = total == 0 ? 1.0 : static_cast<double>(std::min(done, total)) / static_cast<double>(total);
  const auto full = static_cast<std::size_t>(part * kBar);
  std::string bar(full, '=');
  if (full < kBar) bar += '>';
  bar.resize(kBar, ' ');
  auto figures = fmt::format(" [{}] {:3} %", bar, static_cast<int>(part * 100));
  const double seconds = std::chrono::duration<double>(taken).count();
  if (seconds >= kFirstRate && done > 0) {
    const double rate = static_cast<double>(done) / seconds;
    figures += fmt::format("  {}  {} left", rate_text(rate), rest_text(static_cast<double>(total - std::min(done, total)) / rate));
  }
  const auto columns = width == 0 ? kUsualWidth : width;
  const auto room = columns > figures.size() ? columns - figures.size() : 0;
  if (room < 2) return figures.substr(1, columns);
  return shortened(escaped(name, Escape::terminal), room) + figures;
}

}  // namespace ch::cli
