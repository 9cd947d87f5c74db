#include "base/json_place.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ch {

namespace {

constexpr std::size_t kBeforeCaret = 60;
constexpr std::size_t kAfterCaret = 40;
constexpr std::string_view kBlanks = " \t\r";
constexpr std::string_view kStructure = "{}[],:";

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

struct Place {
  std::size_t at;     // in the text
  std::size_t begin;  // of its line
  std::size_t line;   // from 1
};

// One star for each character.
std::string stars(std::string_view text) { return std::string(characters(text), '*'); }

bool shows_nothing(std::string_view word) {
  return word == "true" || word == "false" || word == "null" || word.find_first_not_of("0123456789.-+eE") == std::string_view::npos;
}

// The string that begins at `at`, with its quotes as far as they are there.
std::string_view string_at(std::string_view line, std::size_t at) {
  for (auto i = at + 1; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      return line.substr(at, i + 1 - at);
    }
  }
  return line.substr(at);
}

// A parser tells where the string ended that it did not expect; a reader looks for where it begins.
std::size_t token_start(std::string_view line, std::size_t at) {
  for (auto begin = line.find('"'); begin < at;) {
    const auto end = begin + string_at(line, begin).size();
    if (end == at + 1) return begin;
    begin = line.find('"', end);
  }
  return at;
}

Place place_of(std::string_view text, std::size_t position) {
  auto at = std::min(position == 0 ? 0 : position - 1, text.size());
  const auto before = text.substr(0, at);
  const auto last = before.rfind('\n');
  const auto begin = last == std::string_view::npos ? 0 : last + 1;
  at = begin + token_start(text.substr(begin, std::min(text.find('\n', at), text.size()) - begin), at - begin);
  return {at, begin, 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'))};
}

bool is_key(std::string_view line, std::size_t end) {
  const auto next = line.find_first_not_of(kBlanks, end);
  return next != std::string_view::npos && line[next] == ':';
}

std::string masked(std::string_view line) {
  std::string out;
  for (std::size_t at = 0; at < line.size();) {
    if (line[at] == '"') {
      const auto text = string_at(line, at);
      const bool whole = text.size() > 1 && text.back() == '"';
      if (is_key(line, at + text.size())) {
        out += text;
      } else {
        out += '"' + stars(text.substr(1, text.size() - (whole ? 2 : 1))) + (whole ? "\"" : "");
      }
      at += text.size();
    } else if (kBlanks.find(line[at]) != std::string_view::npos || kStructure.find(line[at]) != std::string_view::npos) {
      out += line[at] == '\t' || line[at] == '\r' ? ' ' : line[at];
      ++at;
    } else {
      const auto end = std::min(line.find_first_of(" \t\r{}[],:\"", at), line.size());
      const auto word = line.substr(at, end - at);
      out += shows_nothing(word) ? std::string(word) : stars(word);
      at = end;
    }
  }
  return out;
}

std::string hint(std::string_view text, std::size_t at) {
  if (at >= text.size()) return ": it ends too early";
  const auto before = text.substr(0, at).find_last_not_of(" \t\r\n");
  if (before == std::string_view::npos) return "";
  if ((text[at] == '}' || text[at] == ']') && text[before] == ',') return fmt::format(": the comma before {} is one too many", text[at]);
  if (text[at] == '"' && std::string_view("{[,:").find(text[before]) == std::string_view::npos)
    return ": a comma (or a colon) is missing before it";
  return "";
}

}  // namespace

std::string json_place(std::string_view text, std::size_t position) {
  const auto place = place_of(text, position);
  return fmt::format("line {}, column {}", place.line, 1 + characters(text.substr(place.begin, place.at - place.begin)));
}

std::string json_place_shown(std::string_view text, std::size_t position) {
  const auto place = place_of(text, position);
  const auto end = std::min(text.find('\n', place.at), text.size());
  const auto line = masked(text.substr(place.begin, end - place.begin));
  const auto column = characters(text.substr(place.begin, place.at - place.begin));
  return fmt::format("{}{}\n{}", json_place(text, position), hint(text, place.at), with_caret(line, column));
}

std::string with_caret(std::string_view line, std::size_t column) {
  std::size_t at = 0;  // of the caret, in bytes
  for (std::size_t seen = 0; at < line.size(); ++at) {
    if (begins_character(line[at]) && seen++ == column) break;
  }
  auto from = at - std::min(at, kBeforeCaret);
  while (from < at && !begins_character(line[from])) ++from;
  auto to = std::min(line.size(), at + kAfterCaret);
  while (to < line.size() && !begins_character(line[to])) ++to;
  const auto shown = line.substr(from, to - from);
  return fmt::format("  {}\n  {}^", shown, std::string(characters(shown.substr(0, at - from)), ' '));
}

}  // namespace ch
