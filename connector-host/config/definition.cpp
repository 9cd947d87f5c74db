#include "config/definition.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/schema.hpp"
#include "config/values.hpp"

namespace ch::config {
namespace {

// Groups in the order in which they first appear, keys by order within them.
void sort_keys(std::vector<Key>& keys) {
  std::vector<std::string> groups;
  for (const auto& key : keys) {
    if (std::find(groups.begin(), groups.end(), key.group) == groups.end()) groups.push_back(key.group);
  }
  const auto place = [&](const Key& key) {
    return std::pair(std::find(groups.begin(), groups.end(), key.group) - groups.begin(), key.order);
  };
  std::stable_sort(keys.begin(), keys.end(), [&](const Key& a, const Key& b) { return place(a) < place(b); });
}

}  // namespace

Result<Definition> Definition::from_schema(std::string_view json) {
  auto schema = read_schema(json);
  if (!schema) return tl::unexpected(std::move(schema.error()));
  Definition made;
  made.keys_ = std::move(schema->keys);
  made.prefixes_ = std::move(schema->prefixes);
  sort_keys(made.keys_);
  return made;
}

Definition& Definition::merge(const Definition& other) {
  for (const auto& key : other.keys_) {
    const auto mine = std::find_if(keys_.begin(), keys_.end(), [&](const Key& k) { return k.name == key.name; });
    if (mine == keys_.end()) {
      keys_.push_back(key);
    } else {
      *mine = key;
    }
  }
  for (const auto& prefix : other.prefixes_) {
    if (std::find(prefixes_.begin(), prefixes_.end(), prefix) == prefixes_.end()) prefixes_.push_back(prefix);
  }
  sort_keys(keys_);
  return *this;
}

const Key* Definition::find(std::string_view name) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const Key& key) { return key.name == name; });
  return found == keys_.end() ? nullptr : &*found;
}

bool Definition::accepts_prefix(std::string_view name) const {
  return std::any_of(prefixes_.begin(), prefixes_.end(),
                     [&](const std::string& prefix) { return name.size() > prefix.size() && name.substr(0, prefix.size()) == prefix; });
}

std::vector<KeyProblem> Definition::check(const Config& config) const {
  if (config.size() > kMaxKeys)
    return {{"", "", fmt::format("a configuration may have at most {} keys; this one has {}", kMaxKeys, config.size())}};
  std::vector<std::string> known;
  for (const auto& key : keys_) known.push_back(key.name);
  static const Key any;  // what stands under a prefix is a string; its meaning is for others to judge

  std::vector<KeyProblem> problems;
  for (const auto& [name, value] : config) {
    const Key* key = find(name);
    if (name.size() > kMaxKeyBytes) {
      problems.push_back({shown(name), "", fmt::format("a key may be at most {} bytes long; this one has {}", kMaxKeyBytes, name.size())});
    } else if (auto fault = text_fault(name); !fault.empty()) {
      problems.push_back({shown(name), "", "a key " + fault});
    } else if (key == nullptr && !accepts_prefix(name)) {
      // Its value is not shown: it may be a secret under a mistyped key.
      const auto near = nearest(name, known);
      problems.push_back({name, "", near.empty() ? "is not a known key" : fmt::format("is not a known key; did you mean {}?", near)});
    } else if (auto wrong = value_fault(key == nullptr ? any : *key, value); !wrong.empty()) {
      const bool secret = key == nullptr || key->type == Type::password;
      problems.push_back({name, secret ? "" : shown(value), std::move(wrong)});
    }
  }
  for (const auto& key : keys_) {
    if (key.required && !key.has_default && config.find(key.name) == config.end())
      problems.push_back({key.name, "", "is required and missing"});
  }
  return problems;
}

Config Definition::with_defaults(const Config& config) const {
  Config out = config;
  for (const auto& key : keys_) {
    if (key.has_default) out.emplace(key.name, key.default_value);
  }
  return out;
}

Config Definition::masked(const Config& config) const {
  Config out = config;
  for (auto& [name, value] : out) {
    const Key* key = find(name);
    const bool secret = key != nullptr ? key->type == Type::password : !accepts_prefix(name);
    if (secret && !value.empty() && !is_placeholder(value)) value = kMask;
  }
  return out;
}

}  // namespace ch::config
