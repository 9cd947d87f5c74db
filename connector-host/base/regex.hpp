// Regular expressions that users give: POSIX extended, matched by RE2 in time linear in the text and in bounded memory,
// without recursion and without back-references, so that no expression can hold up or end the process.
// Immutable and cheap to copy; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace re2 {  // NOLINT(readability-identifier-naming): the library's
class RE2;
}

namespace ch {

class Regex {
 public:
  static constexpr std::size_t kLongest = 512;  // bytes of an expression: the 500 of topics.regex, and what makes it match whole names

  // The error says what is wrong with it, without quoting it whole.
  static Result<Regex> compile(const std::string& expression);
  bool found_in(std::string_view text) const;
  bool matches(std::string_view text) const;  // all of it

 private:
  explicit Regex(std::shared_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const re2::RE2> compiled_;
};

}  // namespace ch
