// What stands in the offset metadata of a commit: the connector's state inside a frame of ours.
//   ch1 <series> <crc32 in hex, 8 digits> <state>
// The frame's version, its checksum and the series keep a foreign, damaged or outlived state from being believed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "store/store.hpp"

namespace ch::runner {

constexpr std::size_t kMaxState = 4000;  // of the broker's 4096 characters

struct OffsetMetadata {
  std::uint64_t series = 0;
  std::string state;
};

std::string encode_offset_metadata(const OffsetMetadata& frame);
// Empty metadata (a tool moved the offset, or an older client wrote it) is a frame of series 0 without a state.
Result<OffsetMetadata> decode_offset_metadata(std::string_view metadata);

// The metadata beside a committed offset is of an older series than what the host has kept (of the partition, or of the
// task): a late copy of a commit from before a rewind.
bool outlived(const std::string& metadata, const store::SavedOffset* kept, std::uint64_t series);

}  // namespace ch::runner
