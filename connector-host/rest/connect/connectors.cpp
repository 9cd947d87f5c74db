#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string/predicate.hpp>
#include <nlohmann/json.hpp>

#include "rest/connect/body.hpp"
#include "rest/connect/json.hpp"
#include "rest/connect/routes.hpp"
#include "tasks/task_validation.hpp"

namespace ch::rest::connect {

namespace {

using tasks::TaskService;

// A connector stores what is open before it stops or goes; clients that ask at once then find it as they expect. Where that
// takes longer, as with a bucket that does not answer, it goes on behind: clients have deadlines of their own.
constexpr std::chrono::milliseconds kEndWait{4000};
constexpr std::size_t kMaxTaskId = 9;  // digits

Response empty(unsigned status) { return Response{status, {}, {}}; }

About about(const TaskService& service, const Config& config, bool enabled) {
  const auto connector = service.registry().find(config::connector_of(config));
  return {service.advertised(), connector == nullptr ? "" : connector->version(), enabled};
}

Response no_connector(const std::string& name) { return not_found(fmt::format("Connector {} not found", name)); }

std::optional<std::uint32_t> task_id(const std::string& text) {
  if (text.empty() || text.size() > kMaxTaskId || text.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return static_cast<std::uint32_t>(std::stoul(text));
}

bool flag(const Call& call, const char* name) {
  const auto found = call.parameters.find(name);
  return found != call.parameters.end() && boost::iequals(found->second, "true");
}

Response info_answer(unsigned status, const Call& call, const tasks::TaskView& task) {
  auto response = json_response(status, info_json(task.name, task.config, task.status));
  if (status == 201) {
    const auto* host = call.request.header("Host");
    response.headers.push_back({"Location", fmt::format("{}://{}/connectors/{}", call.request.secure ? "https" : "http",
                                                        host == nullptr ? "" : *host, percent_encode(task.name))});
  }
  return response;
}

Answer list(const TaskService& service, const Call& call) {
  bool expanded = false, status = false, info = false;
  for (auto [it, end] = call.parameters.equal_range("expand"); it != end; ++it) {
    expanded = true;
    status = status || it->second == "status";
    info = info || it->second == "info";
  }
  auto names = Json::array();
  auto map = Json::object();
  for (const auto& task : service.list()) {
    names.push_back(task.name);
    auto entry = Json::object();
    if (status) entry["status"] = state_json(task.status, about(service, task.config, task.status.enabled));
    if (info) entry["info"] = info_json(task.name, task.config, task.status);
    map[task.name] = std::move(entry);
  }
  return json_response(200, expanded ? map : names);
}

// The answer needs the request, which is gone by the time it is given: made before.
Answer written(const TaskService& service, std::shared_ptr<void> slot, const std::string& name, Response answer) {
  return once_start_is_decided(service, std::move(slot), name, [answer = std::move(answer)] { return answer; });
}

Answer create(TaskService& service, LongPolls& long_polls, const Call& call) {
  const auto wanted = read_creation(call.request.body);
  if (!wanted) return refused(wanted.error());
  auto slot = long_polls.reserve();
  if (!slot) return too_many_long_polls();
  const auto task = service.create(wanted->name, wanted->config, wanted->target);
  if (!task && task.error().code == ErrorCode::conflict) return plain_error(409, fmt::format("Connector {} already exists", wanted->name));
  return task ? written(service, std::move(slot), task->name, info_answer(201, call, *task)) : error_answer(task.error());
}

Answer put_config(TaskService& service, LongPolls& long_polls, const Call& call) {
  const auto config = read_config(call.request.body, call.names[0]);
  if (!config) return refused(config.error());
  auto slot = long_polls.reserve();
  if (!slot) return too_many_long_polls();
  const auto done = service.put(call.names[0], *config, std::nullopt);
  if (!done) return error_answer(done.error());
  auto answer = info_answer(done->created ? 201 : 200, call, done->task);
  if (!done->created) return answer;
  return written(service, std::move(slot), call.names[0], std::move(answer));
}

Answer patch_config(TaskService& service, const Call& call) {
  const auto changes = read_changes(call.request.body, call.names[0]);
  if (!changes) return refused(changes.error());
  const auto task = service.patch(call.names[0], *changes);
  return task ? info_answer(200, call, *task) : error_answer(task.error(), fmt::format("Connector {} not found", call.names[0]));
}

template <class Show>
Answer show(const TaskService& service, const Call& call, Show&& body) {
  const auto task = service.get(call.names[0]);
  return task ? json_response(200, body(*task)) : no_connector(call.names[0]);
}

Answer status(const TaskService& service, const Call& call) {
  const auto task = service.get(call.names[0]);
  if (!task) return not_found(fmt::format("No status found for connector {}", call.names[0]));
  return json_response(200, state_json(task->status, about(service, task->config, task->status.enabled)));
}

Answer task_status(const TaskService& service, const Call& call) {
  const auto& name = call.names[0];
  const auto id = task_id(call.names[1]);
  if (!id) return not_found("HTTP 404 Not Found");
  if (const auto task = service.get(name)) {
    for (const auto& runner : task->status.runners) {
      if (runner.id == *id && runner.state != runner::State::disabled)
        return json_response(200, task_state_json(runner, about(service, task->config, task->status.enabled)));
    }
  }
  return not_found(fmt::format("No status found for task {}-{}", name, *id));
}

// The connector itself has nothing to restart: with neither flag this does nothing, as `onlyFailed` alone does.
Answer restart(TaskService& service, const Call& call) {
  const auto& name = call.names[0];
  const bool tasks_too = flag(call, "includeTasks");
  const bool only_failed = flag(call, "onlyFailed");
  const auto task = service.get(name);
  if (!task) return not_found(fmt::format("Unknown connector: {}", name));
  if (!tasks_too && !only_failed) return empty(204);
  auto body = state_json(task->status, about(service, task->config, task->status.enabled));
  if (!only_failed) body["connector"]["state"] = "RESTARTING";
  std::vector<std::uint32_t> chosen;
  for (auto& runner : body["tasks"]) {
    if (!tasks_too || (only_failed && runner["state"] != "FAILED")) continue;
    chosen.push_back(runner["id"].get<std::uint32_t>());
    runner["state"] = "RESTARTING";
    runner.erase("trace");
  }
  if (task->status.enabled && !chosen.empty()) {
    if (const auto done = service.restart(name, chosen); !done)
      return error_answer(done.error(), fmt::format("Unknown connector: {}", name));
  }
  return json_response(202, body);
}

Answer restart_task(TaskService& service, const Call& call) {
  const auto& name = call.names[0];
  const auto id = task_id(call.names[1]);
  if (!id) return not_found("HTTP 404 Not Found");
  const auto unknown = fmt::format("Unknown connector: {}", name);
  const auto now = service.status(name);
  if (!now) return error_answer(now.error(), unknown);
  const bool there = std::any_of(now->runners.begin(), now->runners.end(), [&](const auto& runner) { return runner.id == *id; });
  if (!there) return not_found(fmt::format("Unknown task: {}-{}", name, *id));
  const auto done = service.restart(name, {*id});
  return done ? empty(204) : error_answer(done.error(), unknown);
}

Answer wait_or(TaskService& service, LongPolls& long_polls, const std::string& name, TaskService::Goal goal) {
  auto slot = long_polls.reserve();
  if (!slot) return empty(204);  // it is written down; who asks for the status sees it come true
  return Wait{std::move(slot), std::chrono::steady_clock::now() + kEndWait,
              [&service, name, goal] { return service.reached(name, goal) || service.reached(name, TaskService::Goal::gone); },
              [](bool) { return empty(204); }};
}

Answer stop(TaskService& service, LongPolls& long_polls, const Call& call) {
  const auto done = service.disable(call.names[0]);
  if (!done) return error_answer(done.error(), fmt::format("Unknown connector {}", call.names[0]));
  return wait_or(service, long_polls, call.names[0], TaskService::Goal::disabled);
}

Answer remove(TaskService& service, LongPolls& long_polls, const Call& call) {
  if (const auto done = service.remove(call.names[0], false); !done)
    return error_answer(done.error(), fmt::format("Connector {} not found", call.names[0]));
  return wait_or(service, long_polls, call.names[0], TaskService::Goal::gone);
}

using Change = Result<tasks::TaskStatus> (TaskService::*)(const std::string&);

Answer set_target(TaskService& service, LongPolls& long_polls, const Call& call, Change change) {
  const auto& name = call.names[0];
  auto slot = long_polls.reserve();
  if (!slot) return too_many_long_polls();
  const auto done = (service.*change)(name);
  if (!done) return error_answer(done.error(), fmt::format("Unknown connector {}", name));
  auto wait = once_start_is_decided(service, std::move(slot), name, [] { return empty(202); });
  wait.deadline = std::chrono::steady_clock::now() + kEndWait;
  return wait;
}

}  // namespace

void add_connector_routes(Router& router, const RouteContext& context) {
  auto& service = context.service;
  auto& long_polls = context.long_polls;
  router.add("GET", "/connectors", {}, [&service](const Call& call) { return list(service, call); });
  router.add("POST", "/connectors", {}, [&](const Call& call) { return create(service, long_polls, call); });
  router.add("GET", "/connectors/{}", {}, [&service](const Call& call) {
    return show(service, call, [](const tasks::TaskView& task) { return info_json(task.name, task.config, task.status); });
  });
  router.add("DELETE", "/connectors/{}", {}, [&service, &long_polls](const Call& call) { return remove(service, long_polls, call); });
  router.add("GET", "/connectors/{}/config", {}, [&service](const Call& call) {
    return show(service, call, [](const tasks::TaskView& task) -> Json { return completed(task.name, task.config); });
  });
  router.add("PUT", "/connectors/{}/config", {}, [&](const Call& call) { return put_config(service, long_polls, call); });
  router.add("PATCH", "/connectors/{}/config", {}, [&service](const Call& call) { return patch_config(service, call); });
  router.add("GET", "/connectors/{}/status", {}, [&service](const Call& call) { return status(service, call); });
  router.add("POST", "/connectors/{}/restart", {}, [&service](const Call& call) { return restart(service, call); });
  router.add("PUT", "/connectors/{}/pause", {},
             [&](const Call& call) { return set_target(service, long_polls, call, &TaskService::pause); });
  router.add("PUT", "/connectors/{}/resume", {},
             [&](const Call& call) { return set_target(service, long_polls, call, &TaskService::resume); });
  router.add("PUT", "/connectors/{}/stop", {}, [&service, &long_polls](const Call& call) { return stop(service, long_polls, call); });
  router.add("GET", "/connectors/{}/tasks", {}, [&service](const Call& call) {
    return show(service, call, [](const tasks::TaskView& task) { return task_configs_json(task.name, task.config, task.status); });
  });
  router.add("GET", "/connectors/{}/tasks-config", {}, [&service](const Call& call) {
    return show(service, call, [](const tasks::TaskView& task) {
      auto map = Json::object();
      for (const auto& one : task_configs_json(task.name, task.config, task.status))
        map[fmt::format("{}-{}", task.name, one["id"]["task"].get<std::uint32_t>())] = one["config"];
      return map;
    });
  });
  router.add("GET", "/connectors/{}/tasks/{}/status", {}, [&service](const Call& call) { return task_status(service, call); });
  router.add("POST", "/connectors/{}/tasks/{}/restart", {}, [&service](const Call& call) { return restart_task(service, call); });
}

}  // namespace ch::rest::connect
