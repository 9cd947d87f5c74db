// What an instance of the host's configuration says about CKafka's own API. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "config/host_config.hpp"

namespace ch::config {

// Moves the keys `ckafka.*` out of what goes to librdkafka into `instance.ckafka`; adds what is wrong with them.
void take_ckafka_keys(Instance& instance, const std::string& prefix, std::vector<KeyProblem>& problems);

}  // namespace ch::config
