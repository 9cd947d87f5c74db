#include "support/process/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <system_error>

#include "support/process/temp_dir.hpp"

namespace ch::test {
namespace {

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> lines;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string line = *entry;
    if (!added.contains(line.substr(0, line.find('=')))) lines.push_back(line);
  }
  for (const auto& [name, value] : added) lines.push_back(name + "=" + value);
  return lines;
}

std::vector<char*> pointers(std::vector<std::string>& lines) {
  std::vector<char*> list;
  for (auto& line : lines) list.push_back(line.data());
  list.push_back(nullptr);
  return list;
}

int open_or_throw(const std::filesystem::path& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  if (file < 0) throw std::system_error(errno, std::generic_category(), path.string());
  return file;
}

// Between fork and exec only what is safe in a signal handler is allowed: the test has other threads.
[[noreturn]] void become(char* const* words, char* const* environment, int input, int output, int errors, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(126);
  ::dup2(input, 0);
  ::dup2(output, 1);
  ::dup2(errors, 2);
  ::syscall(SYS_close_range, 3U, ~0U, 0U);  // a listening socket of the test's would stay open in the child
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::execvpe(words[0], words, environment);
  ::_exit(127);
}

}  // namespace

Process::Process(const Command& command) {
  auto words = command.words;
  auto environment = merged_environment(command.environment);
  const auto word_list = pointers(words);
  const auto environment_list = pointers(environment);
  const int input = open_or_throw(command.input, O_RDONLY);
  const int output = open_or_throw(command.output, O_WRONLY | O_CREAT | O_APPEND);
  const int errors = open_or_throw(command.errors, O_WRONLY | O_CREAT | O_APPEND);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(word_list.data(), environment_list.data(), input, output, errors, parent);
  const int reason = errno;
  for (const int file : {input, output, errors}) ::close(file);
  if (pid_ < 0) throw std::system_error(reason, std::generic_category(), "fork");
  handle_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (handle_ < 0) {
    const int why = errno;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    throw std::system_error(why, std::generic_category(), "pidfd_open");
  }
}

Process::~Process() {
  kill();
  ::close(handle_);
}

void Process::signal(int number) {
  if (running()) ::kill(pid_, number);
}

std::optional<int> Process::wait(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!status_) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd ended{handle_, POLLIN, 0};
    if (::poll(&ended, 1, static_cast<int>(left > 0 ? left : 0)) > 0) {
      int raw = 0;
      if (::waitpid(pid_, &raw, 0) == pid_) status_ = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
    } else if (left <= 0) {
      break;
    }
  }
  return status_;
}

int Process::kill() {
  signal(SIGKILL);
  while (!wait(std::chrono::seconds(10))) {
  }
  return *status_;
}

Finished run(const std::vector<std::string>& words, std::chrono::milliseconds limit, const std::map<std::string, std::string>& environment,
             const std::string& input) {
  const TempDir dir;
  write_file(dir.path() / "in", input);
  const auto begin = std::chrono::steady_clock::now();
  Process process({words, environment, dir.path() / "in", dir.path() / "out", dir.path() / "err"});
  Finished finished;
  finished.status = process.wait(limit);
  finished.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
  process.kill();
  finished.output = read_file(dir.path() / "out");
  finished.errors = read_file(dir.path() / "err");
  return finished;
}

}  // namespace ch::test
