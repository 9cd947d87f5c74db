// What every request must fulfil before its route is looked up. Pure; any thread.
#pragma once

#include <optional>
#include <string>

#include "rest/http.hpp"

namespace ch::rest {

enum class Area { native, connect, other };  // /v1; Kafka Connect's paths; /health, /openapi.yaml and what is nowhere
Area area_of(const Request& request);
bool is_admin(const Request& request);  // Kafka Connect's /admin

struct Entry {
  std::string token;            // "": none is asked for
  bool ready = true;            // false: the host is starting
  bool trusted_origin = false;  // the page that asks is of an origin that the host's owner allows
  bool loopback = false;        // it came in by a listener of this machine alone
};

// 401 without the token (if there is one), 403 for changes that another web site's page asks for and for a name that only
// such a page has for this machine, 406 where only JSON can be had but is not wanted, 415 for a body that is not JSON, 503
// for the API while the host starts. Nothing: let it in.
std::optional<Response> gate(const Request& request, const Entry& entry);

// The client accepts text/event-stream, by that name.
bool wants_event_stream(const Request& request);

}  // namespace ch::rest
