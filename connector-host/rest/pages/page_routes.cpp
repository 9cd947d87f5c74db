#include "rest/pages/page_routes.hpp"

#include <embedded/ch_rest_openapi.hpp>

#include "rest/core/runbook.hpp"
#include "rest/pages/metrics_page.hpp"

namespace ch::rest {

namespace {

// A page for browsers, where a link can lead to a section; the text for everybody else.
Response runbook(const Request& request) {
  const auto* accept = request.header("Accept");
  if (accept == nullptr || accept->find("text/html") == std::string::npos)
    return {200, {{"Content-Type", "text/markdown; charset=utf-8"}, {"Vary", "Accept"}}, std::string(runbook_markdown())};
  return {200,
          {{"Content-Type", "text/html; charset=utf-8"},
           {"Vary", "Accept"},
           {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"}},
          runbook_html()};
}

}  // namespace

void add_page_routes(Router& router, const RouteContext& context) {
  router.add("GET", "/metrics", {},
             [&service = context.service, version = context.version, commit = context.commit](const Call&) -> Answer {
               return Response{200, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, metrics_page(service, version, commit)};
             });
  router.add("GET", "/docs/runbook.md", {}, [](const Call& call) -> Answer { return runbook(call.request); });
  router.add("GET", "/openapi.yaml", {}, [](const Call&) -> Answer {
    return Response{200, {{"Content-Type", "application/yaml"}}, std::string(embedded::openapi_yaml)};
  });
}

}  // namespace ch::rest
