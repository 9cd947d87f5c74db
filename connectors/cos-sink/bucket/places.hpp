// Where a task stores, and where it did before its bucket, template or format was changed. Blocking is what its clients do; any
// thread.
#pragma once

#include <connector_host/connector.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cos/client.hpp"
#include "settings.hpp"

namespace ch::cos {

struct Place {
  Settings settings;
  std::shared_ptr<Client> client;

  std::optional<KeyTemplate::Position> match(std::string_view key, std::string_view topic) const {
    return settings.keys.match(key, settings.key_fields(topic, 0, 0, 0));
  }
};

struct Places {
  std::vector<Place> known;          // the present one first
  std::vector<std::string> unknown;  // why it cannot be looked at the others
};

// Of a task that passed validate(); the earlier ones are what the host tells under "host.earlier.places". Places with the same address
// and bucket share a client.
Places places_of(const ch::TaskInfo& task, const std::function<std::shared_ptr<Client>(const Settings&)>& make_client);

}  // namespace ch::cos
