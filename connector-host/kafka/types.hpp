// Words that the Kafka room shares with the runner.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace ch::kafka {

struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;
  auto operator<=>(const TopicPartition&) const = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14 misreads it
};

struct PartitionOffset {
  TopicPartition where;
  std::int64_t offset = -1;  // -1: none
  std::string metadata;
};

// Something outside that keeps us from going on. `reason`: see contract.md 4.
struct Trouble {
  std::string reason;
  std::string message;
  std::string remedy;
  bool fatal = false;  // the client is of no further use
};

inline std::string to_text(const Trouble& trouble) { return trouble.message + ". " + trouble.remedy; }
inline tl::unexpected<Error> unavailable(const Trouble& trouble) { return fail(ErrorCode::unavailable, to_text(trouble)); }

}  // namespace ch::kafka
