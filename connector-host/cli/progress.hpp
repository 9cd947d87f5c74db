// How far a transfer is, as one line for a terminal. Pure; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace ch::cli {

// "name [====>     ]  45 %  12.3 MB/s  0:12 left", in at most `width` columns (0: 80). The name may come from anywhere: it
// is escaped, and shortened from the left, as keys differ at their ends. Without a rate as long as there is none.
std::string progress_line(std::string_view name, std::uint64_t done, std::uint64_t total, std::chrono::milliseconds taken,
                          std::size_t width);

}  // namespace ch::cli
