#include "cli/commands/task_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/json_place.hpp"
#include "cli/commands/task_yaml.hpp"

namespace ch::cli {
namespace {

namespace fs = std::filesystem;
using OrderedJson = nlohmann::ordered_json;

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxFiles = 10000;
constexpr std::size_t kMaxErrors = 20;

Result<OrderedJson> parsed(const std::string& where, const std::string& text) {
  try {
    return OrderedJson::parse(text, [](int depth, OrderedJson::parse_event_t, OrderedJson&) {
      if (depth > kMaxTaskDepth) throw std::length_error("it is nested too deeply");
      return true;
    });
  } catch (const OrderedJson::parse_error& error) {
    // The library's own text quotes the file, which may hold secrets.
    return fail(ErrorCode::invalid, fmt::format("{} is not JSON: {}", where, json_place_shown(text, error.byte)));
  } catch (const std::length_error& error) {
    return fail(ErrorCode::invalid, fmt::format("{} is refused: {}", where, error.what()));
  }
}

std::string called(const std::string& file) { return file == "-" ? "standard input" : file; }

bool ends_as_yaml(const fs::path& ending) { return ending == ".yaml" || ending == ".yml"; }

bool is_yaml(const std::string& file, const std::string& text) {
  const auto ending = fs::path(file).extension();
  if (ends_as_yaml(ending)) return true;
  const auto begin = text.find_first_not_of(" \t\r\n");  // JSON's object begins with a brace
  return ending != ".json" && begin != std::string::npos && text[begin] != '{' && text[begin] != '[';
}

bool is_task_file(const fs::directory_entry& entry) {
  const auto ending = entry.path().extension();
  std::error_code error;
  return (ending == ".json" || ends_as_yaml(ending)) && entry.is_regular_file(error);
}

// Names that begin with a dot are left out: what editors leave behind, and where Kubernetes keeps what its links lead to.
Result<std::vector<std::string>> files_below(const std::string& folder) {
  std::vector<std::string> out;
  std::error_code error;
  fs::recursive_directory_iterator walk(folder, error);
  for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    if (walk->path().filename().string().starts_with('.')) {
      walk.disable_recursion_pending();
    } else if (is_task_file(*walk)) {
      out.push_back(walk->path().string());
    }
    if (out.size() > kMaxFiles) return fail(ErrorCode::invalid, fmt::format("{} holds more than {} files", folder, kMaxFiles));
  }
  if (error) return fail(ErrorCode::invalid, fmt::format("{} cannot be read: {}", folder, error.message()));
  if (out.empty()) return fail(ErrorCode::invalid, folder + " holds no *.json, *.yaml or *.yml");
  std::sort(out.begin(), out.end());
  return out;
}

Result<TaskFile> task_of(const std::string& where, std::string text) {
  const auto json = parsed(where, text);
  if (!json) return tl::unexpected(json.error());
  if (!json->is_object() || !json->contains("name") || !(*json)["name"].is_string() || (*json)["name"].get<std::string>().empty())
    return fail(ErrorCode::invalid, where + R"( must hold a JSON object {"name": "...", "config": {...}}, or the same in YAML)");
  return TaskFile{(*json)["name"].get<std::string>(), std::move(text), where};
}

}  // namespace

Result<std::string> read_input(const std::string& file) {
  const auto refuse = [&](const char* why) { return fail(ErrorCode::invalid, fmt::format("{} {}", called(file), why)); };
  std::error_code error;
  std::ifstream opened;
  if (file != "-") {
    if (std::filesystem::is_directory(file, error)) return refuse("is a folder, not a file");
    opened.open(file, std::ios::binary);
    if (!opened.is_open()) return refuse("cannot be opened: is it there, and readable?");
  }
  std::istream& in = file == "-" ? std::cin : opened;
  std::string text(kMaxBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad()) return refuse("cannot be read");
  if (text.size() > kMaxBytes) return refuse("is larger than 1 MiB");
  return text;
}

Result<std::vector<std::string>> task_texts(const std::string& file) {
  auto text = read_input(file);
  if (!text) return tl::unexpected(text.error());
  if (is_yaml(file, *text)) return json_of_yaml(called(file), *text);
  const auto json = parsed(called(file), *text);
  if (!json) return tl::unexpected(json.error());
  return std::vector<std::string>{std::move(*text)};
}

Result<TaskFile> read_task_file(const std::string& file) {
  auto texts = task_texts(file);
  if (!texts) return tl::unexpected(texts.error());
  if (texts->size() != 1) return fail(ErrorCode::invalid, fmt::format("{} holds {} tasks, and not one", called(file), texts->size()));
  return task_of(called(file), std::move(texts->front()));
}

Result<std::vector<TaskFile>> read_task_files(const std::vector<std::string>& paths) {
  std::vector<TaskFile> tasks;
  std::vector<std::string> wrong;
  const auto take = [&](const std::string& file) {
    auto texts = task_texts(file);
    if (!texts) return wrong.push_back(texts.error().message);
    for (auto& text : *texts) {
      auto task = task_of(called(file), std::move(text));
      if (!task) return wrong.push_back(task.error().message);
      const auto twice = std::find_if(tasks.begin(), tasks.end(), [&](const TaskFile& other) { return other.name == task->name; });
      if (twice != tasks.end())
        return wrong.push_back(fmt::format("{} is the task {} again, which {} holds", task->where, task->name, twice->where));
      tasks.push_back(std::move(*task));
    }
  };
  for (const auto& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      take(path);
      continue;
    }
    const auto files = files_below(path);
    if (!files) wrong.push_back(files.error().message);
    for (const auto& file : files.value_or(std::vector<std::string>())) take(file);
  }
  if (wrong.empty()) return tasks;
  const auto count = wrong.size();
  wrong.resize(std::min(count, kMaxErrors));
  if (count > kMaxErrors) wrong.push_back(fmt::format("and {} more", count - kMaxErrors));
  return fail(ErrorCode::invalid, fmt::format("{}", fmt::join(wrong, "\n")));
}

nlohmann::json config_of(const TaskFile& task) {
  const auto json = nlohmann::json::parse(task.text);
  return json.contains("config") ? json.at("config") : nlohmann::json();
}

std::string with_enabled(const TaskFile& task, bool enabled) {
  auto json = OrderedJson::parse(task.text);
  json["enabled"] = enabled;
  return json.dump();
}

}  // namespace ch::cli
