#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/text.hpp"

namespace ch::config {
namespace {

constexpr std::size_t kMaxShown = 200;

struct Unit {
  std::string_view name;
  std::int64_t bytes;
};
constexpr Unit kUnits[] = {{"GiB", std::int64_t{1} << 30}, {"MiB", std::int64_t{1} << 20}, {"KiB", std::int64_t{1} << 10}};

std::string written(std::int64_t number, Type type) {
  if (type == Type::bytes && number > 0) {
    for (const auto& unit : kUnits) {
      if (number % unit.bytes == 0) return fmt::format("{}{}", number / unit.bytes, unit.name);
    }
  }
  return std::to_string(number);
}

std::string number_fault(const Key& key, std::string_view value) {
  const bool bytes = key.type == Type::bytes;
  const auto number = bytes ? parse_bytes(value) : parse_integer(value);
  const std::string what = bytes ? "a size in bytes" : "a whole number";
  std::string range;
  if (key.minimum && key.maximum) {
    range = fmt::format(" from {} to {}", written(*key.minimum, key.type), written(*key.maximum, key.type));
  } else if (key.minimum) {
    range = fmt::format(" of at least {}", written(*key.minimum, key.type));
  } else if (key.maximum) {
    range = fmt::format(" of at most {}", written(*key.maximum, key.type));
  }
  if (number && (!key.minimum || *number >= *key.minimum) && (!key.maximum || *number <= *key.maximum)) return "";
  const std::string unit = !bytes && !key.unit.empty() ? fmt::format(" ({})", key.unit) : "";
  const std::string example = bytes && !number ? ": digits, with KiB, MiB or GiB behind them if wanted, such as 64MiB" : "";
  return fmt::format("must be {}{}{}{}", what, range, unit, example);
}

std::string length_fault(const Key& key, std::string_view value) {
  const auto size = static_cast<std::int64_t>(value.size());
  if (value.empty() && (key.required || key.minimum.value_or(0) > 0)) return "must not be empty";
  if (key.minimum && size < *key.minimum) return fmt::format("must be at least {} bytes long; it has {}", *key.minimum, size);
  if (key.maximum && size > *key.maximum) return fmt::format("must be at most {} bytes long; it has {}", *key.maximum, size);
  return "";
}

std::string choice_fault(const Key& key, std::string_view value) {
  if (key.choices.empty() || std::find(key.choices.begin(), key.choices.end(), value) != key.choices.end()) return "";
  return fmt::format("must be {}{}", key.choices.size() > 1 ? "one of " : "", fmt::join(key.choices, ", "));
}

std::string list_fault(const Key& key, std::string_view value) {
  if (auto fault = length_fault(key, value); !fault.empty()) return fault;
  if (value.empty()) return "";
  for (const auto item : split_list(value)) {
    if (item.empty()) return "must be a comma list without empty items";
    if (auto fault = choice_fault(key, item); !fault.empty()) return "each item " + fault;
  }
  return "";
}

std::string password_fault(const Key& key, std::string_view value) {
  if (value == kMask) return "is the mask that is shown in place of a secret: give the secret itself";
  return length_fault(key, value);
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> parse_bytes(std::string_view text) {
  std::int64_t factor = 1;
  for (const auto& unit : kUnits) {
    if (text.size() > unit.name.size() && text.substr(text.size() - unit.name.size()) == unit.name) {
      factor = unit.bytes;
      text.remove_suffix(unit.name.size());
      break;
    }
  }
  const auto number = parse_integer(text);
  if (!number || text.front() == '-' || *number > std::numeric_limits<std::int64_t>::max() / factor) return std::nullopt;
  return *number * factor;
}

std::vector<std::string_view> split_list(std::string_view text) {
  constexpr std::string_view kBlank = " \t";
  std::vector<std::string_view> items;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(',', at), text.size());
    auto item = text.substr(at, end - at);
    item.remove_prefix(std::min(item.find_first_not_of(kBlank), item.size()));
    item.remove_suffix(item.size() - (item.find_last_not_of(kBlank) + 1));
    items.push_back(item);
    at = end + 1;
  }
  return items;
}

std::string shown(std::string_view text) { return escaped(text, Escape::terminal, kMaxShown); }

std::string text_fault(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint code = decode_utf8(text, at);
    if (!code.valid) return fmt::format("must be UTF-8; byte {} is not", at + 1);
    if (is_control(code.value)) return fmt::format("must not contain control characters; byte {} is one", at + 1);
    at += code.bytes;
  }
  return "";
}

bool is_placeholder(std::string_view value) {
  return value.size() > 3 && value.substr(0, 2) == "${" && value.find('}') == value.size() - 1 &&
         value.find("${", 1) == std::string_view::npos && value.find(':') != std::string_view::npos;
}

std::string value_fault(const Key& key, std::string_view value) {
  if (value.size() > kMaxValueBytes) return fmt::format("must be at most {} bytes long; it has {}", kMaxValueBytes, value.size());
  if (auto fault = text_fault(value); !fault.empty()) return fault;
  switch (key.type) {
    case Type::integer:
    case Type::bytes:
      return number_fault(key, value);
    case Type::boolean:
      return value == "true" || value == "false" ? "" : "must be true or false";
    case Type::list:
      return list_fault(key, value);
    case Type::password:
      return password_fault(key, value);
    case Type::string:
      break;
  }
  auto fault = choice_fault(key, value);
  return fault.empty() ? length_fault(key, value) : fault;
}

}  // namespace ch::config
