#include <nlohmann/json.hpp>

#include "base/semaphore.hpp"
#include "rest/core/request_body.hpp"
#include "rest/v1/json.hpp"
#include "rest/v1/routes.hpp"

namespace ch::rest {

namespace {

using tasks::TaskService;

// Requests that ask brokers wait for them. So many at once leave threads for all others, /health above all.
constexpr std::size_t kAsking = 4;

template <class Ask>
Answer asked(const Semaphore& asking, Ask&& ask) {
  const auto place = asking.take();
  if (!place) return try_again("the brokers are being asked by others already; try again in a second");
  return ask();
}

Answer validate(const TaskService& service, const Semaphore& asking, const Call& call) {
  const auto body = read_task_body(call.request.body, {"name", "config", "enabled"}, false);
  if (!body) return plain_error(400, body.error().message);
  std::vector<KeyProblem> wrong_parameters;
  const bool preflight = flag_parameter(call.parameters, "preflight", wrong_parameters);
  if (!wrong_parameters.empty())
    return error_response({ErrorCode::invalid, "query parameters that cannot be used", std::move(wrong_parameters)});
  const auto check = [&]() -> Answer {
    auto [problems, changes] = service.validate(body->name.value_or(""), body->values(), preflight);
    problems.insert(problems.begin(), body->problems.begin(), body->problems.end());
    Json verdict = {{"valid", problems.empty()}, {"errors", problems_json(problems)}};
    if (changes) verdict["changes"] = *changes;
    return json_response(200, verdict);
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

// The parameters are named as the task's keys.
Answer records(const TaskService& service, const Call& call) {
  Config source;
  for (const auto& [key, value] : call.parameters) source[key] = value;
  const auto counts = service.count_records(call.names[0], std::move(source));
  return counts ? json_response(200, records_json(*counts)) : error_response(counts.error());
}

// Who asks whether to restart the process is told of threads that hang, but not to do so: all other tasks go on. Nothing here waits
// for a lock that such a thread may hold.
Response health(bool ready, const TaskService& service) {
  const auto hanging = service.hanging_threads();
  if (!ready) return json_response(503, {{"status", "starting"}, {"message", "connector-host is starting its tasks"}});
  const auto* message = hanging == 0 ? "connector-host has started and serves requests"
                                     : "connector-host serves requests, but threads of it hang: /v1/tasks and the log tell which";
  Json body{{"status", "healthy"}, {"message", message}};
  if (hanging > 0) body["hanging_threads"] = hanging;  // else the answer is Kafka Connect's
  return json_response(200, body);
}

// Who asks whether to send requests here, or to go on with a rollout, is told no where nothing would come of it.
Response readiness(bool ready, const TaskService& service) {
  if (!ready || service.goes_on()) return health(ready, service);
  return json_response(503, {{"status", "hanging"},
                             {"message", "the supervisor or all tasks hang: the log tells which"},
                             {"hanging_threads", service.hanging_threads()}});
}

}  // namespace

void add_host_routes(Router& router, const RouteContext& context) {
  auto& service = context.service;
  const Semaphore asking(kAsking);  // the routes share its count
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
  router.add("GET", "/v1/instances/{}/records", {"topics", "topics.regex", "start.position"},
             [&service, asking](const Call& call) { return asked(asking, [&] { return records(service, call); }); });
  router.add("GET", "/v1/connectors", {}, [&service](const Call&) { return connectors(service); });
  router.add("GET", "/health", {}, [ready = context.ready, &service](const Call&) -> Answer { return health(ready(), service); });
  router.add("GET", "/health/ready", {}, [ready = context.ready, &service](const Call&) -> Answer { return readiness(ready(), service); });
}

}  // namespace ch::rest
