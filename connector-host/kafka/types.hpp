// Words that the Kafka room shares with the runner.
#pragma once

#include <compare>
#include <connector_host/connector.hpp>
#include <connector_host/reasons.hpp>
#include <cstdint>
#include <string>
#include <string_view>

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

// The brokers do not answer, or refuse us.
inline bool is_of_brokers(std::string_view reason) {
  return reason == reasons::kBrokerUnreachable || reason == reasons::kBrokerAuth || reason == reasons::kBrokerRefused;
}

inline std::string to_text(const Interruption& trouble) { return trouble.message + ". " + trouble.remedy; }
inline tl::unexpected<Error> unavailable(const Interruption& trouble) { return fail(ErrorCode::unavailable, to_text(trouble)); }

}  // namespace ch::kafka
