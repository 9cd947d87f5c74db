// What lies in the bucket where a task stores a topic, and whether each object's name, metadata and content agree: for
// the REST API's verify. Blocking; any thread.
#pragma once

#include <connector_host/connector.hpp>

#include "client.hpp"
#include "settings.hpp"

namespace ch::cos {

// A page: objects in key order, then unfinished uploads. Throws std::runtime_error, saying why, if COS does not answer.
ch::Inspection inspect(const Settings& settings, Client& client, const ch::InspectQuery& query, std::int64_t now_ms);

}  // namespace ch::cos
