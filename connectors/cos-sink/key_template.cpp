#include "key_template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <stdexcept>

#include "cloud/encoding.hpp"

namespace ch::cos {
namespace {

constexpr std::size_t kMaxTemplate = 512;
constexpr std::size_t kMaxKey = 850;
constexpr std::string_view kDefaultTime = "%Y%m%d%H%M%S";
constexpr std::string_view kTimeLetters = "YmdHMS";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool has_non_digit(std::string_view text) { return !std::all_of(text.begin(), text.end(), is_digit); }
bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; }

std::string safe_name(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const bool leading_dot = text.empty() && (name == "." || name == "..");
    text += c == '/' || c == '%' || is_control(c) || leading_dot ? cloud::percent(c) : std::string(1, c);
  }
  return text;
}

// What a time format's parts may be: %x with its width and range, or a character of its own.
struct TimeRange {
  std::size_t width;
  int low;
  int high;
};

TimeRange range_of(char letter) {
  switch (letter) {
    case 'Y':
      return {4, 0, 9999};
    case 'm':
      return {2, 1, 12};
    case 'd':
      return {2, 1, 31};
    case 'H':
      return {2, 0, 23};
    default:
      return {2, 0, 59};
  }
}

std::string render_time(std::string_view format, std::int64_t time_ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> moment{milliseconds(time_ms)};
  const auto day = floor<days>(moment);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(moment - day));
  std::string text;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      text += format[i];
      continue;
    }
    switch (format[++i]) {
      case 'Y':
        text += fmt::format("{:04}", static_cast<int>(date.year()));
        break;
      case 'm':
        text += fmt::format("{:02}", static_cast<unsigned>(date.month()));
        break;
      case 'd':
        text += fmt::format("{:02}", static_cast<unsigned>(date.day()));
        break;
      case 'H':
        text += fmt::format("{:02}", clock.hours().count());
        break;
      case 'M':
        text += fmt::format("{:02}", clock.minutes().count());
        break;
      default:
        text += fmt::format("{:02}", clock.seconds().count());
    }
  }
  return text;
}

// Length of the time at the start of `text`, or nothing.
std::optional<std::size_t> match_time(std::string_view format, std::string_view text) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      if (at >= text.size() || text[at++] != format[i]) return std::nullopt;
      continue;
    }
    const auto range = range_of(format[++i]);
    const auto digits = text.substr(std::min(at, text.size()), range.width);
    if (digits.size() != range.width || has_non_digit(digits)) return std::nullopt;
    int value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (value < range.low || value > range.high) return std::nullopt;
    at += range.width;
  }
  return at;
}

std::string check_time(std::string_view format) {
  if (format.find('%') == std::string_view::npos) return "{time} needs a format with at least one of %Y %m %d %H %M %S";
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    if (++i == format.size() || kTimeLetters.find(format[i]) == std::string_view::npos) {
      return "the format of {time} may hold %Y %m %d %H %M %S and no other %";
    }
  }
  return {};
}

std::string check_path(std::string_view key) {
  if (key.starts_with('/')) return "a key must not begin with /";
  if (key.find("//") != std::string_view::npos) return "a key must not hold //";
  for (std::size_t begin = 0; begin <= key.size();) {
    const auto end = std::min(key.find('/', begin), key.size());
    const auto part = key.substr(begin, end - begin);
    if (part == "." || part == "..") return "no part of a key between / may be . or ..";
    begin = end + 1;
  }
  if (key.ends_with('/')) return "a key must not end with /";
  return {};
}

}  // namespace

// Reads "name" or "name:format", what stands between braces.
std::string KeyTemplate::read_variable(std::string_view text, Segment& segment) {
  const auto colon = text.find(':');
  const auto name = text.substr(0, colon);
  if (name == "time") {
    segment = {Variable::time, std::string(colon == std::string_view::npos ? kDefaultTime : text.substr(colon + 1))};
    return check_time(segment.text);
  }
  static constexpr std::pair<std::string_view, Variable> names[] = {{"instance", Variable::instance},
                                                                    {"topic", Variable::topic},
                                                                    {"topic_name", Variable::topic_name},
                                                                    {"task", Variable::task},
                                                                    {"partition", Variable::partition},
                                                                    {"start_offset", Variable::start_offset},
                                                                    {"ext", Variable::ext}};
  const auto* found = std::find_if(std::begin(names), std::end(names), [&](const auto& entry) { return entry.first == text; });
  if (found == std::end(names)) {
    return fmt::format(
        "{{{}}} is not known; there are {{instance}} {{topic}} {{topic_name}} {{task}} {{partition}} {{start_offset}} "
        "{{time:%Y%m%d%H%M%S}} {{ext}}",
        text);
  }
  segment = {found->second, ""};
  return {};
}

std::string KeyTemplate::read_segments(std::string_view text) {
  while (!text.empty()) {
    const auto brace = text.find_first_of("{}");
    if (brace != 0) {
      segments_.push_back({Variable::literal, std::string(text.substr(0, brace))});
      text.remove_prefix(std::min(brace, text.size()));
      continue;
    }
    const auto end = text.find_first_of("{}", 1);
    if (text[0] == '}' || end == std::string_view::npos || text[end] == '{') return "every { needs a } behind it, and the other way round";
    Segment segment;
    if (auto error = read_variable(text.substr(1, end - 1), segment); !error.empty()) return error;
    segments_.push_back(std::move(segment));
    text.remove_prefix(end + 1);
  }
  return {};
}

// A number may touch digits of fixed length (a time, a literal), but something else must stand between it and the next
// number, and directly between it and a name, whose last or first character may be a digit.
std::string KeyTemplate::check_numbers() const {
  bool apart = true;  // a character that is no digit stands between here and the last number or name
  bool after_number = false;
  for (const auto& segment : segments_) {
    if (segment.variable == Variable::literal || segment.variable == Variable::time) {
      const auto sample = segment.variable == Variable::time ? render_time(segment.text, 0) : segment.text;
      apart = apart || has_non_digit(sample);
      continue;
    }
    const bool number = is_number(segment);
    const bool extension = segment.variable == Variable::ext;  // begins with a dot, or is empty
    if (!apart && (number || (after_number && !extension))) {
      return "a character that is no digit must stand between {partition}, {start_offset} and the other variables, for example -";
    }
    if (extension && after_number) continue;  // it may be empty: the number before it still counts
    apart = false;
    after_number = number;
  }
  const auto holds = [&](Variable variable) {
    return std::any_of(segments_.begin(), segments_.end(), [&](const Segment& segment) { return segment.variable == variable; });
  };
  if (!holds(Variable::partition)) return "{partition} is missing: the keys of two partitions could be the same";
  if (!holds(Variable::start_offset)) return "{start_offset} is missing: the keys of two objects could be the same";
  return {};
}

std::string KeyTemplate::check_paths() const {
  for (const std::string_view ext : {"", ".x"}) {
    KeyFields fields;
    fields.instance = fields.topic = fields.topic_name = fields.task = "n";
    fields.ext = ext;
    std::string key;
    for (const auto& segment : segments_) key += render(segment, fields);
    if (auto error = check_path(key); !error.empty()) return error;
  }
  return {};
}

std::string common_prefix(std::string_view a, std::string_view b) {
  return {a.begin(), std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first};
}

std::variant<KeyTemplate, std::string> KeyTemplate::parse(std::string_view text) {
  if (text.empty()) return "it must not be empty";
  if (text.size() > kMaxTemplate) return fmt::format("it has {} bytes; at most {} are right", text.size(), kMaxTemplate);
  if (std::any_of(text.begin(), text.end(), is_control)) return "it must not hold control characters";
  KeyTemplate parsed;
  if (auto error = parsed.read_segments(text); !error.empty()) return error;
  if (auto error = parsed.check_numbers(); !error.empty()) return error;
  if (auto error = parsed.check_paths(); !error.empty()) return error;
  return parsed;
}

std::string KeyTemplate::render(const Segment& segment, const KeyFields& fields) {
  switch (segment.variable) {
    case Variable::instance:
      return safe_name(fields.instance);
    case Variable::topic:
      return safe_name(fields.topic);
    case Variable::topic_name:
      return safe_name(fields.topic_name);
    case Variable::task:
      return safe_name(fields.task);
    case Variable::partition:
      return std::to_string(fields.partition);
    case Variable::start_offset:
      return std::to_string(fields.start_offset);
    case Variable::time:
      return render_time(segment.text, fields.time_ms);
    case Variable::ext:
      return std::string(fields.ext);
    case Variable::literal:
      break;
  }
  return segment.text;
}

std::string KeyTemplate::render(const KeyFields& fields) const {
  std::string key;
  for (const auto& segment : segments_) key += render(segment, fields);
  if (key.size() > kMaxKey) throw std::length_error(fmt::format("the key would have {} bytes; COS takes at most {}", key.size(), kMaxKey));
  return key;
}

bool KeyTemplate::has_time() const {
  return std::any_of(segments_.begin(), segments_.end(), [](const Segment& segment) { return segment.variable == Variable::time; });
}

std::string KeyTemplate::prefix(const KeyFields& fields) const {
  std::string text;
  for (const auto& segment : segments_) {
    if (segment.variable == Variable::start_offset) break;
    if (segment.variable == Variable::time) {
      text.append(segment.text, 0, segment.text.find('%'));
      break;
    }
    text += render(segment, fields);
  }
  return text;
}

std::string KeyTemplate::timed_prefix(const KeyFields& fields) const {
  std::string text;
  std::string timed = prefix(fields);
  std::size_t known = 0;  // letters of kTimeLetters, which go from the longest unit to the shortest
  for (const auto& segment : segments_) {
    if (is_number(segment) || segment.variable == Variable::ext) break;
    text += render(segment, fields);
    if (segment.variable != Variable::time) continue;
    for (std::size_t at = segment.text.find('%'); at != std::string::npos; at = segment.text.find('%', at + 2)) {
      const auto unit = kTimeLetters.find(segment.text[at + 1]);
      if (unit > known) return timed;
      known = std::max(known, unit + 1);
    }
    timed = text;
  }
  return timed;
}

struct KeyTemplate::Cursor {
  std::string_view left;
  std::optional<std::int64_t> partition;
  std::optional<std::int64_t> start_offset;
};

// A number takes as many digits as let the rest match. Between two numbers stands something that is no digit, so that
// at most one length does, and the search stays short.
bool KeyTemplate::match_from(std::size_t index, Cursor cursor, const KeyFields& fields, Cursor& end) const {
  for (; index < segments_.size() && !is_number(segments_[index]); ++index) {
    const auto& segment = segments_[index];
    if (segment.variable == Variable::time) {
      const auto size = match_time(segment.text, cursor.left);
      if (!size) return false;
      cursor.left.remove_prefix(*size);
    } else {
      const auto text = render(segment, fields);
      if (!cursor.left.starts_with(text)) return false;
      cursor.left.remove_prefix(text.size());
    }
  }
  if (index == segments_.size()) {
    end = cursor;
    return cursor.left.empty();
  }
  auto& number = segments_[index].variable == Variable::partition ? cursor.partition : cursor.start_offset;
  const auto before = number;
  const auto text = cursor.left;
  const std::int64_t limit = segments_[index].variable == Variable::partition ? INT32_MAX : INT64_MAX;
  const std::size_t most = text.starts_with('0') ? 1 : text.size();  // no leading zeros
  for (std::size_t size = 1; size <= most && is_digit(text[size - 1]); ++size) {
    std::int64_t value = 0;
    if (std::from_chars(text.data(), text.data() + size, value).ec != std::errc() || value > limit) return false;
    if (before && *before != value) continue;
    number = value;
    cursor.left = text.substr(size);
    if (match_from(index + 1, cursor, fields, end)) return true;
  }
  return false;
}

std::optional<KeyTemplate::Position> KeyTemplate::match(std::string_view key, const KeyFields& fields) const {
  Cursor end;
  if (key.size() > kMaxKey || !match_from(0, {key, {}, {}}, fields, end) || !end.partition || !end.start_offset) return std::nullopt;
  return Position{static_cast<std::int32_t>(*end.partition), *end.start_offset};
}

}  // namespace ch::cos
