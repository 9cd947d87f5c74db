// What the kernel says of this process. Any thread.
#pragma once

#include <vector>

#include "metrics/metrics.hpp"

namespace ch::metrics {

std::vector<Sample> process_samples();

}  // namespace ch::metrics
