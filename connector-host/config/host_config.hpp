// The host's own configuration (docs/configuration.md): a JSON file, `--set KEY=VALUE` over it, the environment between them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/definition.hpp"
#include "config/providers.hpp"

namespace ch::config {

// How to ask CKafka's own API about an instance; placeholders unresolved.
struct CkafkaApi {
  std::string endpoint = "https://ckafka.tencentcloudapi.com";
  std::string secret_id, secret_key, token;
};

// One Kafka cluster. Everything but `region` and `ckafka.*` goes to librdkafka.
struct Instance {
  std::string id;
  std::string region;
  std::map<std::string, std::string> client;  // "bootstrap.servers", "security.protocol", "sasl.*", ...; placeholders unresolved
  std::optional<CkafkaApi> ckafka = {};       // with ckafka.api=true
};

struct HostConfig {
  std::vector<std::string> listeners = {"http://127.0.0.1:8083"};
  std::string api_token;                                    // "": requests need none
  std::string ssl_certificate, ssl_key, ssl_ca;             // files; "" none
  std::optional<std::vector<std::string>> admin_listeners;  // nothing: as `listeners`; empty: /admin is not served
  std::vector<std::string> allowed_origins, allowed_methods;
  std::vector<std::string> allowed_hosts;  // names, beside loopback ones, under which requests without a token may come
  std::filesystem::path state_dir = "./connector-host-state";
  std::vector<std::filesystem::path> plugin_path;
  std::map<std::string, Instance> instances;
  std::int64_t memory_limit = std::int64_t{1} << 30;
  std::int64_t rotate_interval_min_ms = 300000;
  std::string log_level = "info";
  std::string log_format = "text";
  // What connectors are told of the host's configuration: "host." and the key, of kForConnectors; and of the identity that TKE
  // gives to the host's pod, "host." and the variable, its token only if tasks may have that file read.
  Config for_connectors;
  ProviderLimits providers;  // of placeholders in tasks; the host's own configuration may use any
};

// Begins what a connector gets in its config from the host alone: no task can set such a key, no schema have one.
constexpr std::string_view kHostKeys = "host.";

// Sources, the later ones winning: defaults of schemas/host.schema.json, `file` (may be empty: none), environment
// variables CONNECTOR_HOST_<KEY with _ for .> out of `environment`, `sets` ("KEY=VALUE").
// Error: invalid, with one problem for every bad key.
Result<HostConfig> load_host_config(const std::filesystem::path& file, const std::vector<std::string>& sets,
                                    const std::map<std::string, std::string>& environment);

// The instance's properties for librdkafka, as they are now: a file may have changed since the last time.
Result<std::map<std::string, std::string>> client_properties(const Instance& instance);

// The definition of the host's keys (embedded schema), and of the keys that every task has.
const Definition& host_definition();
const Definition& task_definition();
// The connector that a task of this config has: its connector.class, else the schema's default.
std::string connector_of(const Config& config);

// The environment of this process, for load_host_config.
std::map<std::string, std::string> process_environment();

}  // namespace ch::config
