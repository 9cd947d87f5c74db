// The store's file: looking at it before it is touched, and bringing it to the present schema.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.hpp"
#include "store/sqlite/sqlite.hpp"

namespace ch::store::sqlite {

constexpr std::int64_t kApplicationId = 0x43485354;  // "CHST"

// Makes an empty file that only its owner may read, if there is none. Refuses one that is not usable, without changing it.
Status prepare_file(const std::filesystem::path& file);

// A connection to a file that prepare_file accepted, at the present schema. Throws Failure.
Connection open_file(const std::filesystem::path& file);

}  // namespace ch::store::sqlite
