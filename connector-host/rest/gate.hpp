// What every request must fulfil before its route is looked up. Pure; any thread.
#pragma once

#include <optional>
#include <string>

#include "rest/http.hpp"

namespace ch::rest {

// 401 without the token (if there is one), 403 for changes that another web site's page asks for, 406 where only JSON
// can be had but is not wanted, 415 for a body that is not JSON, 503 for /v1 while the host starts. Nothing: let it in.
std::optional<Response> gate(const Request& request, const std::string& token, bool ready);

// The client accepts text/event-stream, by that name.
bool wants_event_stream(const Request& request);

}  // namespace ch::rest
