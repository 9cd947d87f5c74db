// What `task apply` would change, key by key, for people and for programs. Pure functions; values of secret keys are never
// shown.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ch::cli {

struct KeyChange {
  std::string key;
  std::optional<std::string> from, to;  // nothing: not there
  bool unsure = false;                  // a secret, which the host does not tell
};

// `before` is the config that the host shows (null: no such task), `after` the file's; `secret`: keys whose values must not be shown.
std::vector<KeyChange> changes_of(const nlohmann::json& before, const nlohmann::json& after, const std::set<std::string>& secret);
std::string changes_view(const std::vector<KeyChange>& changes);
nlohmann::json changes_json(const std::vector<KeyChange>& changes);
// Keys of type password that a task of this connector may have, of what GET /v1/connectors says.
std::set<std::string> secret_keys(const nlohmann::json& connectors, const std::string& connector);

}  // namespace ch::cli
