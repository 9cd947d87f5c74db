#include "runner/offset_metadata.hpp"

#include <fmt/format.h>

#include <boost/crc.hpp>
#include <charconv>

namespace ch::runner {

namespace {

std::uint32_t checksum(std::uint64_t series, std::string_view state) {
  boost::crc_32_type crc;
  const auto number = std::to_string(series);
  crc.process_bytes(number.data(), number.size());
  crc.process_bytes(state.data(), state.size());
  return crc.checksum();
}

}  // namespace

std::string encode_offset_metadata(const OffsetMetadata& frame) {
  return fmt::format("ch1 {} {:08x} {}", frame.series, checksum(frame.series, frame.state), frame.state);
}

Result<OffsetMetadata> decode_offset_metadata(std::string_view metadata) {
  if (metadata.empty()) return OffsetMetadata{};
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorCode::conflict, fmt::format("the metadata beside the committed offset {}: \"{:.80}\"", why, metadata));
  };
  if (metadata.substr(0, 4) != "ch1 ") return refuse("is not ours");
  OffsetMetadata frame;
  const char* at = metadata.data() + 4;
  const char* end = metadata.data() + metadata.size();
  const auto series = std::from_chars(at, end, frame.series);
  if (series.ec != std::errc() || series.ptr == end || *series.ptr != ' ') return refuse("has no series");
  std::uint32_t expected = 0;
  const auto sum = std::from_chars(series.ptr + 1, end, expected, 16);
  if (sum.ec != std::errc() || sum.ptr != series.ptr + 9 || sum.ptr == end || *sum.ptr != ' ') return refuse("has no checksum");
  frame.state.assign(sum.ptr + 1, end);
  if (checksum(frame.series, frame.state) != expected) return refuse("is damaged");
  return frame;
}

bool outlived(const std::string& metadata, const store::SavedOffset* kept, std::uint64_t series) {
  const auto frame = decode_offset_metadata(metadata);
  if (metadata.empty() || !frame) return false;
  const auto own = kept == nullptr ? Result<OffsetMetadata>(OffsetMetadata{}) : decode_offset_metadata(kept->state);
  return frame->series < (own && own->series > 0 ? own->series : series);
}

}  // namespace ch::runner
