// The host's configuration as JSON: what is wrong with a file is told by its place, never by its values, which may be secrets.
// Pure but for reading the file; any thread.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ch::config {

// At most 1 MiB. Error: "the configuration file F ..." and why it cannot be read.
Result<std::string> read_config_file(const std::filesystem::path& file);

// Error: what is wrong with the text, as the end of a sentence that begins with its name.
Result<nlohmann::json> parse_bounded(std::string_view text);

}  // namespace ch::config
