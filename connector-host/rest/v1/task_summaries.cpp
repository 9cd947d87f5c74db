#include "rest/v1/task_summaries.hpp"

#include <map>
#include <nlohmann/json.hpp>

namespace ch::rest {

std::vector<Json> task_summaries(const tasks::TaskService& service) {
  std::map<std::string, Result<config::Definition>> definitions;
  std::vector<Json> out;
  for (const auto& task : service.list()) {
    const auto connector = config::connector_of(task.config);
    auto known = definitions.find(connector);
    if (known == definitions.end()) known = definitions.emplace(connector, service.definition(connector)).first;
    out.push_back(task_summary_json(task, known->second ? &*known->second : nullptr));
  }
  return out;
}

}  // namespace ch::rest
