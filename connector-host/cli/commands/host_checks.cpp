#include "cli/commands/host_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <thread>

#include "config/listener.hpp"
#include "kafka/group_client.hpp"
#include "kafka/property_check.hpp"
#include "rest/http/tls.hpp"

namespace ch::cli {
namespace {

std::vector<std::string> all_listeners(const config::HostConfig& config) {
  auto all = config.listeners;
  if (config.admin_listeners) all.insert(all.end(), config.admin_listeners->begin(), config.admin_listeners->end());
  return all;
}

}  // namespace

std::vector<KeyProblem> wrong_properties(const config::HostConfig& config) {
  std::vector<KeyProblem> problems;
  for (const auto& [id, instance] : config.instances) {
    const auto properties = config::client_properties(instance);
    if (!properties) continue;  // for unusable_instances
    for (auto& problem : kafka::refused_properties(*properties)) {
      problem.key = fmt::format("instances.{}.{}", id, problem.key);
      problems.push_back(std::move(problem));
    }
  }
  return problems;
}

std::vector<KeyProblem> unusable_instances(const config::HostConfig& config) {
  std::vector<KeyProblem> problems;
  for (const auto& [id, instance] : config.instances) {
    const auto properties = config::client_properties(instance);
    if (properties && !kafka::refused_properties(*properties).empty()) continue;  // for wrong_properties
    auto why = properties ? kafka::refused_together(*properties) : properties.error().message;
    if (!why.empty()) problems.push_back({"instances." + id, "", std::move(why)});
  }
  return problems;
}

std::vector<KeyProblem> unreachable_instances(const config::HostConfig& config, milliseconds patience) {
  std::vector<KeyProblem> asked;
  for (const auto& [id, instance] : config.instances) asked.push_back({"instances." + id, "", ""});
  std::vector<std::jthread> askers;
  auto slot = asked.begin();
  for (const auto& one : config.instances) {
    askers.emplace_back([&instance = one.second, &problem = *slot++, patience] {
      const auto client = kafka::GroupClient::make(config::client_properties(instance), "connector-host", "connector-host-check");
      if (!client) return;  // for wrong_properties and unusable_instances
      if (const auto answer = (*client)->cluster_id(patience); answer.trouble) problem.message = answer.trouble->message;
    });
  }
  askers.clear();  // waits for them
  std::erase_if(asked, [](const KeyProblem& one) { return one.message.empty(); });
  return asked;
}

std::vector<KeyProblem> unusable_listeners(const config::HostConfig& config) {
  const auto listeners = all_listeners(config);
  const bool https = std::any_of(listeners.begin(), listeners.end(), [](const auto& one) { return one.starts_with("https://"); });
  if (!https) return {};
  const auto made = rest::make_tls({config.ssl_certificate, config.ssl_key, config.ssl_ca});
  return made ? std::vector<KeyProblem>() : made.error().problems;
}

std::vector<std::string> doubts(const config::HostConfig& config) {
  std::vector<std::string> out;
  if (config.instances.empty())
    out.emplace_back("no Kafka cluster is configured: no task can be created until `instances` or `bootstrap.servers` is set");
  const auto& origins = config.allowed_origins;
  if (config.api_token.empty() && std::find(origins.begin(), origins.end(), "*") != origins.end()) {
    out.emplace_back(
        "access.control.allow.origin=* without api.token lets every web page that somebody opens on a machine that reaches the host "
        "change and delete tasks: name the origins, or set api.token");
  }
  for (const auto& listener : all_listeners(config)) {
    const auto parsed = config::parse_listener(listener);
    if (!parsed || config::is_loopback(parsed->host)) continue;
    if (config.api_token.empty()) {
      out.push_back(fmt::format("{} can be reached from other machines and asks for no token: set api.token", listener));
    } else if (parsed->scheme == "http") {
      out.push_back(fmt::format("{} takes the token unencrypted: make it https://", listener));
    }
  }
  return out;
}

}  // namespace ch::cli
