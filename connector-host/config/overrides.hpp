// Which properties of librdkafka a task may set with consumer.override.*, and how far: one table of what is allowed. Pure; any
// thread.
#pragma once

#include <connector_host/connector.hpp>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ch::config {

constexpr std::string_view kConsumerOverride = "consumer.override.";

struct AllowedOverride {
  enum class Kind { number, truth, text };
  std::string_view property;  // librdkafka's name
  Kind kind = Kind::number;
  std::int64_t least = 0, most = 0;  // of a number; of a text's length in bytes
};
std::span<const AllowedOverride> allowed_overrides();

// One problem for every consumer.override.* key that is refused: what a task may set instead, or which values. The value of a
// property that is not in the table is never shown: it may be a secret. How properties go together is judged by
// kafka::refused_overrides.
std::vector<KeyProblem> check_overrides(const Config& config);

}  // namespace ch::config
