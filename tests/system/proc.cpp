#include "proc.hpp"

#include <fstream>
#include <sstream>
#include <string>

namespace ch::test {
namespace {

// "Rss:      12 kB" -> 12288, if the line is of that field.
std::uint64_t kilobytes(const std::string& line, const std::string& field) {
  if (line.rfind(field + ":", 0) != 0) return 0;
  return std::stoull(line.substr(field.size() + 1)) * 1024;
}

bool is_mapping(const std::string& line) {
  const auto dash = line.find('-');
  return dash != std::string::npos && dash > 0 && line.find_first_not_of("0123456789abcdef") == dash;
}

}  // namespace

Memory memory_of(pid_t pid, const std::filesystem::path& own) {
  Memory memory;
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps");
  bool library = false;
  for (std::string line; std::getline(file, line);) {
    if (is_mapping(line)) {
      const auto slash = line.find('/');
      const auto path = slash == std::string::npos ? std::string() : line.substr(slash);
      library = path.find(".so") != std::string::npos && path.rfind(own.string(), 0) != 0;
    }
    const auto rss = kilobytes(line, "Rss");
    const auto anonymous = kilobytes(line, "Anonymous");
    memory.rss += rss;
    memory.anonymous += anonymous;
    // The anonymous pages of a library's mapping are copies that this process has written to: its own.
    if (library) memory.libraries += rss - anonymous;
  }
  return memory;
}

Running running_of(pid_t pid) {
  Running sum;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::ifstream file(thread.path() / "schedstat");
    std::uint64_t on_cpu = 0, waited = 0, times = 0;
    file >> on_cpu >> waited >> times;
    sum.nanoseconds += on_cpu;
    sum.times += times;
  }
  return sum;
}

}  // namespace ch::test
