// librdkafka's properties for each use, in one place. What exactly-once depends on is set last and cannot be overridden.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/result.hpp"

namespace ch::kafka {

using Properties = std::map<std::string, std::string>;

struct ConsumerSettings {
  Properties cluster;    // of the instance: bootstrap.servers, security.*, sasl.*, ssl.* ...
  Properties overrides;  // the task's consumer.override.*, without that prefix
  std::string group_id;
  std::string group_instance_id;  // static membership: a host that restarts has its partitions back at once; "" none
  std::string client_id;
  std::string task;                // for log lines
  std::uint64_t fetch_memory = 0;  // bytes for what was fetched and is not yet taken, all partitions together
};

// Bytes that one answer of a broker may have, of so much fetch_memory. An override may make it less.
std::uint64_t largest_fetch(std::uint64_t fetch_memory);
Properties consumer_properties(const ConsumerSettings& settings);
Properties lookup_properties(const Properties& cluster, const std::string& group_id, const std::string& client_id);

}  // namespace ch::kafka
