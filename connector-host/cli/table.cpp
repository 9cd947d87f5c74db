#include "cli/table.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>

#include "base/text.hpp"

namespace ch::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kReadable = 24;  // what shrinks is cut to it before others are left out
constexpr std::string_view kEllipsis = "\xe2\x80\xa6";

std::size_t width_of(char32_t value) {
  const auto within = [value](char32_t low, char32_t high) { return value >= low && value <= high; };
  if (within(0x0300, 0x036f) || within(0x200b, 0x200d) || within(0xfe00, 0xfe0f)) return 0;
  const bool wide = within(0x1100, 0x115f) || within(0x2e80, 0xa4cf) || within(0xac00, 0xd7a3) || within(0xf900, 0xfaff) ||
                    within(0xfe30, 0xfe6f) || within(0xff00, 0xff60) || within(0xffe0, 0xffe6) || within(0x1f300, 0x1faff) ||
                    within(0x20000, 0x3fffd);
  return wide ? 2 : 1;
}

std::string cut(const std::string& text, std::size_t width) {
  if (display_width(text) <= width) return text;
  std::size_t used = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto code = decode_utf8(text, at);
    if (used + width_of(code.value) + 1 > width) break;
    used += width_of(code.value);
    at += code.bytes;
  }
  return text.substr(0, at).append(kEllipsis);
}

const char* colour_of(const std::string& state) {
  if (state == "RUNNING") return "\x1b[32m";
  if (state == "FAILED" || state == "INTERRUPTED") return "\x1b[31m";
  if (state == "DISABLED") return "\x1b[2m";
  return "\x1b[33m";
}

std::optional<std::size_t> terminal(int descriptor) {
  if (::isatty(descriptor) == 0) return std::nullopt;
  winsize size{};
  return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace

std::optional<std::size_t> error_terminal() { return terminal(STDERR_FILENO); }

Screen standard_output() {
  Screen screen;
  const auto width = terminal(STDOUT_FILENO);
  if (!width) return screen;
  screen.width = *width;
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  screen.colour = (no_colour == nullptr || *no_colour == '\0') && term != nullptr && std::strcmp(term, "dumb") != 0;
  return screen;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto code = decode_utf8(text, at);
    width += code.valid ? width_of(code.value) : 1;
    at += code.bytes;
  }
  return width;
}

void Table::add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (auto& cell : cells) cell = escaped(cell, Escape::terminal);
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths(const Screen& screen) const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    out.push_back(display_width(columns_[i].title));
    for (const auto& row : rows_) out[i] = std::max(out[i], display_width(row[i]));
  }
  const auto too_wide = [&] {
    const auto shown = static_cast<std::size_t>(out.size() - static_cast<std::size_t>(std::count(out.begin(), out.end(), 0)));
    return screen.width > 0 && std::accumulate(out.begin(), out.end(), kGap * (shown - 1)) > screen.width;
  };
  const auto shrink = [&](std::size_t to) {
    while (too_wide()) {
      std::size_t widest = columns_.size();
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        const bool can = columns_[i].shrinks && out[i] > std::max(to, columns_[i].least);
        if (can && (widest == columns_.size() || out[i] > out[widest])) widest = i;
      }
      if (widest == columns_.size()) return;
      --out[widest];
    }
  };
  shrink(kReadable);
  for (auto i = columns_.size(); i-- > 0 && too_wide();) {
    if (columns_[i].drops) out[i] = 0;
  }
  shrink(0);
  return out;
}

std::string Table::line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths, bool colour) const {
  std::string out;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (widths[i] == 0) continue;
    const auto text = cut(cells[i], widths[i]);
    const std::string blanks(widths[i] - std::min(widths[i], display_width(text)), ' ');
    const bool last = i + 1 == columns_.size();
    if (columns_[i].align == Column::Align::right) out += blanks;
    out += colour && columns_[i].state ? colour_of(cells[i]) + text + "\x1b[0m" : text;
    if (columns_[i].align == Column::Align::left && !last) out += blanks;
    if (!last) out.append(kGap, ' ');
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out + "\n";
}

std::string Table::render(const Screen& screen) const {
  const auto fitted = widths(screen);
  std::vector<std::string> titles;
  for (const auto& column : columns_) titles.push_back(column.title);
  std::string out = line(titles, fitted, false);
  for (const auto& row : rows_) out += line(row, fitted, screen.colour);
  return out;
}

void Facts::add(std::string name, const std::string& value) {
  if (!value.empty()) lines_.emplace_back(std::move(name), escaped(value, Escape::terminal));
}

std::string Facts::render() const {
  std::size_t width = 0;
  for (const auto& [name, value] : lines_) width = std::max(width, display_width(name));
  std::string out;
  for (const auto& [name, value] : lines_) out += name + ":" + std::string(width - display_width(name) + 1, ' ') + value + "\n";
  return out;
}

}  // namespace ch::cli
