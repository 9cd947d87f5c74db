#include <strings.h>

#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "rest/connect/body.hpp"
#include "rest/connect/routes.hpp"
#include "rest/core/json.hpp"

namespace ch::rest::connect {

namespace {

Json level_json(const log::RoomLevel& level) {
  return {{"level", level.level}, {"last_modified", level.modified_ms > 0 ? Json(level.modified_ms) : Json()}};
}

Answer loggers() {
  auto map = Json::object();
  for (const auto& level : log::levels()) map[level.room] = level_json(level);
  return json_response(200, map);
}

Answer logger(const Call& call) {
  for (const auto& level : log::levels()) {
    if (level.room == call.names[0]) return json_response(200, level_json(level));
  }
  return not_found("Logger " + call.names[0] + " not found.");
}

// scope=cluster: this host is all of it.
Answer set_logger(const Call& call) {
  const auto level = read_level(call.request.body);
  if (!level) return refused(level.error());
  const auto changed = log::set_level(call.names[0], *level);
  if (!changed) return not_found(changed.error().message);
  const auto scope = call.parameters.find("scope");
  const bool cluster = scope != call.parameters.end() && ::strcasecmp(scope->second.c_str(), "cluster") == 0;
  return cluster ? Response{204, {}, {}} : json_response(200, Json(*changed));
}

}  // namespace

void add_admin_routes(Router& router) {
  router.add("GET", "/admin/loggers", {}, [](const Call&) { return loggers(); });
  router.add("GET", "/admin/loggers/{}", {}, [](const Call& call) { return logger(call); });
  router.add("PUT", "/admin/loggers/{}", {}, [](const Call& call) { return set_logger(call); });
}

}  // namespace ch::rest::connect
