#include "bucket/places.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>
#include <utility>

namespace ch::cos {

Places places_of(const ch::TaskInfo& task, const std::function<std::shared_ptr<Client>(const Settings&)>& make_client) {
  Places places;
  const auto add = [&](const ch::TaskInfo& of) {
    auto settings = make_settings(of);
    const auto same = std::find_if(places.known.begin(), places.known.end(), [&](const Place& place) {
      const auto& its = place.settings.endpoint;
      return its.base == settings.endpoint.base && its.bucket == settings.endpoint.bucket;
    });
    auto client = same == places.known.end() ? make_client(settings) : same->client;
    places.known.push_back({std::move(settings), std::move(client)});
  };
  add(task);
  if (task["host.earlier.places"].empty()) return places;
  const auto earlier = nlohmann::json::parse(task["host.earlier.places"]);
  for (const auto& keys : earlier) {
    auto of = task;
    for (const auto& [key, value] : keys.items()) of.config[key] = value.get<std::string>();
    try {
      add(of);
    } catch (const std::exception& error) {
      places.unknown.push_back(fmt::format("the task stored in bucket {} under {}, which cannot be looked at: {}", of["cos.bucket"],
                                           of["object.key.template"], error.what()));
    }
  }
  return places;
}

}  // namespace ch::cos
