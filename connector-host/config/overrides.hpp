// Which properties of librdkafka a task may set with consumer.override.*. Pure; any thread.
#pragma once

#include <connector_host/connector.hpp>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ch::config {

constexpr std::string_view kConsumerOverride = "consumer.override.";

// One problem for every consumer.override.* key that is refused, with the reason. Values are never shown: a property
// may be a secret. Whether librdkafka knows a property and takes its value is for librdkafka to say.
std::vector<KeyProblem> check_overrides(const Config& config);

}  // namespace ch::config
