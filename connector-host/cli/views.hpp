// The host's JSON answers as text for people. Whatever a host sends is shown safely; what is missing is left out.
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "cli/answers.hpp"
#include "cli/table.hpp"

namespace ch::cli {

std::string tasks_view(const nlohmann::json& tasks, const Screen& screen);
std::string task_view(const nlohmann::json& task);
// What an operator should know of a task that has just been made or started, as lines: what lies before its start.
// `task`: named in each line, where there are several; "" not.
std::string start_view(const nlohmann::json& status, const std::string& task = "");
std::string warnings_view(const nlohmann::json& status, const std::string& task = "");  // a line for each; "" none
// `now_ms`: Unix time, to say how long it is to the next try; nothing: the moment is told.
std::string status_view(const nlohmann::json& status, const Screen& screen, std::optional<std::int64_t> now_ms = {});
std::string objects_view(const nlohmann::json& objects, bool links, const Screen& screen);
// `tasks`: with the task of each.
std::string events_view(const nlohmann::json& events, bool tasks, const Screen& screen);
std::string event_line(const nlohmann::json& event);        // without a line feed
std::string not_stored_line(const nlohmann::json& report);  // what is not stored, and the first cause
std::string verify_view(const nlohmann::json& report, const Screen& screen);
std::string topics_view(const nlohmann::json& topics, const Screen& screen);
std::string connectors_view(const nlohmann::json& connectors, const Screen& screen);
std::string keys_view(const nlohmann::json& connector, const Screen& screen);

}  // namespace ch::cli
