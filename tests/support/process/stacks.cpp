#include "support/process/stacks.hpp"

#include <chrono>
#include <filesystem>

#include "support/process/process.hpp"
#include "support/process/temp_dir.hpp"

namespace ch::test {
namespace {

constexpr std::chrono::seconds kGdbLimit{120};

std::string from_kernel(pid_t pid) {
  std::string out;
  std::error_code gone;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone)) {
    out += "thread " + thread.path().filename().string() + '\n';
    for (const char* what : {"comm", "wchan", "syscall"}) out += last_lines(thread.path() / what, 1);
  }
  return out;
}

}  // namespace

std::string stacks(pid_t pid) {
  const auto gdb = run({"gdb", "-nx", "-batch", "-p", std::to_string(pid), "-ex", "thread apply all backtrace 30"}, kGdbLimit);
  return gdb.output.find("#0") != std::string::npos ? gdb.output : from_kernel(pid);
}

}  // namespace ch::test
