// connector_host/failpoint.hpp: named places in the code where a test can make a build of its own crash, stall or throw, and
// deliberate bugs that it can switch on, to see that the tests notice. Without CH_FAILPOINTS (what users get) all of it
// is nothing. The environment variable CH_FAILPOINTS says what happens where, separated by semicolons:
//   NAME=crash(N)      the process ends at the N-th pass (_exit, as kill -9 would)
//   NAME=stall(MS,N)   the thread that comes by for the N-th time sleeps
//   NAME=stop(N)       the process stops at the N-th pass, as by SIGSTOP from outside
//   NAME=raise(N)      a std::runtime_error, N times
//   bug.NAME=on        CH_BUG("NAME") is true
// N is 1 where it is left out. Any thread. The host and each connector count for themselves.
#pragma once

#ifdef CH_FAILPOINTS

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace ch::failpoint {

struct [[gnu::visibility("hidden")]] Point {
  std::string action;
  std::atomic<long> passes = 0;
  long first = 1;  // the number in the parentheses, or the first of two
  long second = 1;
};

inline std::map<std::string, Point, std::less<>> read_points(std::string_view text) {
  std::map<std::string, Point, std::less<>> points;
  while (!text.empty()) {
    const auto one = text.substr(0, text.find(';'));
    text.remove_prefix(std::min(one.size() + 1, text.size()));
    const auto equal = one.find('=');
    if (equal == std::string_view::npos) continue;
    auto& point = points[std::string(one.substr(0, equal))];
    const auto what = one.substr(equal + 1);
    const auto open = what.find('(');
    point.action = what.substr(0, open);
    if (open == std::string_view::npos) continue;
    const char* end = what.data() + what.size();
    const auto after = std::from_chars(what.data() + open + 1, end, point.first);
    if (after.ptr != end && *after.ptr == ',') std::from_chars(after.ptr + 1, end, point.second);
  }
  return points;
}

[[gnu::visibility("hidden")]] inline auto& points() {
  static auto all = [] {
    const char* text = std::getenv("CH_FAILPOINTS");
    return read_points(text == nullptr ? "" : text);
  }();
  return all;
}

// In place of what the environment says: for a test, while no other thread comes by.
[[gnu::visibility("hidden")]] inline void set(std::string_view text) { points() = read_points(text); }

[[gnu::visibility("hidden")]] inline Point* find(std::string_view name) {
  auto& all = points();
  if (all.empty()) return nullptr;
  const auto found = all.find(name);
  return found == all.end() ? nullptr : &found->second;
}

[[gnu::visibility("hidden")]] inline void pass(std::string_view name) {
  Point* point = find(name);
  if (point == nullptr) return;
  const long number = ++point->passes;
  if (point->action == "crash" && number == point->first) {
    std::fprintf(stderr, "failpoint %.*s: the process ends\n", static_cast<int>(name.size()), name.data());
    ::_exit(99);
  }
  if (point->action == "stop" && number == point->first) ::kill(::getpid(), SIGSTOP);
  if (point->action == "stall" && number == point->second) {
    std::fprintf(stderr, "failpoint %.*s: a thread sleeps for %ld ms\n", static_cast<int>(name.size()), name.data(), point->first);
    std::this_thread::sleep_for(std::chrono::milliseconds(point->first));
  }
  if (point->action == "raise" && number <= point->first) throw std::runtime_error("failpoint " + std::string(name));
}

[[gnu::visibility("hidden")]] inline bool on(std::string_view name) {
  const Point* point = find(name);
  return point != nullptr && point->action == "on";
}

}  // namespace ch::failpoint

#define CH_FAILPOINT(name) ::ch::failpoint::pass(name)
#define CH_BUG(name) ::ch::failpoint::on("bug." name)

#else

#define CH_FAILPOINT(name) static_cast<void>(0)
#define CH_BUG(name) false

#endif
