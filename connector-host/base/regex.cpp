#include "base/regex.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

namespace ch {

namespace {

constexpr std::int64_t kMaxMemory = 1 << 20;  // bytes of the compiled form: refuses what nested repetitions blow up

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

Result<Regex> Regex::compile(const std::string& expression) {
  if (expression.size() > kLongest) return fail(ErrorCode::invalid, fmt::format("has more than {} characters", kLongest));
  re2::RE2::Options options(re2::RE2::POSIX);
  options.set_log_errors(false);
  options.set_max_mem(kMaxMemory);
  auto compiled = std::make_shared<const re2::RE2>(piece(expression), options);
  if (!compiled->ok()) return fail(ErrorCode::invalid, fmt::format("is not a POSIX extended regular expression: {}", compiled->error()));
  return Regex(std::move(compiled));
}

bool Regex::found_in(std::string_view text) const { return re2::RE2::PartialMatch(piece(text), *compiled_); }

bool Regex::matches(std::string_view text) const { return re2::RE2::FullMatch(piece(text), *compiled_); }

}  // namespace ch
