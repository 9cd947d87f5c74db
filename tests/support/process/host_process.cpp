#include "support/process/host_process.hpp"

#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include "support/process/eventually.hpp"
#include "support/process/stacks.hpp"

namespace ch::test {
namespace {

constexpr std::chrono::seconds kStartLimit{60};
constexpr std::chrono::seconds kStopLimit{60};
constexpr std::size_t kLogLinesShown = 60;

}  // namespace

std::filesystem::path binary(const std::string& name) {
  const char* dir = std::getenv("CH_TEST_BIN_DIR");
  return std::filesystem::path(dir != nullptr ? dir : CH_TEST_BINARY_DIR) / name;
}

HostProcess::HostProcess(HostOptions options) : options_(std::move(options)), port_(free_port()) { set_config(options_.config); }

void HostProcess::set_config(nlohmann::json other) {
  options_.config = std::move(other);
  nlohmann::json config = {{"listeners", url()},
                           {"state.dir", (dir() / "state").string()},
                           {"instances", {{"default", {{"bootstrap.servers", options_.bootstrap}, {"region", options_.region}}}}},
                           {"egress.allowed", "127.0.0.1"},
                           {"rotate.interval.min.ms", "200"}};
  config.update(options_.config);
  write_file(config_file(), config.dump(2));
}

HostProcess::~HostProcess() = default;

void HostProcess::start() {
  process_ = std::make_unique<Process>(Command{{binary("connector-host").string(), "serve", "--config", config_file().string()},
                                               options_.environment,
                                               "/dev/null",
                                               log_file(),
                                               log_file()});
  const bool answers = eventually(kStartLimit, [&] { return !process_->running() || get("/health").status == 200; });
  if (!answers || !process_->running()) {
    throw std::runtime_error(std::string("connector-host ") + (answers ? "ended at its start" : "does not answer") +
                             "; the end of its log:\n" + log_end());
  }
}

int HostProcess::stop() {
  process_->signal(SIGTERM);
  const auto status = process_->wait(kStopLimit);
  if (!status)
    throw std::runtime_error("connector-host does not stop; its threads:\n" + stacks(process_->pid()) + "\nthe end of its log:\n" +
                             log_end());
  return *status;
}

void HostProcess::kill() { process_->kill(); }

std::string HostProcess::log_end() const { return last_lines(log_file(), kLogLinesShown); }

Answer HostProcess::request(const std::string& method, const std::string& path, const nlohmann::json& json) const {
  Request request{method, url() + path};
  if (!json.is_null()) {
    request.body = json.dump();
    request.headers["Content-Type"] = "application/json";
  } else if (method != "GET") {
    request.body = "";
  }
  return http(request);
}

nlohmann::json HostProcess::status(const std::string& task) const {
  const auto answer = get("/v1/tasks/" + task + "/status");
  return answer.status == 200 ? answer.json : nlohmann::json();
}

std::string HostProcess::state(const std::string& task) const {
  const auto status = this->status(task);
  return status.is_object() ? status.value("state", "") : "";
}

}  // namespace ch::test
