// A child process of a test. Its output goes to files. It is killed when this object goes, and by the kernel when the
// test's process ends in any way. Used by the thread that made it: the kernel ties the child to that thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ch::test {

struct Command {
  std::vector<std::string> words;                       // words[0]: looked up in PATH if it has no slash
  std::map<std::string, std::string> environment = {};  // added to the test's own
  std::filesystem::path input = "/dev/null";
  std::filesystem::path output = "/dev/null";
  std::filesystem::path errors = "/dev/null";  // may be the same file as output
};

class Process {
 public:
  explicit Process(const Command& command);  // throws std::system_error
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  pid_t pid() const { return pid_; }
  bool running() { return !wait(std::chrono::milliseconds(0)).has_value(); }
  void signal(int number);
  // The exit status as a shell shows it (128 + signal for a killed one); nothing if it still runs after `limit`.
  std::optional<int> wait(std::chrono::milliseconds limit);
  int kill();  // SIGKILL, then wait()

 private:
  pid_t pid_ = -1;
  int handle_ = -1;  // a pidfd: readable when the process has ended
  std::optional<int> status_;
};

struct Finished {
  std::optional<int> status;  // nothing: it did not end in time and was killed
  std::string output;
  std::string errors;
  std::chrono::milliseconds took{0};
};

// Runs a command to its end. `input` is its standard input.
Finished run(const std::vector<std::string>& words, std::chrono::milliseconds limit,
             const std::map<std::string, std::string>& environment = {}, const std::string& input = "");

}  // namespace ch::test
