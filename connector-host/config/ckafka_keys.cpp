#include "config/ckafka_keys.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "cloud/address.hpp"

namespace ch::config {

void take_ckafka_keys(Instance& instance, const std::string& prefix, std::vector<KeyProblem>& problems) {
  const auto problem = [&](const std::string& key, const std::string& value, std::string message) {
    problems.push_back({fmt::format("{}.{}", prefix, key), value, std::move(message)});
  };
  CkafkaApi api;
  std::string wanted = "false";
  const std::map<std::string, std::string*> own = {{"ckafka.api", &wanted},
                                                   {"ckafka.api.endpoint", &api.endpoint},
                                                   {"ckafka.api.secret.id", &api.secret_id},
                                                   {"ckafka.api.secret.key", &api.secret_key},
                                                   {"ckafka.api.token", &api.token}};
  std::vector<std::string> names;
  for (const auto& [name, where] : own) names.push_back(name);
  for (auto entry = instance.client.lower_bound("ckafka."); entry != instance.client.end() && entry->first.starts_with("ckafka.");
       entry = instance.client.erase(entry)) {
    if (const auto known = own.find(entry->first); known != own.end()) {
      *known->second = entry->second;
      continue;
    }
    const auto near = nearest(entry->first, names);
    problem(entry->first, "", near.empty() ? "unknown key" : fmt::format("unknown key; did you mean {}?", near));
  }
  if (wanted != "true" && wanted != "false") return problem("ckafka.api", wanted, "must be true or false");
  if (wanted == "false") return;
  if (instance.region.empty()) problem("region", "", "is needed with ckafka.api=true: the instance's region, such as ap-guangzhou");
  for (const char* name : {"ckafka.api.secret.id", "ckafka.api.secret.key"}) {
    if (own.at(name)->empty()) problem(name, "", "is needed with ckafka.api=true");
  }
  try {
    (void)cloud::parse_address(api.endpoint, "it", "https://ckafka.tencentcloudapi.com");
  } catch (const std::invalid_argument& error) {
    problem("ckafka.api.endpoint", api.endpoint, error.what());
  }
  instance.ckafka = std::move(api);
}

}  // namespace ch::config
