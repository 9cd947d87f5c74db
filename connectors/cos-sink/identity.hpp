// What every object says about itself in its x-cos-meta-*: whose it is and which records it holds. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client.hpp"
#include "settings.hpp"

namespace ch::cos {

// The partition that objects belong to; all of it must be equal for an object to be ours.
struct Identity {
  std::string cluster, task, topic;
  std::int32_t partition = 0;
  std::uint64_t series = 0;
};

struct ObjectRange {
  std::int64_t start = 0;
  std::int64_t end = 0;  // exclusive
  std::uint64_t records = 0;
};

// How the task's settings say that whatever it stores is made; without content type and metadata.
ObjectOptions store_options(const Settings& settings);
ObjectOptions object_options(const Settings& settings, const Identity& identity, const ObjectRange& range);

// The range of an object of this partition; nothing if it is anybody else's or not one of ours at all.
std::optional<ObjectRange> own_range(const Identity& identity, const Metadata& metadata);

std::optional<ObjectRange> range_of(const Metadata& metadata);

// A header value: what is not printable ASCII, and '%' itself, as %XX.
std::string header_value(std::string_view text);

}  // namespace ch::cos
