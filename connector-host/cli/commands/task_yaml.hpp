// Task files in YAML, made into the JSON that a host takes. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ch::cli {

constexpr int kMaxTaskDepth = 32;  // that a task file may be nested, in YAML or JSON

// The JSON text of each document. A plain scalar keeps its spelling: 0755 and yes are the strings "0755" and "yes"; only
// what stands for nothing is null, and `enabled: true` true. `where`: what the text is of. Error: it is not YAML, with line,
// column and a caret; no value is quoted.
Result<std::vector<std::string>> json_of_yaml(const std::string& where, std::string_view text);

}  // namespace ch::cli
