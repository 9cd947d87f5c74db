// What every object says about itself in its x-cos-meta-*: whose it is and which records it holds. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cos/client.hpp"
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

// What to do about another object under a name that an intent has given away: that name stays, whatever the template says now.
constexpr const char* kConflictRemedy =
    "Look at its x-cos-meta- headers. If nobody needs it, move it away, and the task goes on. If it is another task's, leave it there: "
    "delete this task (discard), and make it anew under another name with a bucket, or an object.key.template with {task}, of its own.";

}  // namespace ch::cos
