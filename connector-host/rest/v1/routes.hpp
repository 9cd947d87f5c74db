// The table of /v1 and /health: api/rest/openapi.yaml describes it.
// Functions run on handler threads and hold nothing while they wait: see LongPolls.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "rest/core/long_polls.hpp"
#include "rest/core/router.hpp"
#include "rest/v1/event_streams.hpp"
#include "tasks/task_service.hpp"

namespace ch::rest {

struct RouteContext {
  tasks::TaskService& service;
  LongPolls& long_polls;
  EventStreams& streams;
  std::string version;
  std::string commit;
  std::function<bool()> ready;  // TaskService::start() has returned
};

// `finish`'s answer, once it is decided where the task starts: no handler thread waits for that. The slot is taken before
// anything is changed.
Wait once_start_is_decided(const tasks::TaskService& service, std::shared_ptr<void> slot, const std::string& name,
                           std::function<Response()> finish);
Response too_many_long_polls();

// All keep references to what the context refers to.
void add_task_routes(Router& router, const RouteContext& context);   // /v1/tasks...
void add_event_routes(Router& router, const RouteContext& context);  // /v1/events, /v1/tasks/{}/events
void add_host_routes(Router& router, const RouteContext& context);   // all others

}  // namespace ch::rest
