#include "app/app.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

#include "app/version.hpp"
#include "base/crash_sign.hpp"
#include "base/descriptors.hpp"
#include "base/file_lock.hpp"
#include "base/log.hpp"
#include "config/listener.hpp"
#include "plugins/registry.hpp"
#include "rest/server.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "tasks/task_service.hpp"

namespace ch::cli {
namespace {

namespace fs = std::filesystem;

// Definitions hold secrets: nobody else may look into a folder that is made here.
Status make_state_dir(const fs::path& dir) {
  std::error_code error;
  if (dir.has_parent_path()) fs::create_directories(dir.parent_path(), error);
  if (!error && ::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) error = std::error_code(errno, std::generic_category());
  if (error) return fail(ErrorCode::internal, fmt::format("state.dir {} cannot be made: {}", dir.string(), error.message()));
  if (!fs::is_directory(dir, error)) return fail(ErrorCode::internal, fmt::format("state.dir {} is not a folder", dir.string()));
  return {};
}

// Tasks are told the host's address before the listener has one, so a free port is asked for first.
Result<std::uint16_t> free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const bool bound = fd >= 0 && ::bind(fd, generic, size) == 0 && ::getsockname(fd, generic, &size) == 0;
  const int code = errno;
  if (fd >= 0) ::close(fd);
  if (!bound) return fail(ErrorCode::internal, fmt::format("no free port: {}", std::strerror(code)));
  return ntohs(address.sin_port);
}

std::string host_and_port(const config::Listener& listener) {
  const bool v6 = listener.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", listener.host, v6 ? "]" : "", listener.port);
}

Result<std::vector<config::Listener>> fixed_listeners(std::vector<std::string>& listeners) {
  std::vector<config::Listener> out;
  for (auto& text : listeners) {
    auto listener = config::parse_listener(text);
    if (!listener) return tl::unexpected(listener.error());
    if (listener->port == 0) {
      const auto port = free_port();
      if (!port) return tl::unexpected(port.error());
      listener->port = *port;
      text = fmt::format("{}://{}", listener->scheme, host_and_port(*listener));
    }
    out.push_back(std::move(*listener));
  }
  return out;
}

void report(const plugins::Registry& registry, const std::vector<fs::path>& path) {
  for (const auto& failure : registry.failures()) log::error("", "connector {} was not loaded: {}", failure.file.string(), failure.message);
  for (const auto& connector : registry.connectors())
    log::info("", "connector {} {} from {}", connector->name(), connector->version(), connector->file().string());
  if (!registry.connectors().empty()) return;
  std::string folders;
  for (const auto& folder : path) folders += (folders.empty() ? "" : ", ") + folder.string();
  log::warn("", "no connector was found in {}: set plugin.path", folders.empty() ? "plugin.path" : folders);
}

rest::ServerOptions server_options(const config::HostConfig& config) {
  rest::ServerOptions options{config.listeners, kVersion, kCommit, config.api_token};
  options.admin_listeners = config.admin_listeners;
  options.allowed_origins = config.allowed_origins;
  options.allowed_methods = config.allowed_methods;
  options.allowed_hosts = config.allowed_hosts;
  options.tls = {config.ssl_certificate, config.ssl_key, config.ssl_ca};
  return options;
}

}  // namespace

std::vector<fs::path> default_plugin_path() {
  std::error_code error;
  const auto folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  std::vector<fs::path> out;
  for (const char* place :
       {".", "../lib/connector-host", "../" CH_INSTALL_LIBDIR "/connector-host", "../lib/" CH_LIBRARY_ARCHITECTURE "/connector-host"}) {
    const auto candidate = (folder / place).lexically_normal();
    if (fs::is_directory(candidate, error) && std::find(out.begin(), out.end(), candidate) == out.end()) out.push_back(candidate);
  }
  return out;
}

struct App::Impl {
  config::HostConfig config;
  std::optional<FileLock> lock;
  std::optional<CrashSign> crash;
  std::optional<plugins::Registry> registry;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<tasks::TaskService> service;
  std::unique_ptr<rest::Server> server;

  Status start() {
    log::info("", "up to {} files and connections may be open at a time", descriptors::raise_limit());
    if (auto made = make_state_dir(config.state_dir); !made) return made;
    auto locked = FileLock::acquire(config.state_dir / "connector-host.lock");
    if (!locked) return tl::unexpected(locked.error());
    lock = std::move(*locked);
    auto sign = CrashSign::prepare(config.state_dir / "crash");
    if (!sign) return tl::unexpected(sign.error());
    crash.emplace(std::move(*sign));
    if (!crash->before().empty()) log::error("", "the process before this one crashed ({})", crash->before());
    if (config.plugin_path.empty()) config.plugin_path = default_plugin_path();
    registry = plugins::Registry::load(config.plugin_path);
    report(*registry, config.plugin_path);
    auto opened = store::open_sqlite_store(config.state_dir / "connector-host.db");
    if (!opened) return tl::unexpected(opened.error());
    store = std::move(*opened);
    return serve();
  }

  Status serve() {
    const auto listeners = fixed_listeners(config.listeners);
    if (!listeners) return tl::unexpected(listeners.error());
    if (config.admin_listeners) {
      if (const auto admin = fixed_listeners(*config.admin_listeners); !admin) return tl::unexpected(admin.error());
    }
    tasks::ServiceOptions options{host_and_port(listeners->front()), &config, &*registry, store.get()};
    options.crashed = !crash->before().empty();
    service = std::make_unique<tasks::TaskService>(std::move(options));
    server = std::make_unique<rest::Server>(*service, server_options(config));
    if (auto listening = server->start(); !listening) return listening;
    if (auto started = service->start(); !started) return started;
    server->ready();
    return {};
  }
};

App::App(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
App::~App() { stop(); }

Result<std::unique_ptr<App>> App::start(config::HostConfig config) {
  std::unique_ptr<App> app(new App(std::make_unique<Impl>()));
  app->impl_->config = std::move(config);
  if (auto started = app->impl_->start(); !started) return tl::unexpected(started.error());
  for (const auto& address : app->addresses()) log::info("", "ready at {}", address);
  return app;
}

tasks::TaskService& App::service() { return *impl_->service; }
std::vector<std::string> App::addresses() const { return impl_->server->addresses(); }

void App::stop() {
  if (impl_->server != nullptr) impl_->server->stop();
  if (impl_->service != nullptr) impl_->service->stop();
  log::flush_repeats(true);
}

}  // namespace ch::cli
