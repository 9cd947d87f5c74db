// What librdkafka says to properties, before a task or a host depends on them. Any thread. No broker is asked; a client is made
// and ended where that is said, which takes some milliseconds.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "kafka/client_config.hpp"

namespace ch::kafka {

// Of each property by itself: one that it does not know (with the nearest name), that it was built without, or whose value it
// does not take. Keys are the properties' names; values are left out, since they may be secrets.
std::vector<KeyProblem> refused_properties(const Properties& properties);

// What a consumer with these properties of an instance is refused for: properties that do not go together, files that cannot be
// used. "" nothing. Makes a client, and reads the files.
std::string refused_together(const Properties& cluster);

// What of the overrides is refused over the instance's properties, by its name: what librdkafka says of each, more memory than
// the task has for an answer, and properties that do not go together.
std::vector<KeyProblem> refused_overrides(const ConsumerSettings& settings);

}  // namespace ch::kafka
