#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/time.hpp"
#include "rest/core/request_body.hpp"
#include "rest/v1/json.hpp"
#include "rest/v1/routes.hpp"
#include "rest/v1/task_summaries.hpp"
#include "rest/v1/verify_json.hpp"

namespace ch::rest {

namespace {

using tasks::TaskService;
using Goal = TaskService::Goal;
using Problems = std::vector<KeyProblem>;

constexpr std::chrono::milliseconds kDeleteWait{30000};
constexpr std::size_t kMaxToken = 4096;
constexpr std::chrono::seconds kUrlLife{3600};

Response bad_request(const Error& error) { return plain_error(400, error.message); }
Response refuse(std::string message, Problems problems) {
  return error_response({ErrorCode::invalid, std::move(message), std::move(problems)});
}
Response refuse_parameters(Problems problems) { return refuse("query parameters that cannot be used", std::move(problems)); }

Response task_answer(unsigned status, const tasks::TaskView& task) {
  auto response = json_response(status, task_json(task));
  if (status == 201) response.headers.push_back({"Location", "/v1/tasks/" + percent_encode(task.name)});
  return response;
}

Response status_answer(unsigned status, const Result<tasks::TaskStatus>& task) {
  return task ? json_response(status, status_json(*task)) : error_response(task.error());
}

void require_field(bool given, const std::string& field, const std::string& what, Problems& problems) {
  const bool named = std::any_of(problems.begin(), problems.end(), [&](const KeyProblem& problem) { return problem.key == field; });
  if (!given && !named) problems.push_back({field, "", "is missing: " + what});
}

// The status, which is what the caller wants to see, in the shape of an error as well.
Response not_yet(const Result<tasks::TaskStatus>& task, const std::string& wanted) {
  if (!task) return error_response(task.error());
  auto body = status_json(*task);
  body["error_code"] = 504;
  body["message"] = "the task is not " + wanted + " yet; it goes on, ask its status again";
  return json_response(504, body);
}

// Of a task that was just written down; its status as it is once it is known where it starts.
Answer written(TaskService& service, std::shared_ptr<void> slot, unsigned status, const Result<tasks::TaskView>& task) {
  if (!task) return error_response(task.error());
  return once_start_is_decided(service, std::move(slot), task->name, [&service, status, task = *task] {
    auto now = task;
    if (auto status_now = service.last_status(task.name)) now.status = std::move(*status_now);
    return task_answer(status, now);
  });
}

Answer create(TaskService& service, LongPolls& long_polls, const Call& call) {
  const auto body = read_task_body(call.request.body, {"name", "config", "enabled"}, false);
  if (!body) return bad_request(body.error());
  auto problems = body->problems;
  require_field(body->name.has_value(), "name", "give the task a name", problems);
  require_field(body->config.has_value(), "config", "an object with the task's settings", problems);
  if (!problems.empty()) return refuse("the task is not described in a way that can be used", std::move(problems));
  auto slot = long_polls.reserve();
  if (!slot) return too_many_long_polls();
  const auto target = body->enabled.value_or(true) ? store::Target::enabled : store::Target::disabled;
  return written(service, std::move(slot), 201, service.create(*body->name, body->values(), target));
}

Answer list(const TaskService& service) {
  auto lines = Json::array();
  for (auto& summary : task_summaries(service)) lines.push_back(std::move(summary));
  return json_response(200, {{"tasks", std::move(lines)}});
}

Answer replace(TaskService& service, LongPolls& long_polls, const Call& call) {
  const auto& name = call.names[0];
  const auto body = read_task_body(call.request.body, {"name", "config", "enabled"}, false);
  if (!body) return bad_request(body.error());
  auto problems = body->problems;
  if (body->name && *body->name != name)
    problems.push_back({"name", *body->name, "must be the name in the path, or left out: a task cannot be renamed"});
  require_field(body->config.has_value(), "config", "an object with the task's settings", problems);
  if (!problems.empty()) return refuse("the task is not described in a way that can be used", std::move(problems));
  auto slot = long_polls.reserve();
  if (!slot) return too_many_long_polls();
  const auto answer = service.put(name, body->values(), body->enabled);
  if (!answer) return error_response(answer.error());
  if (!answer->created && !body->enabled.value_or(false)) return task_answer(200, answer->task);
  return written(service, std::move(slot), answer->created ? 201 : 200, answer->task);
}

Answer change(TaskService& service, const Call& call) {
  const auto body = read_task_body(call.request.body, {"config"}, true);
  if (!body) return bad_request(body.error());
  auto problems = body->problems;
  require_field(body->config.has_value(), "config", "an object with the settings to change; null removes one", problems);
  if (!problems.empty()) return refuse("the change is not described in a way that can be used", std::move(problems));
  const auto task = service.patch(call.names[0], *body->config);
  return task ? task_answer(200, *task) : error_response(task.error());
}

Answer remove(TaskService& service, LongPolls& long_polls, const Call& call) {
  const auto& name = call.names[0];
  Problems problems;
  const bool discard = flag_parameter(call.parameters, "discard", problems);
  const auto wait = wait_parameter(call.parameters, problems).value_or(kDeleteWait);
  if (!problems.empty()) return refuse_parameters(std::move(problems));
  auto slot = long_polls.reserve();
  if (!slot) return too_many_long_polls();
  if (const auto status = service.remove(name, discard); !status) return error_response(status.error());
  const auto finish = [&service, name](bool gone) {
    const auto status = gone ? Result<tasks::TaskStatus>(fail(ErrorCode::not_found, "")) : service.status(name);
    if (!status && status.error().code == ErrorCode::not_found) return Response{204, {}, {}};
    return status_answer(202, status);
  };
  return Wait{std::move(slot), std::chrono::steady_clock::now() + wait, [&service, name] { return service.reached(name, Goal::gone); },
              finish};
}

using Action = std::function<Result<tasks::TaskStatus>(const std::string&)>;

constexpr const char* kRestarted = "the runners are made anew; nothing is stored first: what was open is read again";

// `note`: said in the answer beside the status, if not empty.
Answer act(TaskService& service, LongPolls& long_polls, const Call& call, const Action& action, Goal goal, const std::string& wanted,
           const std::string& note) {
  const auto& name = call.names[0];
  Problems problems;
  const auto wait = wait_parameter(call.parameters, problems);
  if (!problems.empty()) return refuse_parameters(std::move(problems));
  auto slot = long_polls.reserve();
  if (!slot) return too_many_long_polls();
  const auto status = action(name);
  if (!status) return error_response(status.error());
  const auto done = [note](unsigned code, const Result<tasks::TaskStatus>& now) {
    if (!now || note.empty()) return status_answer(code, now);
    auto body = status_json(*now);
    body["message"] = note;
    return json_response(code, body);
  };
  if (!wait) {
    return once_start_is_decided(service, std::move(slot), name, [&service, name, done, at_once = *status] {
      const auto now = service.last_status(name);
      return done(202, now ? *now : at_once);  // deleted meanwhile: it was done all the same
    });
  }
  return Wait{std::move(slot), std::chrono::steady_clock::now() + *wait, [&service, name, goal] { return service.reached(name, goal); },
              [&service, name, wanted, done](bool reached) {
                const auto now = service.last_status(name);
                return reached ? done(200, now) : not_yet(now, wanted);
              }};
}

// Paused is enabled: nothing changes, and that it runs would be waited for in vain.
Answer enable(TaskService& service, LongPolls& long_polls, const Call& call) {
  const auto status = service.last_status(call.names[0]);
  if (status && status->paused && call.parameters.contains("wait"))
    return error_response({ErrorCode::conflict,
                           "the task is enabled, and paused: POST /v1/tasks/" + percent_encode(call.names[0]) + "/resume goes on with it",
                           {}});
  return act(
      service, long_polls, call, [&service](const std::string& task) { return service.enable(task); }, Goal::running, "running", "");
}

Answer objects(const TaskService& service, const Call& call) {
  Problems problems;
  ObjectQuery query;
  const auto topic = call.parameters.find("topic");
  const auto after = call.parameters.find("after");
  if (topic != call.parameters.end()) query.topic = topic->second;
  if (after != call.parameters.end()) query.after = after->second;
  if (query.after.size() > kMaxToken) problems.push_back({"after", "", "must be the `next` of an earlier page"});
  if (const auto partition = number_parameter(call.parameters, "partition", 0, INT32_MAX, problems))
    query.partition = static_cast<std::int32_t>(*partition);
  query.limit = limit_parameter(call.parameters, problems);
  query.url_life = kUrlLife;
  query.newest = newest_parameter(call.parameters, problems);
  if (!problems.empty()) return refuse_parameters(std::move(problems));
  const auto page = service.objects(call.names[0], query);
  return page ? json_response(200, objects_json(*page)) : error_response(page.error());
}

Answer verify(const TaskService& service, const Call& call) {
  const auto& name = call.names[0];
  tasks::VerifyReport report;
  if (!call.request.body.empty()) {
    if (!call.parameters.empty()) return bad_request({ErrorCode::invalid, "query parameters go with the first request alone", {}});
    auto so_far = read_report(name, call.request.body);
    if (!so_far) return bad_request(so_far.error());
    report = std::move(*so_far);
  } else {
    Problems problems;
    const auto topic = call.parameters.find("topic");
    if (topic != call.parameters.end()) report.query.topic = topic->second;
    if (const auto partition = number_parameter(call.parameters, "partition", 0, INT32_MAX, problems))
      report.query.partition = static_cast<std::int32_t>(*partition);
    report.query.deep = flag_parameter(call.parameters, "deep", problems);
    if (const auto until = call.parameters.find("until"); until != call.parameters.end()) {
      report.query.until_ms = parse_rfc3339(until->second);
      if (!report.query.until_ms) problems.push_back({"until", until->second, "must be an RFC 3339 time such as 2026-01-31T08:00:00Z"});
    }
    if (!problems.empty()) return refuse_parameters(std::move(problems));
  }
  const auto answer = service.verify(name, std::move(report));
  return answer ? json_response(200, verify_json(name, *answer)) : error_response(answer.error());
}

}  // namespace

Wait once_start_is_decided(const TaskService& service, std::shared_ptr<void> slot, const std::string& name,
                           std::function<Response()> finish) {
  return {std::move(slot), std::chrono::steady_clock::now() + TaskService::kStartLimit,
          [&service, name] { return service.start_decided(name); }, [finish = std::move(finish)](bool) { return finish(); }};
}

Response too_many_long_polls() { return try_again("too many requests are waiting; nothing was changed"); }

void add_task_routes(Router& router, const RouteContext& context) {
  auto& service = context.service;
  auto& long_polls = context.long_polls;
  router.add("POST", "/v1/tasks", {}, [&](const Call& call) { return create(service, long_polls, call); });
  router.add("GET", "/v1/tasks", {}, [&service](const Call&) { return list(service); });
  router.add("GET", "/v1/tasks/{}", {}, [&service](const Call& call) -> Answer {
    const auto task = service.get(call.names[0]);
    return task ? task_answer(200, *task) : error_response(task.error());
  });
  router.add("PUT", "/v1/tasks/{}", {}, [&](const Call& call) { return replace(service, long_polls, call); });
  router.add("PATCH", "/v1/tasks/{}", {}, [&service](const Call& call) { return change(service, call); });
  router.add("DELETE", "/v1/tasks/{}", {"discard", "wait"}, [&](const Call& call) { return remove(service, long_polls, call); });
  router.add("GET", "/v1/tasks/{}/status", {},
             [&service](const Call& call) -> Answer { return status_answer(200, service.status(call.names[0])); });
  router.add("GET", "/v1/tasks/{}/objects", {"topic", "partition", "after", "order", "limit"},
             [&service](const Call& call) { return objects(service, call); });
  router.add("POST", "/v1/tasks/{}/verify", {"topic", "partition", "deep", "until"},
             [&service](const Call& call) { return verify(service, call); });

  const auto add_action = [&](const std::string& name, const Action& action, Goal goal, const std::string& wanted,
                              const std::string& note = "") {
    router.add("POST", "/v1/tasks/{}/" + name, {"wait"}, [&service, &long_polls, action, goal, wanted, note](const Call& call) {
      return act(service, long_polls, call, action, goal, wanted, note);
    });
  };
  router.add("POST", "/v1/tasks/{}/enable", {"wait"}, [&](const Call& call) { return enable(service, long_polls, call); });
  add_action(
      "disable", [&service](const std::string& task) { return service.disable(task); }, Goal::disabled, "disabled");
  add_action(
      "pause", [&service](const std::string& task) { return service.pause(task); }, Goal::paused, "paused");
  add_action(
      "resume", [&service](const std::string& task) { return service.resume(task); }, Goal::running, "running");
  add_action(
      "restart", [&service](const std::string& task) { return service.restart(task); }, Goal::running, "running", kRestarted);
}

}  // namespace ch::rest
