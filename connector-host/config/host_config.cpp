#include "config/host_config.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>

#include "config/ckafka_keys.hpp"
#include "config/json_file.hpp"
#include "config/listener.hpp"
#include "config/values.hpp"

namespace ch::config {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxIdLength = 64;
constexpr std::string_view kInstances = "instances";
constexpr std::string_view kTokenCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";
constexpr const char* kForConnectors[] = {"sts.endpoint", "cvm.metadata.endpoint", "cos.endpoint", "egress.allowed",
                                          "file.sink.allowed.paths"};
constexpr const char* kPodIdentity[] = {"TKE_REGION", "TKE_ROLE_ARN", "TKE_PROVIDER_ID", "TKE_WEB_IDENTITY_TOKEN_FILE"};
constexpr std::string_view kEnvironmentPrefix = "CONNECTOR_HOST_";

std::string environment_name(std::string_view key) {
  std::string name(kEnvironmentPrefix);
  for (const char c : key) name.push_back(c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  return name;
}

// The client's own variables, and those that Kubernetes sets in every container beside a Service "connector-host".
bool is_foreign_variable(std::string_view name) {
  const auto rest = name.substr(kEnvironmentPrefix.size());
  return rest == "URL" || rest == "TOKEN" || rest == "CA" || rest == "CONTEXT" || rest == "CONFIG_FILE" || rest == "PORT" ||
         rest.rfind("PORT_", 0) == 0 || rest.rfind("SERVICE_", 0) == 0;
}

// The items of a list that was found to be in order; nothing for an empty one.
std::vector<std::string> items(std::string_view list) {
  std::vector<std::string> out;
  for (const auto item : split_list(list)) {
    if (!item.empty()) out.emplace_back(item);
  }
  return out;
}

bool made_of(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
  });
}

// A flat value as text; nothing if it is an object, null or a fraction.
std::optional<std::string> scalar(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean() || value.is_number_integer()) return value.dump();
  return std::nullopt;
}

class Loader {
 public:
  Status add_file(const std::filesystem::path& file);
  void add_environment(const std::map<std::string, std::string>& environment);
  void add_sets(const std::vector<std::string>& sets);
  Result<HostConfig> finish(const std::filesystem::path& file);

 private:
  void problem(std::string key, std::string value, std::string message) {
    problems_.push_back({std::move(key), std::move(value), std::move(message)});
  }
  void add_text(const std::string& key, std::string value, const std::string& from);
  void add_json(const std::string& key, const Json& value);
  void read_keys(HostConfig& config);
  void resolve_flat();
  void read_listeners(HostConfig& config);
  void check_listeners(const std::string& key, const std::vector<std::string>& listeners, const HostConfig& config);
  void read_providers(HostConfig& config, const Config& values);
  void read_pod_identity(HostConfig& config) const;
  void read_instances(HostConfig& config);
  void read_instance(HostConfig& config, const std::string& id, const Json& body);
  void read_shorthand(HostConfig& config);
  void check_brokers(const std::string& key, const std::string& given);

  Config flat_;
  Json instances_ = Json::object();
  Config pod_identity_;
  std::vector<KeyProblem> problems_;
};

Status Loader::add_file(const std::filesystem::path& file) {
  const auto text = read_config_file(file);
  if (!text) return tl::unexpected(text.error());
  const auto refuse = [&](const std::string& why) {
    return fail(ErrorCode::invalid, fmt::format("the configuration file {} {}", file.string(), why));
  };
  const auto root = parse_bounded(*text);
  if (!root) return refuse(root.error().message);
  if (!root->is_object()) return refuse("must hold a JSON object");
  for (const auto& [key, value] : root->items()) add_json(key, value);
  return {};
}

void Loader::add_json(const std::string& key, const Json& value) {
  if (key == kInstances) {
    instances_ = value;
    return;
  }
  if (value.is_array()) {
    std::string joined;
    for (const auto& item : value) {
      if (!item.is_string()) return problem(key, "", "must be a string, or a list of strings");
      joined += (joined.empty() ? "" : ",") + item.get<std::string>();
    }
    flat_[key] = joined;
    return;
  }
  auto text = scalar(value);
  if (!text) return problem(key, "", "must be a string, an integer or true or false");
  flat_[key] = std::move(*text);
}

void Loader::add_text(const std::string& key, std::string value, const std::string& from) {
  if (key != kInstances) {
    flat_[key] = std::move(value);
    return;
  }
  if (auto parsed = parse_bounded(value)) {
    instances_ = std::move(*parsed);
  } else {
    problem(key, "",
            fmt::format("{} must be a JSON object, such as {{\"default\": {{\"bootstrap.servers\": \"host:9092\"}}}}; it {}", from,
                        parsed.error().message));
  }
}

void Loader::add_environment(const std::map<std::string, std::string>& environment) {
  std::map<std::string, std::string> names;
  std::vector<std::string> known;
  for (const auto& key : host_definition().keys()) {
    known.push_back(environment_name(key.name));
    names[known.back()] = key.name;
  }
  for (const char* name : kPodIdentity) {
    if (const auto found = environment.find(name); found != environment.end()) pod_identity_.emplace(*found);
  }
  for (const auto& [name, value] : environment) {
    if (name.rfind(kEnvironmentPrefix, 0) != 0 || is_foreign_variable(name)) continue;
    const auto key = names.find(name);
    if (key != names.end()) {
      add_text(key->second, value, "the environment variable " + name);
      continue;
    }
    const auto near = nearest(name, known);
    problem(name, "",
            near.empty() ? "no key belongs to this environment variable"
                         : "no key belongs to this environment variable; did you mean " + near + "?");
  }
}

void Loader::add_sets(const std::vector<std::string>& sets) {
  for (const auto& set : sets) {
    const auto equals = set.find('=');
    if (equals == std::string::npos || equals == 0) {
      problem("--set", "", "must be KEY=VALUE, such as --set log.level=debug");
      continue;
    }
    add_text(set.substr(0, equals), set.substr(equals + 1), "the value of --set");
  }
}

void Loader::read_keys(HostConfig& config) {
  auto bad = host_definition().check(flat_);
  if (!bad.empty()) {
    problems_.insert(problems_.end(), std::make_move_iterator(bad.begin()), std::make_move_iterator(bad.end()));
    return;
  }
  const auto values = host_definition().with_defaults(flat_);
  const auto value = [&](std::string_view key) -> std::string {
    const auto found = values.find(key);
    return found == values.end() ? "" : found->second;
  };
  config.listeners = items(value("listeners"));
  config.api_token = value("api.token");
  config.ssl_certificate = value("ssl.certificate.location");
  config.ssl_key = value("ssl.key.location");
  config.ssl_ca = value("ssl.ca.location");
  if (values.contains("admin.listeners")) config.admin_listeners = items(value("admin.listeners"));
  config.allowed_origins = items(value("access.control.allow.origin"));
  config.allowed_methods = items(value("access.control.allow.methods"));
  config.allowed_hosts = items(value("allowed.hosts"));
  for (const char* key : kForConnectors) {
    if (values.contains(key)) config.for_connectors.emplace(std::string(kHostKeys) + key, value(key));
  }
  config.state_dir = value("state.dir");
  for (const auto& folder : items(value("plugin.path"))) config.plugin_path.emplace_back(folder);
  config.memory_limit = parse_bytes(value("memory.limit")).value_or(config.memory_limit);
  config.rotate_interval_min_ms = parse_integer(value("rotate.interval.min.ms")).value_or(config.rotate_interval_min_ms);
  config.log_level = value("log.level");
  config.log_format = value("log.format");
  for (const auto& folder : items(value("file.sink.allowed.paths"))) {
    if (folder.front() != '/') problem("file.sink.allowed.paths", folder, "must be an absolute path, such as /var/lib/archive");
  }
  read_listeners(config);
  read_providers(config, values);
  read_pod_identity(config);
}

// The same rule for the token that the pod brings as for one that a task names: it is a file that a task has read.
void Loader::read_pod_identity(HostConfig& config) const {
  for (const auto& [name, value] : pod_identity_) {
    const bool is_file = name == "TKE_WEB_IDENTITY_TOKEN_FILE";
    if (!is_file || Providers(config.providers).may_read(value)) config.for_connectors.emplace(std::string(kHostKeys) + name, value);
  }
}

void Loader::resolve_flat() {
  auto resolved = Providers().resolve(flat_);
  flat_ = std::move(resolved.config);
  problems_.insert(problems_.end(), std::make_move_iterator(resolved.problems.begin()), std::make_move_iterator(resolved.problems.end()));
}

void Loader::read_providers(HostConfig& config, const Config& values) {
  const auto paths = [&](const std::string& key) -> std::optional<std::vector<std::filesystem::path>> {
    const auto found = values.find(key);
    if (found == values.end()) return std::nullopt;
    std::vector<std::filesystem::path> out;
    for (const auto& item : items(found->second)) {
      if (item.front() != '/') problem(key, item, "must be an absolute path");
      out.emplace_back(item);
    }
    return out;
  };
  config.providers.file_paths = paths("config.providers.file.param.allowed.paths");
  config.providers.dir_paths = paths("config.providers.dir.param.allowed.paths");
  const std::string pattern_key = "config.providers.env.param.allowlist.pattern";
  if (const auto found = values.find(pattern_key); found != values.end()) {
    const auto pattern = Regex::compile(found->second);
    if (pattern) {
      config.providers.environment = *pattern;
    } else {
      problem(pattern_key, found->second, pattern.error().message + "; right is for example COS_.*");
    }
  }
  config.providers.only_listed = std::any_of(config.listeners.begin(), config.listeners.end(), [](const std::string& listener) {
    const auto parsed = parse_listener(listener);
    return parsed && !is_loopback(parsed->host);
  });
}

void Loader::read_listeners(HostConfig& config) {
  check_listeners("listeners", config.listeners, config);
  if (config.admin_listeners) check_listeners("admin.listeners", *config.admin_listeners, config);
  for (const auto& origin : config.allowed_origins) {
    if (origin != "*" && !made_of(origin, ".-_:/[]"))
      problem("access.control.allow.origin", origin, "must be an origin such as https://ui.example.com, or *");
  }
  for (const auto& method : config.allowed_methods) {
    if (!made_of(method, "")) problem("access.control.allow.methods", method, "must be a method such as PUT");
  }
  for (const auto& host : config.allowed_hosts) {
    if (!made_of(host, ".-_:") || std::count(host.begin(), host.end(), ':') == 1)
      problem("allowed.hosts", host, "must be a name or an address without a port, such as archive.example.com");
  }
  if (config.api_token.find_first_not_of(kTokenCharacters) != std::string::npos)
    problem("api.token", "", "must be letters, digits and -._~+/= only, since it stands in a header");
}

void Loader::check_listeners(const std::string& key, const std::vector<std::string>& listeners, const HostConfig& config) {
  std::set<std::string> seen;
  for (const auto& listener : listeners) {
    const auto parsed = parse_listener(listener);
    if (!parsed) {
      problem(key, listener, parsed.error().message);
      continue;
    }
    if (parsed->port != 0 && !seen.insert(fmt::format("{}:{}", parsed->host, parsed->port)).second)
      problem(key, listener, "is listed twice");
    if (parsed->scheme == "https" && config.ssl_certificate.empty()) problem("ssl.certificate.location", "", "is needed for " + listener);
    if (parsed->scheme == "https" && config.ssl_key.empty()) problem("ssl.key.location", "", "is needed for " + listener);
  }
}

// librdkafka would take what is behind the last colon of 2001:db8::1 for a port, and look for a host of the rest.
void Loader::check_brokers(const std::string& key, const std::string& given) {
  const auto resolved = Providers().resolve(given);
  if (!resolved) return;  // is told already
  const auto brokers = items(*resolved);
  if (brokers.empty()) return problem(key, "", "is required: host:port of one or more brokers, separated by commas");
  for (const auto& broker : brokers) {
    const auto shown_broker = has_placeholder(given) ? std::string() : broker;
    std::string_view address = broker;
    if (const auto scheme = address.find("://"); scheme != std::string_view::npos) address.remove_prefix(scheme + 3);
    const bool bracketed = address.starts_with('[') && address.find(']') != std::string_view::npos;
    const auto rest = bracketed ? address.substr(address.find(']') + 1) : address;
    const auto colons = std::count(rest.begin(), rest.end(), ':');
    if (colons > 1) {
      problem(key, shown_broker, "is an IPv6 address, which stands in brackets before its port, such as [2001:db8::1]:9092");
    } else if (const auto port = colons == 0 ? 1 : parse_integer(rest.substr(rest.find(':') + 1)).value_or(0); port < 1 || port > 65535) {
      problem(key, shown_broker, "must be host:port with a port from 1 to 65535, such as kafka-1:9092");
    }
  }
}

void Loader::read_instances(HostConfig& config) {
  if (!instances_.is_object()) {
    problem(std::string(kInstances), "",
            "must be a JSON object: instance id -> {\"bootstrap.servers\", \"region\", any librdkafka property}");
    return;
  }
  for (const auto& [id, body] : instances_.items()) read_instance(config, id, body);
}

void Loader::read_instance(HostConfig& config, const std::string& id, const Json& body) {
  const auto prefix = fmt::format("{}.{}", kInstances, id);
  if (id.empty() || id.size() > kMaxIdLength || !made_of(id, "._-")) {
    return problem(prefix, "", fmt::format("an instance id has 1 to {} letters, digits, '.', '_' or '-'", kMaxIdLength));
  }
  if (!body.is_object()) return problem(prefix, "", "must be a JSON object with bootstrap.servers");
  Instance instance;
  instance.id = id;
  for (const auto& [key, value] : body.items()) {
    auto text = scalar(value);
    const auto path = fmt::format("{}.{}", prefix, key);
    if (!text) {
      problem(path, "", "must be a string, an integer or true or false");
    } else if (auto resolved = Providers().resolve(*text); !resolved) {
      problem(path, "", resolved.error().message);
    } else if (key == "ckafka.api" || key == "ckafka.api.endpoint") {
      instance.client[key] = std::move(*resolved);
    } else if (key == "region") {
      text = std::move(*resolved);
      if (text->size() > kMaxIdLength || !made_of(*text, "-")) problem(path, *text, "must be a region such as ap-guangzhou");
      instance.region = std::move(*text);
    } else {
      instance.client[key] = std::move(*text);
    }
  }
  take_ckafka_keys(instance, prefix, problems_);
  static const std::vector<std::string> own = {"region", "bootstrap.servers"};
  for (const auto& [key, value] : instance.client) {
    // librdkafka judges its own properties; these two are ours to guess at.
    if (const auto near = nearest(key, own); !near.empty() && near != key) {
      problem(fmt::format("{}.{}", prefix, key), "", fmt::format("unknown key; did you mean {}?", near));
    }
  }
  check_brokers(prefix + ".bootstrap.servers", instance.client["bootstrap.servers"]);
  config.instances.emplace(id, std::move(instance));
}

void Loader::read_shorthand(HostConfig& config) {
  const auto servers = flat_.find("bootstrap.servers");
  if (servers == flat_.end()) return;
  if (config.instances.count("default") != 0) {
    problem("bootstrap.servers", servers->second,
            "is short for instances.default.bootstrap.servers, which is given as well: leave one of them out");
  } else {
    check_brokers("bootstrap.servers", servers->second);
    config.instances["default"] = {"default", "", {{"bootstrap.servers", servers->second}}, {}};
  }
}

Result<HostConfig> Loader::finish(const std::filesystem::path& file) {
  HostConfig config;
  resolve_flat();
  read_keys(config);
  read_instances(config);
  read_shorthand(config);
  // Whatever may be read otherwise. The host's environment is in /proc, too.
  for (const auto& own : {file, config.state_dir, std::filesystem::path(config.ssl_key), std::filesystem::path("/proc")}) {
    if (!own.empty()) config.providers.own.push_back(std::filesystem::absolute(own));
  }
  config.providers.own_token = config.api_token;
  if (problems_.empty()) return config;
  return fail(ErrorCode::invalid, "the host's configuration is wrong", std::move(problems_));
}

}  // namespace

Result<HostConfig> load_host_config(const std::filesystem::path& file, const std::vector<std::string>& sets,
                                    const std::map<std::string, std::string>& environment) {
  Loader loader;
  if (!file.empty()) {
    if (auto read = loader.add_file(file); !read) return tl::unexpected(read.error());
  }
  loader.add_environment(environment);
  loader.add_sets(sets);
  return loader.finish(file);
}

Result<std::map<std::string, std::string>> client_properties(const Instance& instance) {
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : instance.client) {
    auto resolved = Providers().resolve(value);
    if (!resolved) return fail(ErrorCode::unavailable, fmt::format("{} of instance {}: {}", key, instance.id, resolved.error().message));
    out.emplace(key, std::move(*resolved));
  }
  return out;
}

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

}  // namespace ch::config
