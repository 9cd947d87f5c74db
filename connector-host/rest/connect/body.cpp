#include "rest/connect/body.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <nlohmann/json.hpp>

#include "config/definition.hpp"

namespace ch::rest::connect {

namespace {

using nlohmann::json;

tl::unexpected<Error> refuse(std::string message) { return fail(ErrorCode::invalid, std::move(message)); }

Result<json> parse_object(std::string_view text) {
  auto parsed = parse_json(text);
  if (!parsed) return parsed;
  if (!parsed->is_object()) return refuse("the body must be a JSON object");
  return parsed;
}

Result<Changes> changes_of(const json& object) {
  Changes out;
  for (const auto& [key, value] : object.items()) {
    if (value.is_null()) {
      out.emplace_back(key, std::nullopt);
    } else if (auto written = scalar_text(value)) {
      out.emplace_back(key, std::move(written));
    } else {
      return refuse(fmt::format("the value of {} must be a string: a configuration is a flat map of strings", key));
    }
  }
  return out;
}

// A key whose value is null is as absent: forms send such for fields that were left empty.
Result<Config> config_of(const json& object) {
  const auto changes = changes_of(object);
  if (!changes) return tl::unexpected(changes.error());
  Config out;
  for (const auto& [key, value] : *changes) {
    if (value) out.emplace(key, *value);
  }
  return out;
}

// Takes the `name` out of the config, where our tasks do not have it.
template <class Map>
Status take_name(Map& config, const std::string& name) {
  const auto found = std::find_if(config.begin(), config.end(), [](const auto& entry) { return entry.first == "name"; });
  if (found == config.end()) return {};
  const std::optional<std::string> given = found->second;
  if (given != name) {
    return refuse(
        fmt::format("Connector name configuration ({}) doesn't match connector name in the URL ({})", given.value_or("null"), name));
  }
  config.erase(found);
  return {};
}

std::optional<store::Target> target_of(const std::string& state) {
  if (boost::iequals(state, "RUNNING")) return store::Target::enabled;
  if (boost::iequals(state, "PAUSED")) return store::Target::paused;
  if (boost::iequals(state, "STOPPED")) return store::Target::disabled;
  return std::nullopt;
}

std::optional<std::int64_t> whole_number(const json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_string()) return config::parse_integer(value.get<std::string>());
  return std::nullopt;
}

// What else a partition or an offset names is ignored, as Kafka Connect does; not what stands beside them, since a mistyped
// `offset` would otherwise reset the partition.
Result<tasks::OffsetChange> offset_of(const json& entry) {
  constexpr const char* shape =
      R"(each entry must be {"partition": {"kafka_topic": "...", "kafka_partition": 0}, "offset": {"kafka_offset": 0}}; without an offset, or with null, the partition is reset)";
  if (!entry.is_object() || !entry.contains("partition")) return refuse(shape);
  for (const auto& [field, value] : entry.items()) {
    if (field != "partition" && field != "offset")
      return refuse(fmt::format("Unrecognized field \"{}\": there are partition and offset", field));
  }
  const auto& partition = entry["partition"];
  if (!partition.is_object() || !partition.contains("kafka_topic") || !partition["kafka_topic"].is_string() ||
      !partition.contains("kafka_partition")) {
    return refuse(shape);
  }
  const auto number = whole_number(partition["kafka_partition"]);
  if (!number || *number < 0 || *number > INT32_MAX) return refuse("kafka_partition must be a whole number from 0 on");
  tasks::OffsetChange change{{partition["kafka_topic"].get<std::string>(), static_cast<std::int32_t>(*number)}, std::nullopt};
  if (!entry.contains("offset") || entry["offset"].is_null()) return change;
  const auto& offset = entry["offset"];
  if (!offset.is_object() || !offset.contains("kafka_offset")) return refuse(shape);
  change.offset = whole_number(offset["kafka_offset"]);
  if (!change.offset) return refuse("kafka_offset must be a whole number");
  return change;
}

}  // namespace

Result<Creation> read_creation(std::string_view text) {
  const auto body = parse_object(text);
  if (!body) return tl::unexpected(body.error());
  Creation out;
  for (const auto& [field, value] : body->items()) {
    if (field == "name" && (value.is_string() || value.is_null())) {
      out.name = value.is_null() ? "" : boost::trim_copy(value.get<std::string>());
    } else if (field == "initial_state" && (value.is_string() || value.is_null())) {
      const auto target = value.is_null() ? store::Target::enabled : target_of(value.get<std::string>());
      if (!target) return refuse("initial_state must be RUNNING, PAUSED or STOPPED");
      out.target = *target;
    } else if (field != "config") {
      const bool known = field == "name" || field == "initial_state";
      return refuse(known ? field + " must be a string"
                          : fmt::format("Unrecognized field \"{}\": there are name, config and initial_state", field));
    }
  }
  if (!body->contains("config") || !(*body)["config"].is_object()) return refuse("config must be an object: the connector's configuration");
  auto config = config_of((*body)["config"]);
  if (!config) return tl::unexpected(config.error());
  if (out.name.empty() && config->contains("name")) out.name = boost::trim_copy(config->at("name"));
  if (auto taken = take_name(*config, out.name); !taken) return tl::unexpected(taken.error());
  out.config = std::move(*config);
  return out;
}

Result<Config> read_flat(std::string_view text) {
  const auto body = parse_object(text);
  return body ? config_of(*body) : tl::unexpected(body.error());
}

Result<Config> read_config(std::string_view text, const std::string& name) {
  auto config = read_flat(text);
  if (!config) return config;
  if (auto taken = take_name(*config, name); !taken) return tl::unexpected(taken.error());
  return config;
}

Result<Changes> read_changes(std::string_view text, const std::string& name) {
  const auto body = parse_object(text);
  if (!body) return tl::unexpected(body.error());
  auto changes = changes_of(*body);
  if (!changes) return changes;
  if (auto taken = take_name(*changes, name); !taken) return tl::unexpected(taken.error());
  return changes;
}

Result<std::vector<tasks::OffsetChange>> read_offsets(std::string_view text) {
  constexpr const char* none = "Partitions / offsets need to be provided for an alter offsets request";
  const auto body = parse_object(text);
  if (!body) return tl::unexpected(body.error());
  for (const auto& [field, value] : body->items()) {
    if (field != "offsets") return refuse(fmt::format("Unrecognized field \"{}\": there is offsets", field));
  }
  if (!body->contains("offsets") || (*body)["offsets"].is_null()) return refuse(none);
  const auto& list = (*body)["offsets"];
  if (!list.is_array()) return refuse("offsets must be a list");
  if (list.empty()) return refuse(none);
  std::vector<tasks::OffsetChange> out;
  for (const auto& entry : list) {
    auto change = offset_of(entry);
    if (!change) return tl::unexpected(change.error());
    out.push_back(std::move(*change));
  }
  return out;
}

Result<std::string> read_level(std::string_view text) {
  const auto body = parse_object(text);
  if (!body) return tl::unexpected(body.error());
  if (!body->contains("level") || !(*body)["level"].is_string()) return refuse("Desired 'level' parameter was not specified in request.");
  return (*body)["level"].get<std::string>();
}

}  // namespace ch::rest::connect
