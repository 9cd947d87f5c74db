#include "base/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <atomic>
#include <memory>

#include "base/text.hpp"
#include "base/time.hpp"

namespace ch::log {
namespace {

constexpr std::size_t kMaxTask = 200;
constexpr std::array<const char*, 4> kNames = {"debug", "info", "warn", "error"};
constexpr std::array kSpdlogLevels = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err};

std::atomic<bool> json_lines = false;

// Never destroyed: threads may log while the process ends. Each line is one write under the sink's lock.
spdlog::logger& logger() {
  static spdlog::logger* const made = [] {
    auto* created = new spdlog::logger("connector-host", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    created->set_pattern("%v");
    created->set_level(spdlog::level::info);
    created->flush_on(spdlog::level::trace);
    return created;
  }();
  return *made;
}

std::string line(Level level, std::string_view task, std::string_view message) {
  const char* name = kNames[static_cast<std::size_t>(level)];
  const auto time = rfc3339(now_ms());
  if (json_lines) {
    auto out = fmt::format(R"({{"time":"{}","level":"{}",)", time, name);
    if (!task.empty()) out += fmt::format(R"("task":"{}",)", escaped(task, Escape::json, kMaxTask));
    out += R"("message":")";
    constexpr std::string_view end = "\"}";
    return out + escaped(message, Escape::json, kMaxLine - 1 - end.size() - out.size()).append(end);
  }
  auto out = fmt::format("{} {:<5} ", time, name);
  if (!task.empty()) out += fmt::format("[{}] ", escaped(task, Escape::terminal, kMaxTask));
  return out + escaped(message, Escape::terminal, kMaxLine - 1 - out.size());
}

}  // namespace

Status configure(const std::string& level, const std::string& format) {
  std::vector<KeyProblem> problems;
  std::size_t index = 0;
  while (index < kNames.size() && level != kNames[index]) ++index;
  if (index == kNames.size()) problems.push_back({"log.level", level, "must be debug, info, warn or error"});
  if (format != "text" && format != "json") problems.push_back({"log.format", format, "must be text or json"});
  if (!problems.empty()) return fail(ErrorCode::invalid, "the logging configuration is wrong", std::move(problems));
  logger().set_level(kSpdlogLevels[index]);
  json_lines = format == "json";
  return {};
}

bool enabled(Level level) { return logger().should_log(kSpdlogLevels[static_cast<std::size_t>(level)]); }

void write(Level level, std::string_view task, std::string_view message) {
  logger().log(kSpdlogLevels[static_cast<std::size_t>(level)], spdlog::string_view_t(line(level, task, message)));
}

}  // namespace ch::log
