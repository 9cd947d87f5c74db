#include "base/crash_sign.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <functional>
#include <thread>

using ch::CrashSign;
namespace fs = std::filesystem;

namespace {

// By which signal a process ends that prepares the sign and then does this.
int ends_by(const fs::path& file, const std::function<void()>& what) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (const int number : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL}) std::signal(number, SIG_DFL);  // Catch2 has handlers of its own
    const auto sign = CrashSign::prepare(file);
    if (!sign) ::_exit(1);
    what();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

std::string before(const fs::path& file) {
  const auto sign = CrashSign::prepare(file);
  REQUIRE(sign);
  return sign->before();
}

}  // namespace

TEST_CASE("a process that crashed has left a sign for the next one, and one that was killed has not") {
  const auto file = fs::temp_directory_path() / ("ch-crash-sign-" + std::to_string(::getpid()));
  CHECK(ends_by(file, [] {}) == 0);
  CHECK(before(file).empty());
  CHECK(ends_by(file, [] { ::kill(::getpid(), SIGKILL); }) == SIGKILL);
  CHECK(before(file).empty());
  CHECK(ends_by(file, [] { std::abort(); }) == SIGABRT);
  CHECK(before(file) == "SIGABRT");
  CHECK(before(file).empty());  // told once
  CHECK(ends_by(file, [] { ::kill(::getpid(), SIGSEGV); }) == SIGSEGV);
  CHECK(before(file) == "SIGSEGV");
  CHECK((fs::status(file).permissions() & fs::perms::all) == (fs::perms::owner_read | fs::perms::owner_write));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // these have handlers of their own
  const auto overflow = [] {
    std::thread([] {
      CrashSign::cover_this_thread();
      volatile char frame = 0;
      const std::function<void(volatile char*)> deeper = [&](volatile char* above) {
        volatile char here[1024] = {};
        here[0] = static_cast<char>(*above + 1);
        deeper(here);
        here[1] = here[0];  // not a call in the tail
      };
      deeper(&frame);
    }).join();
  };
  CHECK(ends_by(file, overflow) == SIGSEGV);
  CHECK(before(file) == "SIGSEGV");
#endif
  fs::remove(file);
  CHECK_FALSE(CrashSign::prepare("/nonexistent/crash"));
}
