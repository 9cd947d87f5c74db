// What a task has stored, read from the bucket: for the REST API's objects. Blocking; any thread.
#pragma once

#include <connector_host/connector.hpp>

#include "client.hpp"
#include "settings.hpp"

namespace ch::cos {

// A page in key order. Throws std::runtime_error, saying why, if COS does not answer.
ch::ObjectPage list_objects(const ch::TaskInfo& task, const Settings& settings, Client& client, const ch::ObjectQuery& query);

}  // namespace ch::cos
