// What a list of tasks shows of each. Any thread.
#pragma once

#include <vector>

#include "rest/v1/json.hpp"

namespace ch::rest {

std::vector<Json> task_summaries(const tasks::TaskService& service);  // by name; see task_summary_json

}  // namespace ch::rest
