#include "tasks/earlier_places.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ch::tasks {

namespace {

const std::string kClass = "connector.class";

// What is not given is said too: a default may be another one in a later version.
Config place_of(const Config& config, const config::Definition& definition) {
  Config place{{kClass, config::connector_of(config)}};
  for (const auto& key : definition.keys()) {
    if (!key.places_objects) continue;
    const auto found = config.find(key.name);
    place[key.name] = found == config.end() ? key.default_value : found->second;
  }
  return place;
}

}  // namespace

void keep_place(store::TaskRecord& record, const Config& next, const Definitions& definitions) {
  auto& [places, complete] = record.earlier;
  const auto& definition = definitions(config::connector_of(record.config));
  const auto& following = definitions(config::connector_of(next));
  if (!definition || !following) {
    complete = false;  // the connector that could have said is gone
    return;
  }
  const auto before = place_of(record.config, *definition), after = place_of(next, *following);
  if (before == after || before.size() == 1) return;  // 1: a connector that does not say where its objects lie
  std::erase(places, before);
  places.insert(places.begin(), before);
  std::erase(places, after);
  if (places.size() <= kMaxEarlierPlaces) return;
  places.resize(kMaxEarlierPlaces);
  complete = false;
}

bool tell_earlier_places(const store::TaskRecord& record, const TaskValidation& validation, runner::RunnerSpec& spec) {
  bool all = record.earlier.complete;
  auto told = nlohmann::json::array();
  for (const auto& place : record.earlier.places) {
    if (config::connector_of(place) != config::connector_of(record.config)) {
      all = false;
      continue;
    }
    auto config = record.config;
    for (const auto& [key, value] : place) config[key] = value;
    const auto resolved = validation.resolve(record.name, config).info;
    auto& one = told.emplace_back(nlohmann::json::object());
    for (const auto& [key, value] : place)
      if (key != kClass) one[key] = resolved[key];
  }
  if (!told.empty()) spec.info.config[kEarlierPlaces] = told.dump();
  return all;
}

}  // namespace ch::tasks
