// What a host's JSON answers hold, and how refusals are said. Whatever a host sends is shown safely.
// Pure functions; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace ch::cli {

// A member of an object; null if there is none.
const nlohmann::json& member_of(const nlohmann::json& object, const char* key);
// A list that stands by itself or as the named member of an object; empty if there is none.
const nlohmann::json& list_of(const nlohmann::json& answer, const char* member);
std::string state_text(const nlohmann::json& status);  // "RUNNING", "STOPPING (deleting)"
// The same with since when, and the reason if there is one: "INTERRUPTED since 2026-...: bucket_missing: ...".
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
