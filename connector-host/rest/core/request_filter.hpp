// What every request must fulfil before its route is looked up. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rest/http/http.hpp"

namespace ch::rest {

enum class Area { native, connect, other };  // /v1; Kafka Connect's paths; /health, /openapi.yaml and what is nowhere
Area area_of(const Request& request);
bool is_admin(const Request& request);   // Kafka Connect's /admin
bool is_health(const Request& request);  // what probes ask: /health, /health/ready

// Under which names a listener that asks for no token answers: a page of any web site may have its own name lead to this machine
// (DNS rebinding), and is then no other site to the browser. Beside these always loopback names.
struct Names {
  std::string own;                        // of the listener, as it is configured
  bool network = false;                   // not of this machine alone: any address is it, since no address is anybody's to redirect
  std::vector<std::string> allowed = {};  // the host's allowed.hosts
};

struct Entry {
  std::string token;             // "": none is asked for
  bool ready = true;             // false: the host is starting
  bool trusted_origin = false;   // the page that asks is of an origin that the host's owner allows
  const Names* names = nullptr;  // of the listener that it came in by; nothing: any
};

// 401 without the token (if there is one), 403 for changes that another web site's page asks for and for a name that the host
// does not answer to, 406 where only JSON can be had but is not wanted, 415 for a body that is not JSON, 503
// for the API while the host starts. Nothing: let it in.
std::optional<Response> gate(const Request& request, const Entry& entry);

// The client accepts text/event-stream, by that name.
bool wants_event_stream(const Request& request);

}  // namespace ch::rest
