// What of a host's configuration only trying shows: librdkafka's properties, and the files that are named. For `check`, and for
// `serve` at its start. Any thread; only unreachable_instances() asks brokers.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "config/host_config.hpp"

namespace ch::cli {

// Properties of instances that librdkafka does not know or whose values it does not take: a host does not start with them.
std::vector<KeyProblem> wrong_properties(const config::HostConfig& config);

// Instances that cannot be used as things are: placeholders, files of theirs, properties that do not go together. Their tasks
// say so too, and try again, so that a host does start.
std::vector<KeyProblem> unusable_instances(const config::HostConfig& config);

// Instances whose brokers do not answer within `patience`, with what keeps them; all are asked at once.
std::vector<KeyProblem> unreachable_instances(const config::HostConfig& config, milliseconds patience);

// Files of https:// listeners that cannot be used: a host does not start with them.
std::vector<KeyProblem> unusable_listeners(const config::HostConfig& config);

// What is allowed and hardly meant.
std::vector<std::string> doubts(const config::HostConfig& config);

}  // namespace ch::cli
