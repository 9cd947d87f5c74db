// What is no API: pages for browsers and Prometheus. The functions run on handler threads.
#pragma once

#include "rest/core/router.hpp"
#include "rest/v1/routes.hpp"

namespace ch::rest {

void add_page_routes(Router& router, const RouteContext& context);  // /metrics, /docs/runbook.md, /openapi.yaml
void add_dashboard_routes(Router& router);                          // /ui/...

}  // namespace ch::rest
