// The host's JSON answers as text for people. Whatever a host sends is shown safely; what is missing is left out.
// Pure functions; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/table.hpp"

namespace ch::cli {

std::string tasks_view(const nlohmann::json& tasks, const Screen& screen);
std::string task_view(const nlohmann::json& task);
std::string warnings_view(const nlohmann::json& status);  // a line for each; "" none
std::string status_view(const nlohmann::json& status, const Screen& screen);
std::string objects_view(const nlohmann::json& objects, bool links, const Screen& screen);
std::string events_view(const nlohmann::json& events, const Screen& screen);
std::string verify_view(const nlohmann::json& report, const Screen& screen);
std::string topics_view(const nlohmann::json& topics, const Screen& screen);
std::string connectors_view(const nlohmann::json& connectors, const Screen& screen);
std::string keys_view(const nlohmann::json& connector, const Screen& screen);

// "RUNNING", or with the reason: "INTERRUPTED since 2026-...: bucket_missing: ...".
std::string state_line(const nlohmann::json& status);
// What an error answer says, a line for each bad key; ends with a line feed.
std::string refusal(const nlohmann::json& error);
std::string refusal(const std::string& message, const std::vector<KeyProblem>& problems);
// As it came, indented, with nothing in it that could steer a terminal.
std::string json_view(const nlohmann::json& value);

// The status within an answer that is a task or a status.
const nlohmann::json& status_of(const nlohmann::json& answer);
// A member as text: strings as they are, numbers and truth values written out, everything else "".
std::string text_of(const nlohmann::json& object, const std::string& key);

}  // namespace ch::cli
