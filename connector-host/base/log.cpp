#include "base/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <mutex>

#include "base/repeats.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace ch::log {
namespace {

constexpr std::size_t kMaxTask = 200;
constexpr std::size_t kMaxTopic = 300;
constexpr std::int64_t kLookMs = 1000;  // between two looks for windows that have ended
constexpr std::array<const char*, 7> kLabels = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "OFF"};
constexpr int kDebug = 1;  // among the labels; Level's follow it
constexpr std::array<const char*, 4> kNames = {"debug", "info", "warn", "error"};
constexpr std::array kSpdlogLevels = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err};

std::atomic<bool> json_lines = false;

struct Threshold {
  std::atomic<int> label = kDebug + static_cast<int>(Level::info);
  std::atomic<std::int64_t> modified_ms = 0;
};
std::array<Threshold, kRooms.size()> thresholds;

// Never destroyed: threads may log while the process ends. Each line is one write under the sink's lock.
spdlog::logger& logger() {
  static spdlog::logger* const made = [] {
    auto* created = new spdlog::logger("connector-host", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    created->set_pattern("%v");
    created->set_level(spdlog::level::trace);  // the rooms' levels decide
    created->flush_on(spdlog::level::trace);
    return created;
  }();
  return *made;
}

std::array<std::atomic<std::uint64_t>, kNames.size()> counts;

struct Limiter {
  std::mutex mutex;
  Repeats repeats;
  std::int64_t looked_ms = 0;
};
// Never destroyed, as above.
Limiter& limiter() {
  static auto* const made = new Limiter;
  return *made;
}

std::string line(Level level, const Subject& about, std::string_view message) {
  const char* name = kNames[static_cast<std::size_t>(level)];
  const auto time = rfc3339(now_ms());
  if (json_lines) {
    auto out = fmt::format(R"({{"time":"{}","level":"{}",)", time, name);
    if (!about.task.empty()) out += fmt::format(R"("task":"{}",)", escaped(about.task, Escape::json, kMaxTask));
    if (about.partition >= 0)
      out += fmt::format(R"("topic":"{}","partition":{},)", escaped(about.topic, Escape::json, kMaxTopic), about.partition);
    out += R"("message":")";
    constexpr std::string_view end = "\"}";
    return out + escaped(message, Escape::json, kMaxLine - 1 - end.size() - out.size()).append(end);
  }
  auto out = fmt::format("{} {:<5} ", time, name);
  if (about.partition >= 0) {
    out += fmt::format("[{} {}-{}] ", escaped(about.task, Escape::terminal, kMaxTask), escaped(about.topic, Escape::terminal, kMaxTopic),
                       about.partition);
  } else if (!about.task.empty()) {
    out += fmt::format("[{}] ", escaped(about.task, Escape::terminal, kMaxTask));
  }
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
  for (auto& threshold : thresholds) threshold.label = kDebug + static_cast<int>(index);
  json_lines = format == "json";
  return {};
}

bool enabled(std::size_t room, Level level) { return kDebug + static_cast<int>(level) >= thresholds[room].label; }

std::vector<RoomLevel> levels() {
  std::vector<RoomLevel> out;
  for (std::size_t room = 0; room < kRooms.size(); ++room) {
    const auto& threshold = thresholds[room];
    out.push_back({std::string(kRooms[room]), kLabels[static_cast<std::size_t>(threshold.label.load())], threshold.modified_ms});
  }
  return out;
}

Result<std::vector<std::string>> set_level(const std::string& room, const std::string& level) {
  const auto label = std::find_if(kLabels.begin(), kLabels.end(), [&](const char* one) { return ::strcasecmp(one, level.c_str()) == 0; });
  if (label == kLabels.end()) return fail(ErrorCode::not_found, fmt::format("invalid log level '{}'.", level));
  const auto number = static_cast<int>(label - kLabels.begin());
  if (std::find(kRooms.begin(), kRooms.end(), room) == kRooms.end())
    return fail(ErrorCode::not_found, fmt::format("Logger {} not found.", room));
  std::vector<std::string> changed;
  for (std::size_t id = 0; id < kRooms.size(); ++id) {
    if (room != kRooms[0] && room != kRooms[id]) continue;
    if (thresholds[id].label.exchange(number) == number) continue;
    thresholds[id].modified_ms = now_ms();
    changed.emplace_back(kRooms[id]);
  }
  std::sort(changed.begin(), changed.end());
  return changed;
}

namespace {

void emit(Level level, const Subject& about, std::string_view message) {
  logger().log(kSpdlogLevels[static_cast<std::size_t>(level)], spdlog::string_view_t(line(level, about, message)));
}

void emit(const std::vector<Repeats::Held>& kept_back) {
  for (const auto& held : kept_back)
    emit(static_cast<Level>(held.level), held.task, fmt::format("{} (and {} more like it)", held.message, held.count - 1));
}

// True: say it. In a function of its own, because nothing may be written under the lock.
bool admit(Level level, const Subject& about, std::string_view message, std::vector<Repeats::Held>& kept_back) {
  auto& [mutex, repeats, looked_ms] = limiter();
  const auto now = now_ms();
  const std::lock_guard lock(mutex);
  if (now - looked_ms >= kLookMs || now < looked_ms) {
    looked_ms = now;
    kept_back = repeats.take(now);
  }
  return repeats.admit(static_cast<int>(level), about.task, message, now);
}

}  // namespace

void write(Level level, const Subject& about, std::string_view message) {
  ++counts[static_cast<std::size_t>(level)];
  if (level == Level::debug) return emit(level, about, message);
  std::vector<Repeats::Held> kept_back;
  const bool say = admit(level, about, message, kept_back);
  emit(kept_back);
  if (say) emit(level, about, message);
}

void flush_repeats(bool all) {
  std::vector<Repeats::Held> kept_back;
  {
    const std::lock_guard lock(limiter().mutex);
    kept_back = limiter().repeats.take(now_ms(), all);
  }
  emit(kept_back);
}

std::array<std::uint64_t, 4> line_counts() {
  std::array<std::uint64_t, 4> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = counts[i];
  return out;
}

}  // namespace ch::log
