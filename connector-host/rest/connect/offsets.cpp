#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "rest/connect/body.hpp"
#include "rest/connect/routes.hpp"
#include "rest/v1/json.hpp"

namespace ch::rest::connect {

namespace {

using tasks::TaskService;

Answer topics(const TaskService& service, const Call& call) {
  const auto used = service.used_topics(call.names[0]);
  return json_response(200, {{call.names[0], {{"topics", used ? Json(*used) : Json::array()}}}});
}

Answer offsets(const TaskService& service, const Call& call) {
  const auto found = service.offsets(call.names[0]);
  if (!found) return error_answer(found.error(), fmt::format("Connector {} not found", call.names[0]));
  auto list = Json::array();
  for (const auto& offset : *found) {
    list.push_back({{"partition", {{"kafka_partition", offset.where.partition}, {"kafka_topic", offset.where.topic}}},
                    {"offset", {{"kafka_offset", offset.offset}}}});
  }
  return json_response(200, {{"offsets", std::move(list)}});
}

Answer changed(const Status& done, const TaskService& service, const std::string& name, const char* what) {
  if (done) return json_response(200, {{"message", fmt::format("The offsets for this connector have been {} successfully", what)}});
  const auto& error = done.error();
  if (error.code == ErrorCode::conflict && !service.reached(name, TaskService::Goal::disabled)) {
    return plain_error(400,
                       fmt::format("Connectors must be in the STOPPED state before their offsets can be modified. This can be done for "
                                   "the specified connector by issuing a 'PUT' request to the '/connectors/{}/stop' endpoint",
                                   name));
  }
  if (error.code == ErrorCode::invalid && !error.problems.empty()) {
    std::string message = error.message;
    for (const auto& problem : error.problems) message += fmt::format("\n{}: {}", problem.key, problem.message);
    return plain_error(400, message);
  }
  return error_answer(error, fmt::format("Connector {} not found", name));
}

Answer alter(TaskService& service, const Call& call) {
  const auto changes = read_offsets(call.request.body);
  if (!changes) return refused(changes.error());
  return changed(service.alter_offsets(call.names[0], *changes), service, call.names[0], "altered");
}

}  // namespace

void add_offset_routes(Router& router, const RouteContext& context) {
  auto& service = context.service;
  router.add("GET", "/connectors/{}/topics", {}, [&service](const Call& call) { return topics(service, call); });
  router.add("PUT", "/connectors/{}/topics/reset", {}, [](const Call&) -> Answer { return Response{202, {}, {}}; });
  router.add("GET", "/connectors/{}/offsets", {}, [&service](const Call& call) { return offsets(service, call); });
  router.add("PATCH", "/connectors/{}/offsets", {}, [&service](const Call& call) { return alter(service, call); });
  router.add("DELETE", "/connectors/{}/offsets", {},
             [&service](const Call& call) { return changed(service.reset_offsets(call.names[0]), service, call.names[0], "reset"); });
}

}  // namespace ch::rest::connect
