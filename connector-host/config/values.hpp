// What a single value must be like. Used by Definition; pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "config/definition.hpp"

namespace ch::config {

// What is wrong with the value, as a sentence that says what would be right; "" if nothing is. Never holds the value.
std::string value_fault(const Key& key, std::string_view value);
// A name or value as an error message may show it: escaped and cut.
std::string shown(std::string_view text);
// "", or which of UTF-8 and control characters it breaks.
std::string text_fault(std::string_view text);
// ${provider:...} and nothing else.
bool is_placeholder(std::string_view value);
std::vector<std::string_view> split_list(std::string_view text);  // trimmed

}  // namespace ch::config
