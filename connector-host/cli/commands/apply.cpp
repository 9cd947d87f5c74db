#include "cli/commands/apply.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/views.hpp"

namespace ch::cli {
namespace {

using Json = nlohmann::json;

constexpr const char* kMask = "********";
constexpr std::size_t kShownValue = 200;

std::optional<std::string> value_at(const Json& config, const std::string& key) {
  if (!config.is_object() || !config.contains(key) || config.at(key).is_null()) return std::nullopt;
  return text_of(config, key);
}

bool is_placeholder(const std::optional<std::string>& value) { return value && value->rfind("${", 0) == 0; }

std::string shown(const std::optional<std::string>& value) { return value ? escaped(*value, Escape::terminal, kShownValue) : ""; }

}  // namespace

std::set<std::string> secret_keys(const Json& connectors, const std::string& connector) {
  std::set<std::string> out;
  for (const auto& one : connectors.value("connectors", Json::array())) {
    if (text_of(one, "name") != connector) continue;
    for (const auto& key : one.value("keys", Json::array())) {
      if (text_of(key, "type") == "password") out.insert(text_of(key, "name"));
    }
  }
  return out;
}

std::vector<KeyChange> changes_of(const Json& before, const Json& after, const std::set<std::string>& secret) {
  std::set<std::string> keys;
  for (const auto* config : {&before, &after}) {
    if (!config->is_object()) continue;
    for (const auto& item : config->items()) keys.insert(item.key());
  }
  std::vector<KeyChange> out;
  for (const auto& key : keys) {
    KeyChange change{key, value_at(before, key), value_at(after, key)};
    if (change.from == change.to) continue;
    const bool hidden = secret.contains(key) || change.from == kMask;
    change.unsure = change.from == kMask && change.to && !is_placeholder(change.to);
    if (hidden && change.from && !is_placeholder(change.from)) change.from = kMask;
    if (hidden && change.to && !is_placeholder(change.to)) change.to = kMask;
    out.push_back(std::move(change));
  }
  return out;
}

std::string changes_view(const std::vector<KeyChange>& changes) {
  std::string out;
  for (const auto& change : changes) {
    const auto key = escaped(change.key, Escape::terminal);
    if (change.unsure) {
      out += fmt::format("  ~ {}: a secret, set anew\n", key);
    } else if (!change.from) {
      out += fmt::format("  + {}: {}\n", key, shown(change.to));
    } else if (!change.to) {
      out += fmt::format("  - {}: {}\n", key, shown(change.from));
    } else {
      out += fmt::format("  ~ {}: {} -> {}\n", key, shown(change.from), shown(change.to));
    }
  }
  return out;
}

Json changes_json(const std::vector<KeyChange>& changes) {
  auto list = Json::array();
  for (const auto& change : changes)
    list.push_back(
        {{"key", change.key}, {"from", change.from ? Json(*change.from) : Json()}, {"to", change.to ? Json(*change.to) : Json()}});
  return list;
}

}  // namespace ch::cli
