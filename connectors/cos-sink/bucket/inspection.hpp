// What lies in the bucket where a task stores a topic or has stored it before, and whether each object's name, metadata and content agree:
// for the REST API's verify. Blocking; any thread.
#pragma once

#include <connector_host/connector.hpp>

#include "bucket/places.hpp"

namespace ch::cos {

// A page: objects in key order, then unfinished uploads; place after place. Throws std::runtime_error, saying why, if COS does not
// answer for the present one.
ch::Inspection inspect(const Places& places, const ch::InspectQuery& query, std::int64_t now_ms);

}  // namespace ch::cos
