// The emulator as a process of its own, for scripts and system tests. Prints its address as one line; ends on SIGTERM or SIGINT.
//   cos-emulator --dir DIR --bucket B-125 --access ID:SECRET [--port N] [--admin]
// With --admin, http://127.0.0.1:<port>/-/admin gives the counters (GET) and takes commands (POST, JSON):
//   {"fault": {"operation": "complete", "when": "after", "kind": "reset", "times": 1}}   fields as in emulator.hpp's Fault
//   {"clear_faults": true} {"deny": "put"} {"allow": "put"} {"remove_bucket": "b"} {"add_bucket": "b"}
//   {"add_role": {"name": "r", "life_s": 20}} {"remove_role": {"name": "r", "revoke": true}} {"bind_role": "r"}
//   {"web_identity": {"provider": "p", "token": "t"}} {"clock_offset_ms": 3600000}
//   {"ckafka": {"instance": "ckafka-1", "status": 5, "topics": {"orders": "topic-1"}}}
//   {"access": {"ID": {"secret_key": "...", "token": "...", "expires_s": 1700000000}}}   instead of what was there
#include <pthread.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>

#include "cos_emulator/emulator.hpp"

namespace {

ch::cos_emulator::Options parse(CLI::App& app, int argc, char** argv) {
  ch::cos_emulator::Options options;
  std::vector<std::string> access;
  bool forget = false;
  app.add_option("--dir", options.dir, "Folder of the objects")->required();
  app.add_option("--port", options.port, "Port on 127.0.0.1; 0: any free one");
  app.add_option("--bucket", options.buckets, "A bucket; may be given several times")->required();
  app.add_option("--access", access, "ID:SECRET of a permanent key; may be given several times")->required();
  app.add_option("--threads", options.threads, "Threads that serve")->check(CLI::Range(1, 64));
  app.add_flag("--forget", forget, "Count bodies and forget them");
  app.add_flag("--strict", options.strict, "Demand that everything sent is signed");
  app.add_flag("--admin", options.admin, "Serve /-/admin");
  app.parse(argc, argv);
  options.keep_objects = !forget;
  for (const std::string& pair : access) {
    const std::size_t colon = pair.find(':');
    if (colon == std::string::npos || colon == 0) throw CLI::ValidationError("--access", "must be ID:SECRET");
    options.access[pair.substr(0, colon)] = {pair.substr(colon + 1), "", std::nullopt};
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A double of Tencent COS for tests and trials");
  try {
    const ch::cos_emulator::Options options = parse(app, argc, argv);
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, nullptr);  // before the threads start, so that only sigwait sees them
    const ch::cos_emulator::Emulator emulator(options);
    std::printf("http://127.0.0.1:%u\n", static_cast<unsigned>(emulator.port()));
    std::fflush(stdout);
    int signal = 0;
    sigwait(&stop, &signal);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cos-emulator: %s\n", error.what());
    return 1;
  }
  return 0;
}
