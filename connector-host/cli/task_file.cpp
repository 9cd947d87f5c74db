#include "cli/task_file.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

namespace ch::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
constexpr int kMaxDepth = 32;

}  // namespace

Result<std::string> read_input(const std::string& file) {
  const auto refuse = [&](const char* why) {
    return fail(ErrorCode::invalid, fmt::format("{} {}", file == "-" ? "standard input" : file, why));
  };
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

Result<TaskFile> read_task_file(const std::string& file) {
  auto text = read_input(file);
  if (!text) return tl::unexpected(text.error());
  const auto where = file == "-" ? "standard input" : file;
  try {
    const auto json = Json::parse(*text, [](int depth, Json::parse_event_t, Json&) {
      if (depth > kMaxDepth) throw std::length_error("it is nested too deeply");
      return true;
    });
    if (!json.is_object() || !json.contains("name") || !json["name"].is_string() || json["name"].get<std::string>().empty()) {
      return fail(ErrorCode::invalid, where + R"( must hold a JSON object {"name": "...", "config": {...}})");
    }
    return TaskFile{json["name"].get<std::string>(), std::move(*text)};
  } catch (const Json::parse_error& error) {
    // The library's own text quotes the file, which may hold secrets.
    return fail(ErrorCode::invalid, fmt::format("{} is not JSON: error at byte {}", where, error.byte));
  } catch (const std::length_error& error) {
    return fail(ErrorCode::invalid, fmt::format("{} is refused: {}", where, error.what()));
  }
}

nlohmann::json config_of(const TaskFile& task) {
  const auto json = nlohmann::json::parse(task.text);
  return json.contains("config") ? json.at("config") : nlohmann::json();
}

std::string with_enabled(const TaskFile& task, bool enabled) {
  auto json = Json::parse(task.text);
  json["enabled"] = enabled;
  return json.dump();
}

}  // namespace ch::cli
