#include "base/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

namespace ch {
namespace {

using std::chrono::floor;
using std::chrono::milliseconds;
using Days = std::chrono::sys_days;

constexpr Days kFirstDay = std::chrono::year{0} / 1 / 1;
constexpr Days kEnd = std::chrono::year{10000} / 1 / 1;  // RFC 3339 has four digits for the year

// Reads from the front of `text_`; `ok_` stays false once something did not fit.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  int number(std::size_t digits, int low, int high) {
    int value = 0;
    const auto part = text_.substr(0, digits);
    const bool all_digits = part.size() == digits && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (all_digits) std::from_chars(part.data(), part.data() + part.size(), value);
    ok_ = ok_ && all_digits && value >= low && value <= high;
    text_.remove_prefix(part.size());
    return value;
  }
  char one_of(std::string_view choices) {
    const char found = text_.empty() || choices.find(text_.front()) == std::string_view::npos ? '\0' : text_.front();
    ok_ = ok_ && found != '\0';
    if (!text_.empty()) text_.remove_prefix(1);
    return found;
  }
  // Of a fraction of any length, the milliseconds.
  int fraction() {
    if (text_.empty() || text_.front() != '.') return 0;
    text_.remove_prefix(1);
    const auto end = std::min(text_.find_first_not_of("0123456789"), text_.size());
    ok_ = ok_ && end > 0;
    int value = 0;
    for (std::size_t i = 0; i < 3; ++i) value = value * 10 + (i < end ? text_[i] - '0' : 0);
    text_.remove_prefix(end);
    return value;
  }
  bool done() const { return ok_ && text_.empty(); }

 private:
  std::string_view text_;
  bool ok_ = true;
};

}  // namespace

std::string rfc3339(std::int64_t unix_ms) {
  const milliseconds first = kFirstDay.time_since_epoch();
  const milliseconds end = kEnd.time_since_epoch();
  const std::chrono::sys_time<milliseconds> time(std::clamp(milliseconds(unix_ms), first, end - milliseconds(1)));
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<milliseconds> clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
  Scanner scan(text);
  const int year = scan.number(4, 0, 9999);
  scan.one_of("-");
  const int month = scan.number(2, 1, 12);
  scan.one_of("-");
  const int day = scan.number(2, 1, 31);
  scan.one_of("Tt ");
  const int hour = scan.number(2, 0, 23);
  scan.one_of(":");
  const int minute = scan.number(2, 0, 59);
  scan.one_of(":");
  const int second = scan.number(2, 0, 60);  // 60: a leap second, which Unix time counts as the next one
  const int millisecond = scan.fraction();
  const char zone = scan.one_of("Zz+-");
  int offset_minutes = 0;
  if (zone == '+' || zone == '-') {
    offset_minutes = scan.number(2, 0, 23) * 60;
    scan.one_of(":");
    offset_minutes += scan.number(2, 0, 59);
    if (zone == '-') offset_minutes = -offset_minutes;
  }
  const auto date = std::chrono::year{year} / month / day;
  if (!scan.done() || !date.ok()) return std::nullopt;
  const auto time = Days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute - offset_minutes) + std::chrono::seconds(second) +
                    milliseconds(millisecond);
  return time.time_since_epoch().count();
}

}  // namespace ch
