// A task as a user writes it down: {"name", "config", "enabled"} in a file, as JSON or as YAML. One thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace ch::cli {

struct TaskFile {
  std::string name;
  std::string text;   // JSON; of a JSON file as it is: the host judges it, and sees what a second writing would hide
  std::string where;  // the file
};

// "-": standard input. Error: it cannot be read, is larger than a host takes, or has no name.
Result<TaskFile> read_task_file(const std::string& file);
// Of files and of folders with what is below them. Error: what is wrong with each; also if two name the same task.
Result<std::vector<TaskFile>> read_task_files(const std::vector<std::string>& paths);
// The JSON text of each task in the file: one, but for YAML of several documents. Error: where it is neither, or nested too deeply.
Result<std::vector<std::string>> task_texts(const std::string& file);
Result<std::string> read_input(const std::string& file);
nlohmann::json config_of(const TaskFile& task);  // null if it has none
// The text with "enabled" set.
std::string with_enabled(const TaskFile& task, bool enabled);

}  // namespace ch::cli
