// What stands in the offset metadata of a commit: the connector's state inside a frame of ours.
//   ch1 <series> <crc32 in hex, 8 digits> <state>
// The frame's version, its checksum and the series keep a foreign, damaged or outlived state from being believed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ch::tasks {

constexpr std::size_t kMaxState = 4000;  // of the broker's 4096 characters

struct Frame {
  std::uint64_t series = 0;
  std::string state;
};

std::string encode_frame(const Frame& frame);
// Empty metadata (a tool moved the offset, or an older client wrote it) is a frame of series 0 without a state.
Result<Frame> decode_frame(std::string_view metadata);

}  // namespace ch::tasks
