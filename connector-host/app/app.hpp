// Builds and owns everything a running host is made of, in the order in which it starts; the end is the reverse. One
// thread: that which waits for signals.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/host_config.hpp"

namespace ch::tasks {
class TaskService;
}

namespace ch::cli {

// Where connectors are looked for if `plugin.path` does not say: beside the program, and where they are installed.
std::vector<std::filesystem::path> default_plugin_path();

class App {
 public:
  // Error: what does not start, and why. `config` is moved into the App; the log must be configured.
  static Result<std::unique_ptr<App>> start(config::HostConfig config);
  App(const App&) = delete;
  App& operator=(const App&) = delete;
  ~App();  // as stop()

  tasks::TaskService& service();
  std::vector<std::string> addresses() const;  // of the REST API, with the ports really in use
  void stop();                                 // orderly: stores and commits what is open, within 30 s

 private:
  struct Impl;
  explicit App(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ch::cli
