// Where a text stops being JSON, for whoever has to put it right. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ch {

// "line 3, column 7"; `position`: of the character that was not expected, from 1, as nlohmann's parsers count.
std::string json_place(std::string_view text, std::size_t position);

// The same, what is likely wrong there, and the line with a caret below the place, cut to what a terminal shows. Values are
// masked, as they may be secrets; keys are not.
std::string json_place_shown(std::string_view text, std::size_t position);

// A line and, below it, a caret at the column (from 0, in characters), both cut to what a terminal shows.
std::string with_caret(std::string_view line, std::size_t column);

}  // namespace ch
