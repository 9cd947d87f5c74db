#include "base/log.hpp"

#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>

#include "base/clock.hpp"
#include "base/line_writer.hpp"
#include "base/mutex.hpp"
#include "base/repeats.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace ch::log {
namespace {

constexpr std::size_t kMaxTask = 200;
constexpr std::size_t kMaxTopic = 300;
constexpr milliseconds kFlush{2000};  // at the end, to write what is still queued
constexpr milliseconds kFatalFlush{500};
constexpr milliseconds kLook{1000};  // between two looks for windows that have ended
constexpr std::array<const char*, 7> kLabels = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "OFF"};
constexpr int kDebug = 1;  // among the labels; Level's follow it
constexpr std::array<const char*, 4> kNames = {"debug", "info", "warn", "error"};

std::atomic<bool> json_lines = false;

struct Threshold {
  std::atomic<int> label = kDebug + static_cast<int>(Level::info);
  std::atomic<std::int64_t> modified_ms = 0;
};
std::array<Threshold, kRooms.size()> thresholds;

std::array<std::atomic<std::uint64_t>, kNames.size()> counts;

struct Limiter {
  Mutex mutex;
  Repeats repeats CH_GUARDED_BY(mutex);
  Instant looked CH_GUARDED_BY(mutex);
};
// Never destroyed, as above.
Limiter& limiter() {
  static auto* const made = new Limiter;
  return *made;
}

std::string line(Level level, const Subject& about, std::string_view message) {
  const char* name = kNames[static_cast<std::size_t>(level)];
  const auto time = rfc3339(wall_ms());
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

std::atomic<const LineWriter*> writer_made = nullptr;

// The process is ending by a defect: what it has said last is what explains it. Only what a signal handler may do.
void wait_and_die(int number) {
  const auto* const made = writer_made.load();
  constexpr timespec step{0, 1'000'000};
  for (int i = 0; made != nullptr && made->busy() && i < kFatalFlush.count(); ++i) ::nanosleep(&step, nullptr);
  ::raise(number);  // as it would have ended: the handler was for once
}

void catch_fatal_signals() {
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    struct sigaction had {};
    if (::sigaction(number, nullptr, &had) != 0 || had.sa_handler != SIG_DFL) continue;  // a sanitizer's
    struct sigaction ours {};
    ours.sa_handler = &wait_and_die;
    ours.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
    ::sigaction(number, &ours, nullptr);
  }
}

// Never destroyed: threads may log while the process ends.
LineWriter& writer() {
  static auto* const made = [] {
    auto* created = new LineWriter(STDERR_FILENO, [](std::uint64_t count) {
      return line(Level::warn, "", fmt::format("{} log lines were dropped here: whoever reads the log does not keep up", count));
    });
    writer_made = created;
    catch_fatal_signals();
    std::atexit([] { flush(kFlush); });
    return created;
  }();
  return *made;
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
    thresholds[id].modified_ms = wall_ms();
    changed.emplace_back(kRooms[id]);
  }
  std::sort(changed.begin(), changed.end());
  return changed;
}

namespace {

void emit(Level level, const Subject& about, std::string_view message) { writer().add(line(level, about, message)); }

void emit(const std::vector<Repeats::Held>& kept_back) {
  for (const auto& held : kept_back)
    emit(static_cast<Level>(held.level), held.task, fmt::format("{} (and {} more like it)", held.message, held.count - 1));
}

// True: say it. In a function of its own, because nothing may be written under the lock.
bool admit(Level level, const Subject& about, std::string_view message, std::vector<Repeats::Held>& kept_back) {
  auto& limits = limiter();
  const auto now = steady_now();
  const MutexLock lock(limits.mutex);
  if (now - limits.looked >= kLook) {
    limits.looked = now;
    kept_back = limits.repeats.take(now);
  }
  return limits.repeats.admit(static_cast<int>(level), about.task, message, now);
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
    auto& limits = limiter();
    const MutexLock lock(limits.mutex);
    kept_back = limits.repeats.take(steady_now(), all);
  }
  emit(kept_back);
}

bool flush(milliseconds at_most) { return writer_made.load() == nullptr || writer().flush(at_most); }

std::uint64_t dropped_lines() { return writer_made.load() == nullptr ? 0 : writer().dropped(); }

std::array<std::uint64_t, 4> line_counts() {
  std::array<std::uint64_t, 4> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = counts[i];
  return out;
}

}  // namespace ch::log
