// The store of a host that is alone: one SQLite file.
#pragma once

#include <filesystem>
#include <memory>

#include "store/store.hpp"

namespace ch::store {

// Opens or makes the file; migrates an older schema. Refuses, without touching it, a file that is damaged, that is
// not ours, or that a newer version wrote: the message says which and what to do. Only its owner may read the file.
Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& file);

}  // namespace ch::store
