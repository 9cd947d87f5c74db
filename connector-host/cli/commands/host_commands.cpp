#include "cli/commands/host_commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/app.hpp"
#include "app/service_manager.hpp"
#include "app/signals.hpp"
#include "base/log.hpp"
#include "cli/client.hpp"
#include "cli/commands/host_checks.hpp"
#include "cli/commands/task_file.hpp"
#include "cli/exit_code.hpp"
#include "cli/views.hpp"
#include "config/host_config.hpp"
#include "plugins/registry.hpp"
#include "rest/core/request_body.hpp"
#include "rest/v1/json.hpp"
#include "tasks/task_service.hpp"
#include "tasks/task_validation.hpp"

namespace ch::cli {
namespace {

constexpr milliseconds kAskBrokers{10000};
constexpr milliseconds kSaid{2000};  // that the process waits until the reader of its log has its reason

using Json = nlohmann::json;

void print_error(const Error& error) { fmt::print(stderr, "{}", refusal(error.message, error.problems)); }

constexpr const char* kWrong = "the host's configuration is wrong";

std::vector<KeyProblem> tried_out(const config::HostConfig& config) {
  auto problems = wrong_properties(config);
  for (auto&& more : {unusable_instances(config), unusable_listeners(config)}) problems.insert(problems.end(), more.begin(), more.end());
  return problems;
}

Result<config::HostConfig> load(const HostOptions& options) {
  auto config = config::load_host_config(options.config, options.sets, config::process_environment());
  if (config && config->plugin_path.empty()) config->plugin_path = default_plugin_path();
  return config;
}

int print_failures(const plugins::Registry& registry) {
  for (const auto& failure : registry.failures()) {
    fmt::print(stderr, "{}", refusal(fmt::format("{} cannot be loaded: {}", failure.file.string(), failure.message), {}));
  }
  return registry.failures().empty() ? kDone : kRefused;
}

int check_text(const tasks::TaskValidation& validation, const std::string& file, const std::string& text) {
  const auto body = rest::read_task_body(text, {"name", "config", "enabled"}, false);
  if (!body) {
    fmt::print(stderr, "{}", refusal(fmt::format("{}: {}", file, body.error().message), {}));
    return kRefused;
  }
  auto problems = body->problems;
  for (auto& problem : validation.check(body->name.value_or(""), body->values())) problems.push_back(std::move(problem));
  if (problems.empty()) {
    fmt::print("{}: valid\n", file);
    return kDone;
  }
  fmt::print(stderr, "{}", refusal(file + " is not valid", problems));
  return kRefused;
}

int check_task(const tasks::TaskValidation& validation, const std::string& file) {
  const auto texts = task_texts(file);
  if (!texts) {
    print_error(texts.error());
    return kRefused;
  }
  int status = kDone;
  for (const auto& text : *texts) status = std::max(status, check_text(validation, file, text));
  return status;
}

Json local_plugins(const config::HostConfig& config, const plugins::Registry& registry) {
  const tasks::TaskValidation validation(config, registry);
  auto connectors = rest::Json::array();
  auto failures = rest::Json::array();
  for (const auto& failure : registry.failures()) failures.push_back({{"file", failure.file.string()}, {"message", failure.message}});
  for (const auto& connector : registry.connectors()) {
    const auto& definition = validation.definition(connector->name());
    if (!definition) {
      failures.push_back({{"file", connector->file().string()}, {"message", definition.error().message}});
      continue;
    }
    connectors.push_back({{"name", connector->name()},
                          {"version", connector->version()},
                          {"kind", connector->kind()},
                          {"file", connector->file().string()},
                          {"keys", rest::keys_json(*definition)}});
  }
  const rest::Json both = {{"connectors", std::move(connectors)}, {"failures", std::move(failures)}};
  return Json::parse(both.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Result<Json> remote_plugins(const ClientOptions& options) {
  auto client = Client::make(options.url, options.token, options.ca, options.retry);
  if (!client) return tl::unexpected(client.error());
  const auto answer = client->send("GET", "/v1/connectors");
  if (!answer) return tl::unexpected(answer.error());
  Json body = answer->json();
  if (answer->status == 401) return fail(ErrorCode::conflict, client->not_admitted());
  if (!answer->ok() || !body.is_object()) {
    const auto message = text_of(body, "message");
    return fail(ErrorCode::internal,
                message.empty() ? fmt::format("{} answers HTTP {} and not as a connector-host", client->url(), answer->status) : message);
  }
  return body;
}

Result<Json> find_plugins(const HostOptions& options, const ClientOptions& client) {
  if (!client.url.empty()) return remote_plugins(client);
  const auto config = load(options);
  if (!config) return tl::unexpected(config.error());
  return local_plugins(*config, plugins::Registry::load(config->plugin_path));
}

int print_connector(const Json& connectors, const std::string& name, bool json) {
  const auto found =
      std::find_if(connectors.begin(), connectors.end(), [&](const Json& connector) { return text_of(connector, "name") == name; });
  if (found == connectors.end()) {
    fmt::print(stderr, "{}",
               refusal(fmt::format("there is no connector {}: `connector-host plugins` lists those that there are", name), {}));
    return kRefused;
  }
  fmt::print("{}", json ? json_view(*found) : keys_view(*found, standard_output()));
  return kDone;
}

}  // namespace

int serve(const HostOptions& options) {
  Signals signals;
  ServiceManager manager;
  auto config = load(options);
  if (!config) {
    print_error(config.error());
    return kRefused;
  }
  if (const auto logging = log::configure(config->log_level, config->log_format); !logging) {
    print_error(logging.error());
    return kRefused;
  }
  if (auto wrong = wrong_properties(*config); !wrong.empty()) {
    print_error({ErrorCode::invalid, kWrong, std::move(wrong)});
    return kRefused;
  }
  for (const auto& problem : unusable_instances(*config)) log::error("", "{} cannot be used: {}", problem.key, problem.message);
  for (const auto& doubt : doubts(*config)) log::warn("", "{}", doubt);
  auto app = App::start(std::move(*config));
  if (!app) {
    log::error("", "the host does not start: {}", app.error().message);
    log::flush(kSaid);
    return kRefused;
  }
  manager.ready(fmt::format("Serving at {}", (*app)->addresses().front()), [&service = (*app)->service()] { return service.goes_on(); });
  log::info("", "stopping on {}; a second signal ends the process at once", signals.wait());
  manager.stopping();
  signals.let_next_kill();
  (*app)->stop();
  manager.end();
  app->reset();
  log::info("", "stopped");
  return kDone;
}

int check(const HostOptions& options, const std::vector<std::string>& task_files, bool preflight) {
  auto config = load(options);
  int status = kDone;
  if (!config) {
    print_error(config.error());
    status = kRefused;
    if (task_files.empty()) return status;
    fmt::print(stderr, "the tasks are checked against the default configuration of a host\n");
    config = config::load_host_config("", {}, {});
    if (!config) return status;
    config->plugin_path = default_plugin_path();
  } else if (auto problems = tried_out(*config); !problems.empty()) {
    print_error({ErrorCode::invalid, kWrong, std::move(problems)});
    status = kRefused;
  } else if (auto silent = preflight ? unreachable_instances(*config, kAskBrokers) : std::vector<KeyProblem>(); !silent.empty()) {
    print_error({ErrorCode::unavailable, "the host's configuration is valid, but brokers do not answer as they should", std::move(silent)});
    status = kRefused;
  } else {
    fmt::print("host configuration: valid{}\n", preflight ? ", and the brokers answer" : "");
    for (const auto& doubt : doubts(*config)) fmt::print(stderr, "warning: {}\n", doubt);
  }
  const auto registry = plugins::Registry::load(config->plugin_path);
  status = std::max(status, print_failures(registry));
  const tasks::TaskValidation validation(*config, registry);
  for (const auto& file : task_files) status = std::max(status, check_task(validation, file));
  return status;
}

int plugins(const HostOptions& options, const ClientOptions& client, const std::string& name) {
  const auto found = find_plugins(options, client);
  if (!found) {
    print_error(found.error());
    const auto code = found.error().code;
    return code == ErrorCode::unavailable ? kUnreachable : code == ErrorCode::conflict ? kNotAllowed : kRefused;
  }
  const Json none = Json::array();
  const auto failures = found->value("failures", none);
  for (const auto& failure : failures) {
    fmt::print(stderr, "{}", refusal(fmt::format("{} cannot be loaded: {}", text_of(failure, "file"), text_of(failure, "message")), {}));
  }
  if (!name.empty()) return print_connector(found->value("connectors", none), name, client.json());
  fmt::print("{}", client.json() ? json_view(*found) : connectors_view(*found, standard_output()));
  return kDone;
}

}  // namespace ch::cli
