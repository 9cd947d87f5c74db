// api/rest/openapi.yaml and the table of routes name the same methods and paths.
#include <algorithm>
#include <catch2/catch.hpp>
#include <embedded/ch_rest_openapi.hpp>
#include <set>
#include <sstream>

#include "idle_service.hpp"
#include "rest/pages/page_routes.hpp"
#include "rest/v1/routes.hpp"

namespace {

using Operations = std::set<std::pair<std::string, std::string>>;

// The document's own layout: paths are indented by two blanks, methods by four. Names in braces become {}.
Operations documented() {
  Operations out;
  std::istringstream text{std::string(ch::rest::embedded::openapi_yaml)};
  std::string line, path;
  bool in_paths = false;
  while (std::getline(text, line)) {
    if (!line.empty() && line[0] != ' ') in_paths = line == "paths:";
    if (!in_paths) continue;
    if (line.rfind("  /", 0) == 0) {
      path = line.substr(2, line.size() - 3);
      for (auto open = path.find('{'); open != std::string::npos; open = path.find('{', open + 1)) {
        path.erase(open + 1, path.find('}', open) - open - 1);
      }
    }
    for (const std::string method : {"get", "put", "post", "patch", "delete"}) {
      if (line != "    " + method + ":") continue;
      std::string upper;
      for (const char c : method) upper.push_back(static_cast<char>(c - 'a' + 'A'));
      out.emplace(upper, path);
    }
  }
  return out;
}

}  // namespace

TEST_CASE("every route is in openapi.yaml, and the other way round") {
  ch::tests::IdleService service;
  ch::rest::LongPolls long_polls;
  ch::rest::EventStreams streams(*service);
  ch::rest::Router router;
  const ch::rest::RouteContext context{*service, long_polls, streams, "0", "0", [] { return true; }};
  ch::rest::add_host_routes(router, context);
  ch::rest::add_task_routes(router, context);
  ch::rest::add_event_routes(router, context);
  ch::rest::add_page_routes(router, context);
  ch::rest::add_dashboard_routes(router);
  const auto routes = router.routes();
  const auto yaml = documented();
  REQUIRE(routes.size() == Operations(routes.begin(), routes.end()).size());
  for (const auto& [method, path] : routes) {
    INFO("not in openapi.yaml: " << method << " " << path);
    CHECK(yaml.count({method, path}) == 1);
  }
  for (const auto& [method, path] : yaml) {
    INFO("not in the router: " << method << " " << path);
    CHECK(std::find(routes.begin(), routes.end(), std::pair(method, path)) != routes.end());
  }
}
