#include "app/signals.hpp"

#include <unistd.h>

#include <csignal>

#include "base/log.hpp"

namespace ch::cli {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

// SIGHUP asks a server to read again what it was started with, and would end one that does not know it. To what was started in a
// terminal it says that the terminal is gone.
sigset_t waited_for() {
  auto set = stop_signals();
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

Signals::Signals() : terminal_(::isatty(STDIN_FILENO) == 1) {
  // What runs in a background job of a shell has SIGINT ignored, and an ignored signal never waits.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file-size limit is an error of the write, not the end of the process
  const auto set = waited_for();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Signals::~Signals() { let_next_kill(); }

const char* Signals::wait() {
  const auto set = waited_for();
  int number = 0;
  while (sigwait(&set, &number) != 0 || number == SIGHUP) {
    if (number == SIGHUP && terminal_) return "SIGHUP";
    if (number == SIGHUP) {
      log::warn("",
                "SIGHUP: nothing is read again by it. Secrets and files of instances and tasks are read when they are needed; for the "
                "rest of the configuration, and for certificates of listeners, restart the host");
    }
    number = 0;
  }
  return number == SIGINT ? "SIGINT" : "SIGTERM";
}

void Signals::let_next_kill() {
  const auto set = stop_signals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace ch::cli
