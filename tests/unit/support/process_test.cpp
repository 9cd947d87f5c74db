#include "support/process/process.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "support/process/eventually.hpp"
#include "support/process/net.hpp"
#include "support/process/stacks.hpp"
#include "support/process/temp_dir.hpp"

using namespace ch::test;
using namespace std::chrono_literals;

namespace {

bool alive(pid_t pid) { return ::kill(pid, 0) == 0; }

}  // namespace

TEST_CASE("a command's status, output and errors come back") {
  const auto finished = run({"sh", "-c", "cat; echo \"$GREETING\" >&2; exit 3"}, 10s, {{"GREETING", "hello"}}, "from stdin");
  CHECK(finished.status == 3);
  CHECK(finished.output == "from stdin");
  CHECK(finished.errors == "hello\n");
}

TEST_CASE("a command that is not there ends with 127") { CHECK(run({"no-such-command-here"}, 10s).status == 127); }

TEST_CASE("a command that takes too long is killed and said not to have ended") {
  const auto finished = run({"sleep", "60"}, 50ms);
  CHECK_FALSE(finished.status);
  CHECK(finished.took < 10s);
}

TEST_CASE("a signal is the exit status 128 + its number") {
  Process process({{"sleep", "60"}});
  CHECK_FALSE(process.wait(20ms));
  process.signal(SIGTERM);
  CHECK(process.wait(10s) == 128 + SIGTERM);
  CHECK_FALSE(process.running());
}

TEST_CASE("a child does not survive its object") {
  pid_t pid = 0;
  {
    const Process process({{"sleep", "60"}});
    pid = process.pid();
    CHECK(alive(pid));
  }
  CHECK_FALSE(alive(pid));
}

TEST_CASE("a child does not survive the test's process") {
  const TempDir dir;
  const pid_t middle = ::fork();
  if (middle == 0) {
    const Process grandchild({{"sleep", "60"}});
    write_file(dir.path() / "new", std::to_string(grandchild.pid()));
    std::filesystem::rename(dir.path() / "new", dir.path() / "pid");
    ::kill(::getpid(), SIGKILL);
  }
  CHECK(eventually(10s, [&] { return std::filesystem::exists(dir.path() / "pid"); }));
  const auto grandchild = static_cast<pid_t>(std::stol(read_file(dir.path() / "pid")));
  // Once killed it waits, as a zombie or not at all, for whoever has adopted it.
  CHECK(eventually(10s, [&] {
    if (!alive(grandchild)) return true;
    const auto stat = read_file("/proc/" + std::to_string(grandchild) + "/stat");
    return stat.find(") Z ") != std::string::npos;
  }));
}

TEST_CASE("each free port is another one") { CHECK(free_port() != free_port()); }

TEST_CASE("an HTTP request that nobody answers has no status but an error") {
  const auto answer = http({"GET", "http://127.0.0.1:" + std::to_string(free_port()) + "/"});
  CHECK(answer.status == 0);
  CHECK_FALSE(answer.error.empty());
}

TEST_CASE("where a process waits can be told, whatever the machine has to tell it") {
  Process process({{"sleep", "60"}});
  CHECK(eventually(30s, [&] { return stacks(process.pid()).find("sleep") != std::string::npos; }));
}
