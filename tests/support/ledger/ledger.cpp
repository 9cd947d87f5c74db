#include "support/ledger/ledger.hpp"

#include <algorithm>
#include <cstring>
#include <functional>

namespace ch::test {
namespace {

// SplitMix64: every number is well mixed, whatever the seeds have in common.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  double share() { return static_cast<double>(next() >> 11U) / 9007199254740992.0; }
  std::size_t up_to(std::size_t most) { return 1 + next() % most; }

 private:
  std::uint64_t state_;
};

}  // namespace

std::uint64_t Ledger::records() const {
  std::uint64_t count = 0;
  for (const auto& [partition, entries] : partitions) count += entries.size();
  return count;
}

std::uint64_t Ledger::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [partition, entries] : partitions) {
    for (const auto& entry : entries) sum += entry.size;
  }
  return sum;
}

std::uint64_t hash_of(std::string_view value) { return std::hash<std::string_view>{}(value); }

LedgerEntry entry_of(std::int64_t offset, const std::optional<std::string_view>& value) {
  if (!value) return {offset, 0, true, 0};
  return {offset, static_cast<std::uint32_t>(value->size()), false, hash_of(*value)};
}

std::optional<std::string_view> make_value(const Mix& mix, std::uint64_t index, std::string& buffer) {
  Random random(mix.seed * 0x100000001b3U + index);
  const double kind = random.share();
  double bound = mix.nulls;
  if (kind < bound) return std::nullopt;
  if (kind < (bound += mix.empty)) return std::string_view("");
  if (kind < (bound += mix.newlines)) {
    buffer.assign(random.up_to(5), '\n');
    return buffer;
  }
  std::size_t most = 300;
  if (kind < (bound += mix.medium)) {
    most = kMediumBytes;
  } else if (kind < bound + mix.large) {
    most = kLargeBytes;
  }
  buffer.resize(random.up_to(most));
  for (std::size_t at = 0; at < buffer.size(); at += sizeof(std::uint64_t)) {
    const std::uint64_t bytes = random.next();
    std::memcpy(buffer.data() + at, &bytes, std::min(sizeof bytes, buffer.size() - at));
  }
  return buffer;
}

}  // namespace ch::test
