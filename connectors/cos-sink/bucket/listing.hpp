// What a task has stored, read from the bucket: for the REST API's objects. Blocking; any thread.
#pragma once

#include <chrono>
#include <connector_host/connector.hpp>
#include <cstdint>

#include "cos/client.hpp"
#include "settings.hpp"

namespace ch::cos {

// What is looked through for a page that begins with the newest.
constexpr std::size_t kMaxNames = 100000;
constexpr std::chrono::seconds kMaxListing{15};

// A page in key order; or with `query.newest` the latest {time} of their keys first, and of the same {time}, or where keys do
// not begin with one, those that were stored last. COS lists in key order alone: where keys begin with a {time} ever longer
// spans before `now_ms` are listed until the page is full, else all names are. A page is full, or the last one, or as far as
// kMaxListing allows: objects of others under the same names are passed over.
// Throws std::runtime_error, saying why, if COS does not answer, or if that takes more than kMaxNames or kMaxListing.
ch::ObjectPage list_objects(const ch::TaskInfo& task, const Settings& settings, Client& client, const ch::ObjectQuery& query,
                            std::int64_t now_ms);

}  // namespace ch::cos
