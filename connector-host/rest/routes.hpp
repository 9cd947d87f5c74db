// The table of /v1, /health, /openapi.yaml and /ui: api/rest/openapi.yaml describes it.
// Functions run on handler threads and hold nothing while they wait: see Waiters.
#pragma once

#include <functional>
#include <string>

#include "rest/event_streams.hpp"
#include "rest/router.hpp"
#include "rest/waiters.hpp"
#include "tasks/service.hpp"

namespace ch::rest {

struct RouteContext {
  tasks::TaskService& service;
  Waiters& waiters;
  EventStreams& streams;
  std::string version;
  std::string commit;
  std::function<bool()> ready;  // TaskService::start() has returned
};

// All keep references to what the context refers to.
void add_task_routes(Router& router, const RouteContext& context);   // /v1/tasks...
void add_event_routes(Router& router, const RouteContext& context);  // /v1/events, /v1/tasks/{}/events
void add_host_routes(Router& router, const RouteContext& context);   // all others
void add_dashboard_routes(Router& router);                           // /ui/...

}  // namespace ch::rest
