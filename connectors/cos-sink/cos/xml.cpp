#include "cos/xml.hpp"

#include <charconv>
#include <chrono>

namespace ch::cos {
namespace {

std::string plain(std::string_view name) {
  if (const auto colon = name.find(':'); colon != std::string_view::npos) name.remove_prefix(colon + 1);
  std::string text;
  for (const char c : name) {
    if (c != '-') text += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return text;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

pugi::xml_node parse_xml(pugi::xml_document& document, std::string_view text, std::string_view root) {
  // COS sends blanks before the document while it works; with a declaration behind them strict parsers stop.
  const auto begin = text.find('<');
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin);
  if (!document.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8)) return {};
  const auto element = document.document_element();
  return tag_is(element, root) ? element : pugi::xml_node();
}

bool tag_is(const pugi::xml_node& node, std::string_view name) {
  return node.type() == pugi::node_element && plain(node.name()) == plain(name);
}

std::string child_text(const pugi::xml_node& parent, std::string_view name) {
  for (const auto& child : parent.children()) {
    if (tag_is(child, name)) return child.text().get();
  }
  return {};
}

std::string percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : hex_digit(text[i + 2]);
    if (low < 0) {
      decoded += text[i];
    } else {
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return decoded;
}

std::optional<std::uint64_t> parse_number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> parse_utc_ms(std::string_view iso) {
  constexpr std::string_view shape = "dddd-dd-ddTdd:dd:dd";
  if (iso.size() <= shape.size() || iso.back() != 'Z') return std::nullopt;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 'd' ? iso[i] < '0' || iso[i] > '9' : iso[i] != shape[i]) return std::nullopt;
  }
  const auto field = [&](std::size_t at, std::size_t size) { return static_cast<int>(parse_number(iso.substr(at, size)).value_or(0)); };
  const std::chrono::year_month_day day{std::chrono::year(field(0, 4)), std::chrono::month(static_cast<unsigned>(field(5, 2))),
                                        std::chrono::day(static_cast<unsigned>(field(8, 2)))};
  if (!day.ok()) return std::nullopt;
  std::int64_t fraction = 0;
  if (iso[shape.size()] == '.') fraction = field(shape.size() + 1, std::min<std::size_t>(3, iso.size() - shape.size() - 2));
  const auto seconds = std::chrono::sys_days(day).time_since_epoch() + std::chrono::hours(field(11, 2)) +
                       std::chrono::minutes(field(14, 2)) + std::chrono::seconds(field(17, 2));
  return std::chrono::duration_cast<std::chrono::milliseconds>(seconds).count() + fraction;
}

}  // namespace ch::cos
