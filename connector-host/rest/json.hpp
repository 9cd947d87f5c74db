// The JSON of /v1's answers, as api/rest/openapi.yaml describes it. Pure functions; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/definition.hpp"
#include "rest/http.hpp"
#include "store/store.hpp"
#include "tasks/service.hpp"
#include "tasks/status.hpp"

namespace ch::rest {

using Json = nlohmann::ordered_json;  // keys in the order in which a reader wants them

Json time_or_null(std::int64_t unix_ms);  // RFC 3339; null for 0, which stands for none
Json text_or_null(const std::string& text);
Json offset_or_null(std::int64_t offset);  // null for negative ones, which stand for none

Json status_json(const tasks::TaskStatus& status);
Json task_json(const tasks::TaskView& task);
// A line of a list of tasks. `definition` (may be null) knows the defaults of what the config leaves out.
Json task_summary_json(const tasks::TaskView& task, const config::Definition* definition);
Json objects_json(const ObjectPage& page);
Json event_json(const store::Event& event);
Json events_json(const std::vector<store::Event>& events, std::int64_t after);
Json problems_json(const std::vector<KeyProblem>& problems);
Json keys_json(const config::Definition& definition);
Json memory_json(const tasks::TaskService::Memory& memory);
Json instances_json(const std::vector<tasks::TaskService::InstanceView>& instances);
Json topics_json(const std::vector<tasks::TaskService::TopicView>& topics);

std::string json_text(const Json& json);  // what is not UTF-8 is replaced
Response json_response(unsigned status, const Json& body);
Response error_response(const Error& error);  // {"error_code", "message", "errors"}
unsigned http_status(ErrorCode code);

// "unknown field; did you mean config?", or all of the known ones if none is near.
std::string unknown_message(std::string_view what, const std::vector<std::string>& known, const std::string& name);

}  // namespace ch::rest
