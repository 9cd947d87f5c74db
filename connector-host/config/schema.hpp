// Reads the JSON Schema that a Definition is made of. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/definition.hpp"

namespace ch::config {

struct Schema {
  std::vector<Key> keys;  // in the file's order
  std::vector<std::string> prefixes;
};

Result<Schema> read_schema(std::string_view json);

}  // namespace ch::config
