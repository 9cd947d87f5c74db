#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): setenv is POSIX's
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "app/app.hpp"
#include "app/signals.hpp"
#include "base/log.hpp"
#include "cli/commands/host_commands.hpp"
#include "cli/contexts.hpp"
#include "cli/exit_code.hpp"
#include "cli/table.hpp"
#include "cli/views.hpp"
#include "config/host_config.hpp"
#include "dev/sandbox.hpp"
#include "tasks/task_service.hpp"

namespace ch::cli {
namespace {

constexpr const char* kInstance = "dev";
constexpr const char* kTopic = "my-topic";    // of the command lines that are printed
constexpr std::uint16_t kDefaultPort = 8083;  // of kDefaultUrl

// Where connectors are and how to log may come from outside; everything else is the sandbox's.
std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> out;
  for (auto& [name, value] : config::process_environment()) {
    if (name == "CONNECTOR_HOST_PLUGIN_PATH" || name == "CONNECTOR_HOST_LOG_LEVEL" || name == "CONNECTOR_HOST_LOG_FORMAT")
      out.emplace(name, value);
  }
  return out;
}

bool taken(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const int yes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const bool used = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 && errno == EADDRINUSE;
  ::close(fd);
  return used;
}

// The listener that --listen asks for.
std::string listener(const std::string& listen) {
  if (listen.empty()) return taken(kDefaultPort) ? "http://127.0.0.1:0" : kDefaultUrl;
  if (listen.find("://") != std::string::npos) return listen;
  return "http://" + std::string(listen.front() == ':' ? "127.0.0.1" : "") + listen;
}

// The host speaks of its key `listeners`, which is not what was given here.
Error in_words_of_dev(Error error) {
  constexpr std::string_view key = "`listeners`";
  if (const auto at = error.message.find(key); at != std::string::npos) error.message.replace(at, key.size(), "--listen");
  for (auto& problem : error.problems) {
    if (problem.key == "listeners") problem.key = "--listen";
  }
  return error;
}

Result<config::HostConfig> host_config(const DevOptions& options, const dev::Sandbox& sandbox) {
  const nlohmann::json instances = {{kInstance, {{"bootstrap.servers", sandbox.bootstrap()}, {"region", dev::kRegion}}}};
  return config::load_host_config(
      "",
      {"listeners=" + listener(options.listen), "state.dir=" + sandbox.state_dir().string(), "instances=" + instances.dump(),
       "rotate.interval.min.ms=1000", "sts.endpoint=" + sandbox.cloud_endpoint(), "cvm.metadata.endpoint=" + sandbox.cloud_endpoint(),
       "cos.endpoint=" + sandbox.any_bucket(), "egress.allowed=*.myqcloud.com,*.tencentcos.cn,*.tencentcloudapi.com,127.0.0.1,localhost"},
      environment());
}

// What task files of the documents name by placeholders, for this host's emulator whatever the shell has for another COS. Before
// there are threads.
void give_keys() {
  ::setenv("COS_SECRET_ID", dev::kSecretId, 1);
  ::setenv("COS_SECRET_KEY", dev::kSecretKey, 1);
}

// Ready to be pasted as they are, all of them together too.
std::string next_lines(const std::string& address, const dev::Sandbox& sandbox, const std::filesystem::path& task_file) {
  return fmt::format(
      "  export CONNECTOR_HOST_URL={}\n"
      "  echo '{{\"hello\": \"world\"}}' | kcat -P -b {} -t {}\n"
      "  connector-host task create '{}' --wait 60s\n"
      "  connector-host task status {}\n"
      "  connector-host task disable {} --wait 60s     # stores what is open\n"
      "  connector-host task objects {} --download ./{}\n",
      address, sandbox.bootstrap(), kTopic, task_file.string(), kTopic, kTopic, kTopic, kTopic);
}

void introduce(const std::string& address, const dev::Sandbox& sandbox, const std::filesystem::path& task_file, bool sample) {
  Facts facts;
  facts.add("REST API", address);
  facts.add("Dashboard", address + "/ui/");
  facts.add("Kafka broker", sandbox.bootstrap());
  facts.add("COS endpoint", sandbox.cos_endpoint());
  facts.add("COS bucket", dev::kBucket);
  facts.add("COS key", fmt::format("{} / {} (of this emulator only)", dev::kSecretId, dev::kSecretKey));
  facts.add("Folder", sandbox.dir().string() + (sandbox.temporary() ? " (removed at the end)" : ""));
  if (sample) {
    facts.add("Sample", fmt::format("topic {} ({} partitions, about 5 records a second), task {} (an object every 5 s from each)",
                                    dev::kSampleTopic, dev::kSamplePartitions, dev::kSampleTask));
  }
  fmt::print("connector-host dev is running. Ctrl-C ends it.\n\n{}\n", facts.render());
  fmt::print("In another terminal:\n\n{}\n", next_lines(address, sandbox, task_file));
  fmt::print("Task files need no cos.endpoint here, may use the buckets {} and {}, and ${{env:COS_SECRET_ID}} and\n", dev::kBucket,
             dev::kReadmeBucket);
  fmt::print("${{env:COS_SECRET_KEY}}, which are set: README's orders.json works as it stands. The embedded broker is for trying\n");
  fmt::print("things out: it keeps about 5 MiB a partition, and the first join of a consumer group takes about 3 s.\n");
  std::fflush(stdout);
}

int refuse(const Error& failure) {
  const auto error = in_words_of_dev(failure);
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
  give_keys();
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
  const auto file = (*sandbox)->task_file(kTopic);
  if (!file) return refuse(file.error());
  introduce((*app)->addresses().front(), **sandbox, *file, options.sample);
  log::info("", "stopping on {}; a second signal ends the process at once", signals.wait());
  signals.let_next_kill();
  (*sandbox)->stop_sample();
  (*app)->stop();
  app->reset();
  return kDone;
}

}  // namespace ch::cli
