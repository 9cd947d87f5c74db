// A task as a user writes it down: {"name", "config", "enabled"} in a JSON file. One thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.hpp"

namespace ch::cli {

struct TaskFile {
  std::string name;
  std::string text;  // the file as it is: the host judges it, and sees what a second writing would hide
};

// "-": standard input. Error: it cannot be read, is larger than a host takes, or has no name.
Result<TaskFile> read_task_file(const std::string& file);
Result<std::string> read_input(const std::string& file);
nlohmann::json config_of(const TaskFile& task);  // null if it has none
// The text with "enabled" set.
std::string with_enabled(const TaskFile& task, bool enabled);

}  // namespace ch::cli
