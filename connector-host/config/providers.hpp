// Secrets that stay where they are kept: ${env:NAME}, ${file:PATH:KEY} and ${dir:PATH:FILE} in a configuration value, as
// Kafka Connect's EnvVar-, File- and DirectoryConfigProvider have them. What is stored and shown keeps the placeholder;
// it is replaced only on the way to the connector or the Kafka client. Reads files and the environment; any thread.
#pragma once

#include <connector_host/connector.hpp>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/regex.hpp"
#include "base/result.hpp"

namespace ch::config {

// What placeholders may reach. Nothing: anything, as in Kafka Connect.
struct ProviderLimits {
  std::optional<std::vector<std::filesystem::path>> file_paths, dir_paths;  // these and what is in them
  std::optional<Regex> environment;                                         // the whole name must match
  std::vector<std::filesystem::path> own;                                   // files and folders of the host's own, which no list opens
  std::string own_token;                                                    // what no placeholder may stand for; "" none
  bool only_listed = false;  // a provider without its list above reaches nothing: for hosts that strangers can talk to
};

class Providers {
 public:
  explicit Providers(ProviderLimits limits = {}) : limits_(std::move(limits)) {}

  // The value with every placeholder replaced. Error: which one cannot be, why, and what would be right.
  Result<std::string> resolve(std::string_view value) const;

  struct Resolved {
    Config config;                           // what could not be resolved keeps its placeholder
    std::map<std::string, std::string> raw;  // key -> its value with placeholders, of the keys that had any
    std::vector<KeyProblem> problems;
    // The text without what placeholders stood for: for messages of those who saw the resolved values.
    std::string redacted(std::string text) const;
  };
  Resolved resolve(const Config& config) const;
  // Whether a task may have this file read; the same rule as for ${file:}.
  Status may_read(const std::string& path) const;

 private:
  Result<std::string> value_of(const std::string& provider, const std::optional<std::string>& path, const std::string& key) const;

  ProviderLimits limits_;
};

bool has_placeholder(std::string_view value);

}  // namespace ch::config
