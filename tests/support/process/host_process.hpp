// The real `connector-host serve` as a child process, and its REST API. It keeps its port, state folder and log over
// restarts. Used by the thread that made it; the requests from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "support/process/net.hpp"
#include "support/process/process.hpp"
#include "support/process/temp_dir.hpp"

namespace ch::test {

// Where the programs of this build are: the environment variable CH_TEST_BIN_DIR, or the build's bin folder.
std::filesystem::path binary(const std::string& name);

struct HostOptions {
  std::string bootstrap;
  std::string region = "ap-guangzhou";
  nlohmann::json config = nlohmann::json::object();  // further keys of the host's configuration, or other values
  std::map<std::string, std::string> environment = {};
};

class HostProcess {
 public:
  explicit HostProcess(HostOptions options);
  ~HostProcess();

  void start();  // until it answers; throws std::runtime_error with the end of its log if it does not
  // SIGTERM and its end: the exit status. Throws if it does not come within the time that the host allows itself.
  int stop();
  void kill();  // as kill -9
  void set_environment(std::map<std::string, std::string> environment) {
    options_.environment = std::move(environment);
  }                                        // from the next start() on
  void set_config(nlohmann::json config);  // the same
  bool running() { return process_ != nullptr && process_->running(); }
  Process& process() { return *process_; }

  std::uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  const std::filesystem::path& dir() const { return dir_.path(); }
  std::filesystem::path config_file() const { return dir_.path() / "host.json"; }
  std::filesystem::path log_file() const { return dir_.path() / "host.log"; }
  std::string log_end() const;

  Answer request(const std::string& method, const std::string& path, const nlohmann::json& json = nullptr) const;
  Answer get(const std::string& path) const { return request("GET", path); }
  Answer post(const std::string& path, const nlohmann::json& json = nullptr) const { return request("POST", path, json); }

  // {"state": ...} of a task, or null; its state, or "".
  nlohmann::json status(const std::string& task) const;
  std::string state(const std::string& task) const;

 private:
  TempDir dir_;
  HostOptions options_;
  std::uint16_t port_;
  std::unique_ptr<Process> process_;
};

}  // namespace ch::test
