#include "captured.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include "cli/cli.hpp"

namespace ch::test {
namespace {

namespace fs = std::filesystem;

// A descriptor that goes to a file while it lives.
class Redirected {
 public:
  Redirected(int fd, FILE* stream)
      : fd_(fd),
        stream_(stream),
        file_(fs::temp_directory_path() / ("connector-host-cli-test-" + std::to_string(::getpid()) + "-" + std::to_string(fd))) {
    std::fflush(stream_);
    saved_ = ::dup(fd_);
    const int file = ::open(file_.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    ::dup2(file, fd_);
    ::close(file);
  }
  Redirected(const Redirected&) = delete;
  Redirected& operator=(const Redirected&) = delete;
  ~Redirected() { fs::remove(file_); }

  std::string text() {
    std::fflush(stream_);
    ::dup2(saved_, fd_);
    ::close(saved_);
    std::ifstream in(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  int fd_;
  FILE* stream_;
  fs::path file_;
  int saved_ = -1;
};

}  // namespace

Ran run(std::vector<std::string> arguments, const std::string& input) {
  arguments.insert(arguments.begin(), "connector-host");
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  std::istringstream in(input);
  auto* const before = std::cin.rdbuf(in.rdbuf());
  // CLI11 writes help and errors through the streams, the rest of the program through stdio: both end in the same place.
  std::ios::sync_with_stdio(true);
  Redirected out(STDOUT_FILENO, stdout);
  Redirected err(STDERR_FILENO, stderr);
  Ran ran;
  ran.status = cli::run(static_cast<int>(argv.size()), argv.data());
  std::cin.rdbuf(before);
  ran.out = out.text();
  ran.err = err.text();
  return ran;
}

}  // namespace ch::test
