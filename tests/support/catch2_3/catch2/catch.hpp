#pragma once
// Debian 12 has Catch2 2, whose one header is <catch2/catch.hpp>; Debian 13 has Catch2 3, which has many. Tests are written
// for the former: where Catch2 is 3, this header stands in its place and gives what they use under the names they use.

#include <catch2/catch_message.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/catch_tostring.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>

namespace Catch {
using Matchers::StartsWith;

/// In Catch2 3 `Contains` asks ranges.
inline Matchers::StringContainsMatcher Contains(const std::string& text, CaseSensitive sensitive = CaseSensitive::Yes) {
  return Matchers::ContainsSubstring(text, sensitive);
}
}  // namespace Catch
