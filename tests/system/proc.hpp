// What the kernel says about a process: /proc/PID.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>

namespace ch::test {

struct Memory {
  std::uint64_t rss = 0;        // bytes, as all that follow
  std::uint64_t libraries = 0;  // of it: pages of shared libraries that lie outside `own`, as they are in their files
  std::uint64_t anonymous = 0;  // of it: heap, stacks and what was written to
};

// Shared libraries below `own` count as the program's.
Memory memory_of(pid_t pid, const std::filesystem::path& own);
struct Running {  // of all threads that live
  std::uint64_t nanoseconds = 0;
  std::uint64_t times = 0;  // that one got a CPU
};
Running running_of(pid_t pid);

}  // namespace ch::test
