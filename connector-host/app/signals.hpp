// SIGTERM, SIGINT and SIGHUP of a process that runs in the foreground. Made in main, before any other thread, which then inherits
// the blocked signals; used by that thread alone.
#pragma once

namespace ch::cli {

class Signals {
 public:
  Signals();  // from now on they wait until they are asked for; SIGPIPE is ignored
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

  const char* wait();    // for the first that ends it: its name; a SIGHUP without a terminal is logged
  void let_next_kill();  // a second one ends the process at once

 private:
  bool terminal_;  // the process was started in one
};

}  // namespace ch::cli
