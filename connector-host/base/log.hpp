// Logging by four macros-free functions. One event a line; control characters in a message are escaped, and a line is cut at
// kMaxLine bytes. Any thread, and none waits for whoever reads the log: lines go through a queue (base/line_writer.hpp).
// Each room of the host has a level of its own, which can be changed while it runs. Lines that repeat are counted instead
// (base/repeats.hpp), except those of the level debug.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace ch::log {

constexpr std::size_t kMaxLine = 4096;

enum class Level { debug, info, warn, error };

// `level`: debug, info, warn, error; `format`: text or json. Logs go to standard error.
Status configure(const std::string& level, const std::string& format);

// Rooms by name, as the build lists them; what belongs to none is in the first. The build also names each room's sources:
// CH_LOG_ROOM.
constexpr auto kRooms = std::to_array<std::string_view>({"root", CH_LOG_ROOMS, "connectors"});
consteval std::size_t room_named(std::string_view name) {
  for (std::size_t room = 0; room < kRooms.size(); ++room) {
    if (kRooms[room] == name) return room;
  }
  throw "a room that connector-host/CMakeLists.txt does not list";
}
bool enabled(std::size_t room, Level level);

struct RoomLevel {
  std::string room;
  std::string level;             // TRACE, DEBUG, INFO, WARN, ERROR, FATAL or OFF
  std::int64_t modified_ms = 0;  // 0: never changed since the start
};
std::vector<RoomLevel> levels();
// Of one room; of "root": of all. The rooms that had another level before, by name. Error: not_found, for an unknown room
// or level.
Result<std::vector<std::string>> set_level(const std::string& room, const std::string& level);

// Whom a line is about: fields of their own in JSON. Empty: the host.
struct Subject {
  Subject(std::string_view name) : task(name) {}
  Subject(const std::string& name) : task(name) {}
  Subject(const char* name) : task(name) {}
  Subject(std::string_view name, std::string_view of_topic, std::int32_t number) : task(name), topic(of_topic), partition(number) {}
  std::string_view task;
  std::string_view topic;
  std::int32_t partition = -1;
};
void write(Level level, const Subject& about, std::string_view message);
// Says of the lines kept back how many there were, once their window has ended; `all`: at once. Now and then, and at the end.
void flush_repeats(bool all = false);
std::array<std::uint64_t, 4> line_counts();  // by level, with those kept back
bool flush(milliseconds at_most);            // what has been said is written; false: not in time. The process does so when it ends
std::uint64_t dropped_lines();               // since whoever reads the log did not keep up

#ifdef CH_LOG_ROOM
constexpr std::size_t kRoom = room_named(CH_LOG_ROOM);
#else
constexpr std::size_t kRoom = 0;
#endif

// Static: in each room's sources they are others.

template <class... Args>
static void debug(const Subject& about, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(kRoom, Level::debug)) write(Level::debug, about, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
static void info(const Subject& about, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(kRoom, Level::info)) write(Level::info, about, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
static void warn(const Subject& about, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(kRoom, Level::warn)) write(Level::warn, about, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
static void error(const Subject& about, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(kRoom, Level::error)) write(Level::error, about, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace ch::log
