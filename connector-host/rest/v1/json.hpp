// The JSON of /v1's answers, as api/rest/openapi.yaml describes it. Pure functions; any thread.
#pragma once

#include <vector>

#include "config/definition.hpp"
#include "rest/core/json.hpp"
#include "store/store.hpp"
#include "tasks/status/task_status.hpp"
#include "tasks/task_service.hpp"

namespace ch::rest {

Json status_json(const tasks::TaskStatus& status);
Json task_json(const tasks::TaskView& task);
// A line of a list of tasks. `definition` (may be null) knows the defaults of what the config leaves out.
Json task_summary_json(const tasks::TaskView& task, const config::Definition* definition);
Json objects_json(const ObjectPage& page);
Json event_json(const store::Event& event);
Json events_json(const std::vector<store::Event>& events, std::int64_t after);
Json keys_json(const config::Definition& definition);
Json memory_json(const tasks::TaskService::Memory& memory);
Json instances_json(const std::vector<tasks::TaskService::InstanceView>& instances);
Json topics_json(const std::vector<tasks::TaskService::TopicView>& topics);
Json records_json(const tasks::TaskService::RecordCounts& counts);

}  // namespace ch::rest
