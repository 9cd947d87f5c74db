// The answer to GET /metrics: what has been counted, and what the tasks say when they are asked. Any thread.
#pragma once

#include <string>

#include "tasks/task_service.hpp"

namespace ch::rest {

constexpr std::size_t kMaxPartitionSeries = 2000;  // partitions with series of their own; the others count in sums only

std::string metrics_page(const tasks::TaskService& service, const std::string& version, const std::string& commit);

}  // namespace ch::rest
