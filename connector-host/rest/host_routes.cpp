#include <embedded/ch_rest_openapi.hpp>
#include <nlohmann/json.hpp>

#include "base/places.hpp"
#include "rest/body.hpp"
#include "rest/json.hpp"
#include "rest/metrics_page.hpp"
#include "rest/routes.hpp"
#include "rest/runbook.hpp"

namespace ch::rest {

namespace {

using tasks::TaskService;

// Requests that ask brokers wait for them. So many at once leave threads for all others, /health above all.
constexpr std::size_t kAsking = 4;

template <class Ask>
Answer asked(const Places& asking, Ask&& ask) {
  const auto place = asking.take();
  if (!place) return try_again("the brokers are being asked by others already; try again in a second");
  return ask();
}

Answer validate(const TaskService& service, const Places& asking, const Call& call) {
  const auto body = read_task_body(call.request.body, {"name", "config", "enabled"}, false);
  if (!body) return plain_error(400, body.error().message);
  std::vector<KeyProblem> wrong_parameters;
  const bool preflight = flag_parameter(call.parameters, "preflight", wrong_parameters);
  if (!wrong_parameters.empty())
    return error_response({ErrorCode::invalid, "query parameters that cannot be used", std::move(wrong_parameters)});
  const auto check = [&]() -> Answer {
    auto problems = service.validate(body->name.value_or(""), body->values(), preflight);
    problems.insert(problems.begin(), body->problems.begin(), body->problems.end());
    return json_response(200, {{"valid", problems.empty()}, {"errors", problems_json(problems)}});
  };
  return preflight ? asked(asking, check) : check();
}

Answer connectors(const TaskService& service) {
  auto list = Json::array();
  auto failures = Json::array();
  for (const auto& failure : service.registry().failures())
    failures.push_back({{"file", failure.file.string()}, {"message", failure.message}});
  for (const auto& connector : service.registry().connectors()) {
    const auto definition = service.definition(connector->name());
    if (!definition) {
      failures.push_back({{"file", connector->file().string()}, {"message", definition.error().message}});
      continue;
    }
    list.push_back({{"name", connector->name()},
                    {"version", connector->version()},
                    {"kind", connector->kind()},
                    {"file", connector->file().string()},
                    {"keys", keys_json(*definition)}});
  }
  return json_response(200, {{"connectors", std::move(list)}, {"failures", std::move(failures)}});
}

Answer topics(const TaskService& service, const Call& call) {
  const auto found = service.topics(call.names[0]);
  return found ? json_response(200, {{"topics", topics_json(*found)}}) : error_response(found.error());
}

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

Response health(bool ready) {
  if (ready) return json_response(200, {{"status", "healthy"}, {"message", "connector-host has started and serves requests"}});
  return json_response(503, {{"status", "starting"}, {"message", "connector-host is starting its tasks"}});
}

}  // namespace

void add_host_routes(Router& router, const RouteContext& context) {
  auto& service = context.service;
  const Places asking(kAsking);  // the routes share its count
  router.add("GET", "/v1", {}, [&service, asking, version = context.version, commit = context.commit](const Call&) {
    return asked(asking, [&]() -> Answer {
      return json_response(200, {{"name", "connector-host"},
                                 {"version", version},
                                 {"commit", commit},
                                 {"memory", memory_json(service.memory())},
                                 {"instances", instances_json(service.instances())}});
    });
  });
  router.add("POST", "/v1/validate", {"preflight"}, [&service, asking](const Call& call) { return validate(service, asking, call); });
  router.add("GET", "/v1/instances", {}, [&service, asking](const Call&) {
    return asked(asking, [&]() -> Answer { return json_response(200, {{"instances", instances_json(service.instances())}}); });
  });
  router.add("GET", "/v1/instances/{}/topics", {},
             [&service, asking](const Call& call) { return asked(asking, [&] { return topics(service, call); }); });
  router.add("GET", "/v1/connectors", {}, [&service](const Call&) { return connectors(service); });
  router.add("GET", "/health", {}, [ready = context.ready](const Call&) -> Answer { return health(ready()); });
  router.add("GET", "/metrics", {}, [&service, version = context.version, commit = context.commit](const Call&) -> Answer {
    return Response{200, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, metrics_page(service, version, commit)};
  });
  router.add("GET", "/docs/runbook.md", {}, [](const Call& call) -> Answer { return runbook(call.request); });
  router.add("GET", "/openapi.yaml", {}, [](const Call&) -> Answer {
    return Response{200, {{"Content-Type", "application/yaml"}}, std::string(embedded::openapi_yaml)};
  });
}

}  // namespace ch::rest
