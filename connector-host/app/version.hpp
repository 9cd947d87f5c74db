// What this program is. Filled in by the build.
#pragma once

namespace ch::cli {

inline constexpr const char* kVersion = CH_VERSION;
extern const char* const kCommit;  // of the source, abbreviated; "unknown" outside a checkout

}  // namespace ch::cli
