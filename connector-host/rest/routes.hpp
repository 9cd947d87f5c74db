// The table of /v1, /health, /openapi.yaml and /ui: api/rest/openapi.yaml describes it.
// Functions run on handler threads and hold nothing while they wait: see Waiters.
#pragma once

#include <functional>
#include <memory>
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

// `finish`'s answer, once it is decided where the task starts: no handler thread waits for that. The slot is taken before
// anything is changed.
Wait once_start_is_decided(const tasks::TaskService& service, std::shared_ptr<void> slot, const std::string& name,
                           std::function<Response()> finish);
Response too_many_waiters();

// All keep references to what the context refers to.
void add_task_routes(Router& router, const RouteContext& context);   // /v1/tasks...
void add_event_routes(Router& router, const RouteContext& context);  // /v1/events, /v1/tasks/{}/events
void add_host_routes(Router& router, const RouteContext& context);   // all others
void add_dashboard_routes(Router& router);                           // /ui/...

}  // namespace ch::rest
