#include "config/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "config/values.hpp"

namespace ch::config {
namespace {

using OrderedJson = nlohmann::ordered_json;  // keeps the file's order, which is that of groups

// Thrown by the functions below, caught in read_schema.
struct SchemaFault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// All words that a property may use: a mistyped "x-password" must not lay a secret open.
const std::vector<std::string>& property_words() {
  static const std::vector<std::string> words = {
      "type",     "enum",         "minimum",    "maximum", "minLength", "maxLength",  "default",          "description",          "title",
      "examples", "$comment",     "pattern",    "format",  "anyOf",     "properties", "required",         "additionalProperties", "x-group",
      "x-order",  "x-importance", "x-password", "x-unit",  "x-list",    "x-file",     "x-shapes-objects", "x-places-objects"};
  return words;
}

template <class T>
T word(const OrderedJson& property, const char* name, T absent) {
  const auto found = property.find(name);
  if (found == property.end()) return absent;
  try {
    return found->get<T>();
  } catch (const OrderedJson::exception&) {
    throw SchemaFault(fmt::format("\"{}\" has a value of the wrong type", name));
  }
}

std::optional<std::int64_t> bound(const OrderedJson& property, const char* name) {
  const auto found = property.find(name);
  if (found == property.end()) return std::nullopt;
  if (!found->is_number_integer()) throw SchemaFault(fmt::format("\"{}\" must be a whole number", name));
  return found->get<std::int64_t>();
}

// "integer" of "integer" or ["integer", "string"].
std::string type_name(const OrderedJson& property) {
  const auto found = property.find("type");
  if (found == property.end()) throw SchemaFault("\"type\" is missing");
  if (found->is_string()) return found->get<std::string>();
  if (found->is_array() && found->size() == 2 && (*found)[0].is_string() && (*found)[1] == "string") return (*found)[0].get<std::string>();
  throw SchemaFault("\"type\" must be a name, or a list of a name and \"string\"");
}

Type key_type(const OrderedJson& property) {
  const std::string name = type_name(property);
  if (name == "integer") return word<std::string>(property, "x-unit", "") == "bytes" ? Type::bytes : Type::integer;
  if (name == "boolean") return Type::boolean;
  if (name != "string" && name != "object")
    throw SchemaFault(fmt::format("\"type\" is \"{}\"; known are string, integer, boolean and object", name));
  if (word(property, "x-password", false)) return Type::password;
  return word(property, "x-list", false) ? Type::list : Type::string;
}

std::string text_of(const OrderedJson& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean() || value.is_number_integer()) return value.dump();
  throw SchemaFault("\"default\" must be a string, a whole number or a truth value");
}

void check_key(const Key& key) {
  if (key.name.empty() || key.name.size() > kMaxKeyBytes) throw SchemaFault(fmt::format("a key must have 1 to {} bytes", kMaxKeyBytes));
  if (const auto fault = text_fault(key.name); !fault.empty()) throw SchemaFault("a key " + fault);
  if (key.minimum && key.maximum && *key.minimum > *key.maximum) throw SchemaFault("its smallest value is above its largest");
  if (key.importance != "high" && key.importance != "medium" && key.importance != "low") {
    throw SchemaFault("\"x-importance\" must be high, medium or low");
  }
  if (!key.has_default) return;
  if (key.type == Type::password) throw SchemaFault("a password cannot have a default");
  if (const auto fault = value_fault(key, key.default_value); !fault.empty()) throw SchemaFault("its default " + fault);
}

Key read_key(const std::string& name, const OrderedJson& property) {
  if (!property.is_object()) throw SchemaFault("must be a JSON object");
  for (const auto& [used, value] : property.items()) {
    const auto& words = property_words();
    if (std::find(words.begin(), words.end(), used) != words.end()) continue;
    const auto near = nearest(used, words);
    throw SchemaFault(
        fmt::format("\"{}\" is not a known word{}", shown(used), near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near)));
  }
  Key key;
  key.name = name;
  key.type = key_type(property);
  const bool number = key.type == Type::integer || key.type == Type::bytes;
  key.minimum = bound(property, number ? "minimum" : "minLength");
  key.maximum = bound(property, number ? "maximum" : "maxLength");
  if (key.type == Type::string || key.type == Type::list) key.choices = word<std::vector<std::string>>(property, "enum", {});
  key.group = word<std::string>(property, "x-group", "");
  key.order = word(property, "x-order", 0);
  key.importance = word<std::string>(property, "x-importance", "medium");
  key.documentation = word<std::string>(property, "description", "");
  key.unit = word<std::string>(property, "x-unit", "");
  key.is_file = word(property, "x-file", false);
  key.places_objects = word(property, "x-places-objects", false);
  if (const auto found = property.find("default"); found != property.end()) {
    key.has_default = true;
    key.default_value = text_of(*found);
  }
  check_key(key);
  return key;
}

// "consumer.override." of "^consumer\\.override\\..+"
std::string read_prefix(std::string_view pattern) {
  std::string prefix;
  const bool framed = pattern.size() > 3 && pattern.front() == '^' && pattern.substr(pattern.size() - 2) == ".+";
  const auto middle = framed ? pattern.substr(1, pattern.size() - 3) : std::string_view();
  for (std::size_t i = 0; i < middle.size(); ++i) {
    const bool dot = middle.substr(i, 2) == "\\.";
    const bool plain = middle[i] == '_' || middle[i] == '-' || std::isalnum(static_cast<unsigned char>(middle[i])) != 0;
    if (!dot && !plain) return read_prefix("");
    prefix += dot ? '.' : middle[i];
    i += dot ? 1 : 0;
  }
  if (prefix.empty()) throw SchemaFault("a pattern must be a prefix such as ^consumer\\.override\\..+");
  return prefix;
}

void read_required(const OrderedJson& json, std::vector<Key>& keys) {
  for (const auto& name : word<std::vector<std::string>>(json, "required", {})) {
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return key.name == name; });
    if (found == keys.end()) throw SchemaFault(fmt::format("\"required\" names \"{}\", which is not among its properties", shown(name)));
    found->required = true;
  }
}

Schema read(const OrderedJson& json) {
  if (!json.is_object()) throw SchemaFault("it is not a JSON object");
  const auto properties = json.find("properties");
  if (properties == json.end() || !properties->is_object()) throw SchemaFault("it has no object \"properties\"");
  if (properties->size() > kMaxKeys)
    throw SchemaFault(fmt::format("it has {} properties; at most {} are accepted", properties->size(), kMaxKeys));
  Schema schema;
  for (const auto& [name, property] : properties->items()) {
    try {
      schema.keys.push_back(read_key(name, property));
    } catch (const SchemaFault& fault) {
      throw SchemaFault(fmt::format("property \"{}\": {}", shown(name), fault.what()));
    }
  }
  const auto patterns = word<std::map<std::string, OrderedJson>>(json, "patternProperties", {});
  for (const auto& [pattern, property] : patterns) schema.prefixes.push_back(read_prefix(pattern));
  read_required(json, schema.keys);
  return schema;
}

}  // namespace

Result<Schema> read_schema(std::string_view json) {
  if (json.size() > kMaxSchemaBytes)
    return fail(ErrorCode::invalid, fmt::format("the schema has {} bytes; at most {} are accepted", json.size(), kMaxSchemaBytes));
  try {
    return read(OrderedJson::parse(json));
  } catch (const SchemaFault& fault) {
    return fail(ErrorCode::invalid, fmt::format("the schema is not usable: {}", fault.what()));
  } catch (const OrderedJson::exception& error) {
    return fail(ErrorCode::invalid, fmt::format("the schema is not JSON: {}", shown(error.what())));
  }
}

}  // namespace ch::config
