// Configuration keys, read from a JSON Schema: the files in schemas/ and what connectors hand over. One source for
// validation, defaults, `--help`, the REST API and forms.
//
// A schema of ours is an object whose `properties` are keys of a flat map of strings. Beside JSON Schema's own words
// (type, enum, minimum, maximum, minLength, maxLength, default, description, `required` of the object) it uses
//   "x-group": "Rotation"        where a form shows it
//   "x-order": 3                 within its group
//   "x-importance": "high"       high | medium | low
//   "x-password": true           never returned, logged or shown
//   "x-unit": "ms" | "bytes"     an integer; bytes may be written with KiB, MiB or GiB
//   "x-list": true               a comma list
//   "x-file": true               a path that is read: only within what ${file:} placeholders may reach
//   "x-places-objects": true     decides where objects lie and how they are named
//   patternProperties            prefixes such as "^consumer\\.override\\..+": any key that begins so
// A number or a truth value may also be written as a string: "type": ["integer", "string"]. `pattern`, `format` and
// `anyOf` of a key, and what relates keys, are for editors: validate() checks such things. Any other word is refused.
#pragma once

#include <connector_host/connector.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ch::config {

constexpr std::size_t kMaxKeys = 1000;  // of a config, and of a schema
constexpr std::size_t kMaxKeyBytes = 255;
constexpr std::size_t kMaxValueBytes = 8192;
constexpr std::size_t kMaxSchemaBytes = 1 << 20;
constexpr std::string_view kMask = "********";  // what stands for a secret in all that is returned

enum class Type { string, integer, bytes, boolean, list, password };

struct Key {
  std::string name;
  Type type = Type::string;
  std::string default_value;
  bool has_default = false;
  bool required = false;
  bool is_file = false;
  bool places_objects = false;
  std::optional<std::int64_t> minimum, maximum;  // of the number, or of a string's length in bytes
  std::vector<std::string> choices;              // empty: anything
  std::string group, importance, documentation, unit;
  int order = 0;
};

class Definition {
 public:
  // Error: what is wrong with the schema, for the author of a connector.
  static Result<Definition> from_schema(std::string_view json);
  // The keys of both; of a key that is in both, `other`'s.
  Definition& merge(const Definition& other);

  const std::vector<Key>& keys() const { return keys_; }  // by group and order
  const Key* find(std::string_view name) const;
  bool accepts_prefix(std::string_view name) const;  // covered by a patternProperty

  // Everything that is wrong: unknown keys (with the nearest known one), missing ones, values that do not fit.
  std::vector<KeyProblem> check(const Config& config) const;
  // The config with defaults for what it lacks. Only for one that passed check().
  Config with_defaults(const Config& config) const;
  // Values of password keys, and of keys it does not know, replaced by kMask unless they are placeholders such as
  // ${env:X}: a connector that is missing must not lay its secrets open.
  Config masked(const Config& config) const;

 private:
  std::vector<Key> keys_;
  std::vector<std::string> prefixes_;
};

// "64MiB", "1GiB", "4096" -> bytes. Nothing if it is not such a size or overflows.
std::optional<std::int64_t> parse_bytes(std::string_view text);
std::optional<std::int64_t> parse_integer(std::string_view text);
// The known name with the smallest edit distance, if it is near enough to be what was meant; else "".
std::string nearest(std::string_view name, const std::vector<std::string>& known);

}  // namespace ch::config
