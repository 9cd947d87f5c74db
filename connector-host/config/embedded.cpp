// The definitions that are part of the binary.
#include <fmt/format.h>

#include <embedded/ch_schemas.hpp>
#include <stdexcept>
#include <string_view>

#include "config/host_config.hpp"

namespace ch::config {
namespace {

Definition embedded(std::string_view schema, const char* name) {
  auto definition = Definition::from_schema(schema);
  if (!definition) throw std::logic_error(fmt::format("the embedded {} is defective: {}", name, definition.error().message));
  return std::move(*definition);
}

}  // namespace

const Definition& host_definition() {
  static const Definition made = embedded(schemas::host_schema_json, "host.schema.json");
  return made;
}

const Definition& task_definition() {
  static const Definition made = embedded(schemas::task_schema_json, "task.schema.json");
  return made;
}

std::string connector_of(const Config& config) {
  const auto& key = *task_definition().find("connector.class");
  const auto given = config.find(key.name);
  return given == config.end() ? key.default_value : given->second;
}

}  // namespace ch::config
