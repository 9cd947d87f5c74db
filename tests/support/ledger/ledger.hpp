// What a test has produced: for every offset of a topic the size and a hash of the value. The bucket is held against it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ch::test {

struct LedgerEntry {
  std::int64_t offset = 0;
  std::uint32_t size = 0;
  bool is_null = false;
  std::uint64_t hash = 0;
};

struct Ledger {
  std::string topic;
  std::map<std::int32_t, std::vector<LedgerEntry>> partitions;  // by offset
  std::uint64_t records() const;
  std::uint64_t bytes() const;  // of the values
};

std::uint64_t hash_of(std::string_view value);
LedgerEntry entry_of(std::int64_t offset, const std::optional<std::string_view>& value);

// The shares of the kinds of records; the rest is 1 to 300 bytes.
struct Mix {
  std::uint64_t seed = 1;
  double nulls = 0.005;
  double empty = 0.005;
  double newlines = 0.005;  // values of nothing but newlines
  double medium = 0.01;     // up to 20 KB
  double large = 0.0003;    // up to 900 KB
};
constexpr std::size_t kMediumBytes = 20000;
constexpr std::size_t kLargeBytes = 900 * 1024;

// Value number `index`: the same for the same mix and index. Any byte occurs in it. Valid until the next call with
// the same buffer; nothing: a null.
std::optional<std::string_view> make_value(const Mix& mix, std::uint64_t index, std::string& buffer);

}  // namespace ch::test
