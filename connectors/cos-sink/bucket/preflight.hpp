// May this task store there? Tried out with a probe object under the task's prefix, which is removed again. Blocking; for
// a thread of the host's.
#pragma once

#include <chrono>
#include <connector_host/connector.hpp>

#include "cos/client.hpp"
#include "settings.hpp"

namespace ch::cos {

// One problem for every request that COS refuses, with what to do: for a missing permission a policy to paste. `client`
// must bound each request to a fraction of `timeout`; no request begins after it. What a host that was killed
// left behind is removed as well; `now_ms` tells it from what another task is just trying.
void preflight(const ch::TaskInfo& task, const Settings& settings, Client& client, std::chrono::milliseconds timeout, std::int64_t now_ms,
               ch::Problems& problems);

}  // namespace ch::cos
