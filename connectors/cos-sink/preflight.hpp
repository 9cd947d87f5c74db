// May this task store there? Tried out with a probe object under the task's prefix, which is removed again. Blocking; for
// a thread of the host's.
#pragma once

#include <chrono>
#include <connector_host/connector.hpp>

#include "client.hpp"
#include "settings.hpp"

namespace ch::cos {

// One problem for every request that COS refuses, with what to do: for a missing permission a policy to paste. `client`
// must bound each request to a fraction of `timeout`; no request begins after it.
void preflight(const ch::TaskInfo& task, const Settings& settings, Client& client, std::chrono::milliseconds timeout,
               ch::Problems& problems);

}  // namespace ch::cos
