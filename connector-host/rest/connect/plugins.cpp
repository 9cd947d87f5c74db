#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/mutex.hpp"
#include "rest/connect/body.hpp"
#include "rest/connect/json.hpp"
#include "rest/connect/routes.hpp"

namespace ch::rest::connect {

namespace {

using tasks::TaskService;

// A cluster never changes its id, so that the broker is asked once; one that does not answer is asked again after a while,
// and nobody waits for who asks.
class ClusterId {
 public:
  explicit ClusterId(const TaskService& service) : service_(service) {}
  Json get() {
    {
      const MutexLock lock(mutex_);
      if (!id_.empty()) return id_;
      const auto now = std::chrono::steady_clock::now();
      if (now < next_) return nullptr;
      next_ = now + kAgain;
    }
    const auto instances = service_.instances();
    const MutexLock lock(mutex_);
    if (!instances.empty()) id_ = instances.front().cluster_id;
    return id_.empty() ? Json() : Json(id_);
  }

 private:
  static constexpr std::chrono::seconds kAgain{5};
  const TaskService& service_;
  Mutex mutex_;
  std::string id_ CH_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point next_ CH_GUARDED_BY(mutex_){};
};

Answer plugins(const TaskService& service) {
  auto list = Json::array();
  for (const auto& connector : service.registry().connectors())
    list.push_back({{"class", connector->name()}, {"type", connector->kind()}, {"version", connector->version()}});
  return json_response(200, list);
}

Answer plugin_config(const TaskService& service, const Call& call) {
  const auto definition = service.definition(call.names[0]);
  if (!definition) return not_found(fmt::format("Unknown plugin {}.", call.names[0]));
  auto list = Json::array();
  for (const auto& key : keys_of(*definition)) list.push_back(key_json(key));
  return json_response(200, list);
}

Answer validate(const TaskService& service, const Call& call) {
  auto config = read_flat(call.request.body);
  if (!config) return refused(config.error());
  const auto& plugin = call.names[0];
  const auto given = config->find("connector.class");
  if (given == config->end()) return plain_error(400, "Connector config contains no connector type: give connector.class");
  const auto definition = service.definition(given->second);
  if (!definition) return error_answer({ErrorCode::invalid, "", {{"connector.class", given->second, definition.error().message}}});
  if (given->second != plugin)
    return plain_error(400, fmt::format("Included connector type {} does not match request type {}", given->second, plugin));
  const auto name = config->find("name");
  const auto called = name == config->end() ? std::string() : name->second;
  config->erase("name");
  const auto problems = as_connect_counts(service.validate(called, *config, false).problems);
  auto shown = service.masked(*config);
  if (!called.empty()) shown["name"] = called;
  return json_response(200, verdict_json(plugin, *definition, shown, problems));
}

}  // namespace

void add_plugin_routes(Router& router, const RouteContext& context) {
  auto& service = context.service;
  router.add("GET", "/", {}, [cluster = std::make_shared<ClusterId>(service), commit = context.commit](const Call&) -> Answer {
    return json_response(200, {{"version", kApiVersion}, {"commit", commit}, {"kafka_cluster_id", cluster->get()}});
  });
  router.add("GET", "/connector-plugins", {}, [&service](const Call&) { return plugins(service); });
  router.add("GET", "/connector-plugins/{}/config", {}, [&service](const Call& call) { return plugin_config(service, call); });
  router.add("PUT", "/connector-plugins/{}/config/validate", {}, [&service](const Call& call) { return validate(service, call); });
}

}  // namespace ch::rest::connect
