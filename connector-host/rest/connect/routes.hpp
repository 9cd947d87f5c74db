// Kafka Connect's REST API over the same service as /v1: one truth, two views. What differs from a real worker, and why,
// is in docs/kafka-connect-compatibility.md. Functions run on handler threads.
#pragma once

#include "rest/v1/routes.hpp"

namespace ch::rest::connect {

// The version of Kafka Connect whose API this is. Clients read two numbers of it and switch features on by them.
constexpr const char* kApiVersion = "4.3.0";

// Each keeps references to the context's service and LongPolls.
void add_connector_routes(Router& router, const RouteContext& context);  // /connectors...
void add_offset_routes(Router& router, const RouteContext& context);     // /connectors/{}/offsets, /topics
void add_plugin_routes(Router& router, const RouteContext& context);     // /, /connector-plugins...
void add_admin_routes(Router& router);                                   // /admin/loggers...

// The texts are those that clients read. `missing`: that of a 404, for requests about one connector.
Response error_answer(const Error& error);
Response error_answer(const Error& error, const std::string& missing);
Response refused(const Error& error);  // a 400 with the message
Response not_found(const std::string& message);
// As Kafka Connect counts: neither topics nor topics.regex, or both, is a problem of each.
std::vector<KeyProblem> as_connect_counts(std::vector<KeyProblem> problems);

}  // namespace ch::rest::connect
