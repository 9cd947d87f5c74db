// What clients of Kafka Connect's API send, read with clear refusals where the real worker answers 500. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "rest/core/request_body.hpp"
#include "store/store.hpp"
#include "tasks/offsets/offset_changes.hpp"

namespace ch::rest::connect {

struct Creation {
  std::string name;  // trimmed; empty if there was none
  Config config;     // without its `name`
  store::Target target = store::Target::enabled;
};

// All errors are the messages of a 400. Numbers and booleans count as their text; a `name` in a config must be the
// connector's.
Result<Creation> read_creation(std::string_view text);
Result<Config> read_config(std::string_view text, const std::string& name);
Result<Changes> read_changes(std::string_view text, const std::string& name);
Result<Config> read_flat(std::string_view text);  // with its `name`
Result<std::vector<tasks::OffsetChange>> read_offsets(std::string_view text);
Result<std::string> read_level(std::string_view text);

}  // namespace ch::rest::connect
