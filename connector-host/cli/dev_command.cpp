#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "cli/app.hpp"
#include "cli/exit_code.hpp"
#include "cli/host_commands.hpp"
#include "cli/signals.hpp"
#include "cli/table.hpp"
#include "cli/views.hpp"
#include "config/host_config.hpp"
#include "dev/sandbox.hpp"
#include "tasks/service.hpp"

namespace ch::cli {
namespace {

constexpr const char* kInstance = "dev";

// Where connectors are and how to log may come from outside; everything else is the sandbox's.
std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> out;
  for (auto& [name, value] : config::process_environment()) {
    if (name == "CONNECTOR_HOST_PLUGIN_PATH" || name == "CONNECTOR_HOST_LOG_LEVEL" || name == "CONNECTOR_HOST_LOG_FORMAT")
      out.emplace(name, value);
  }
  return out;
}

Result<config::HostConfig> host_config(const DevOptions& options, const dev::Sandbox& sandbox) {
  const nlohmann::json instances = {{kInstance, {{"bootstrap.servers", sandbox.bootstrap()}, {"region", dev::kRegion}}}};
  return config::load_host_config("",
                                  {"listeners=" + options.listen, "state.dir=" + sandbox.state_dir().string(),
                                   "instances=" + instances.dump(), "rotate.interval.min.ms=1000"},
                                  environment());
}

std::string curl_line(const std::string& address, const dev::Sandbox& sandbox, const std::string& topic) {
  const nlohmann::json task = {{"name", "my-task"}, {"config", sandbox.task_config(topic)}};
  return fmt::format("curl -X POST {}/v1/tasks -d '{}'", address, task.dump());
}

void introduce(const std::string& address, const dev::Sandbox& sandbox, bool sample) {
  const std::string task = sample ? dev::kSampleTask : "my-task";
  Facts facts;
  facts.add("REST API", address);
  facts.add("Dashboard", address + "/ui/");
  facts.add("Kafka broker", sandbox.bootstrap());
  facts.add("COS endpoint", sandbox.cos_endpoint());
  facts.add("COS bucket", dev::kBucket);
  facts.add("COS key", fmt::format("{} / {} (of this emulator only)", dev::kSecretId, dev::kSecretKey));
  facts.add("Objects", sandbox.objects_dir().string());
  facts.add("Folder", sandbox.dir().string() + (sandbox.temporary() ? " (removed at the end)" : ""));
  if (sample) {
    facts.add("Sample", fmt::format("topic {} ({} partitions, about 5 records a second), task {} (an object every 5 s from each)",
                                    dev::kSampleTopic, dev::kSamplePartitions, task));
  }
  fmt::print("connector-host dev is running. Ctrl-C ends it.\n\n{}\n", facts.render());
  fmt::print("The embedded broker is for trying things out: it keeps about 5 MiB a partition, and the first join of a consumer\n");
  fmt::print("group takes about 3 s. Try:\n\n");
  if (!sample) fmt::print("  {}\n", curl_line(address, sandbox, "my-topic"));
  fmt::print("  curl {0}/v1/tasks/{1}/status\n  connector-host task objects {1} --links --url {0}\n\n", address, task);
  std::fflush(stdout);
}

int refuse(const Error& error) {
  fmt::print(stderr, "{}", refusal(error.message, error.problems));
  return kRefused;
}

Status start_sample(App& app, dev::Sandbox& sandbox) {
  if (auto started = sandbox.start_sample(); !started) return started;
  const auto task = app.service().create(dev::kSampleTask, sandbox.task_config(dev::kSampleTopic), store::Target::enabled);
  if (!task) return tl::unexpected(task.error());
  return {};
}

}  // namespace

int dev(const DevOptions& options) {
  Signals signals;
  const auto sandbox = dev::Sandbox::start(options.dir);
  if (!sandbox) return refuse(sandbox.error());
  auto config = host_config(options, **sandbox);
  if (!config) return refuse(config.error());
  if (const auto logging = log::configure(config->log_level, config->log_format); !logging) return refuse(logging.error());
  auto app = App::start(std::move(*config));
  if (!app) return refuse(app.error());
  if (options.sample) {
    if (const auto started = start_sample(**app, **sandbox); !started) return refuse(started.error());
  }
  introduce((*app)->addresses().front(), **sandbox, options.sample);
  log::info("", "stopping on {}; a second signal ends the process at once", signals.wait());
  signals.let_next_kill();
  (*sandbox)->stop_sample();
  (*app)->stop();
  app->reset();
  return kDone;
}

}  // namespace ch::cli
