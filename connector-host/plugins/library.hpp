// One connector library: whether its file may be loaded, what it says about itself, whether the host can use it.
// Nothing it does is trusted until it has passed here. Any thread; a library is never unloaded.
#pragma once

#include <connector_host/plugin.h>

#include <cstddef>
#include <filesystem>

#include "base/result.hpp"

namespace ch::plugins {

constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxVersionBytes = 64;
constexpr std::size_t kMaxSchemaBytes = std::size_t{1} << 20;

// Loads the library and copies its table. The error says in one line what is wrong and what would be right; it does
// not repeat the file's name.
Result<ch_connector> load_library(const std::filesystem::path& file);

// The table as the host sees it: zero where the library's own one ends, everything mandatory there, texts bounded.
Result<ch_connector> checked_table(const ch_connector* table);

}  // namespace ch::plugins
