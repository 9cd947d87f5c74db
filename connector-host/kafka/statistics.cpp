#include "kafka/statistics.hpp"

#include <nlohmann/json.hpp>

namespace ch::kafka {

using nlohmann::json;

std::optional<Statistics> parse_statistics(std::string_view text) {
  // The topics are by far the largest part, and nothing here needs them.
  const auto keep = [](int depth, json::parse_event_t event, json& parsed) {
    return !(depth == 1 && event == json::parse_event_t::key && parsed == "topics");
  };
  const json stats = json::parse(text, keep, false);
  if (stats.is_discarded() || !stats.contains("brokers") || !stats["brokers"].is_object()) return std::nullopt;
  Statistics out;
  for (const auto& [name, broker] : stats["brokers"].items()) {
    if (name == "GroupCoordinator") {
      if (broker.contains("req")) out.offset_commits_sent = broker["req"].value("OffsetCommit", std::int64_t{0});
      out.disconnects = broker.value("disconnects", std::int64_t{0});
      out.retries = broker.value("txretries", std::int64_t{0});
    } else if (broker.value("state", "") == "UP") {
      out.any_broker_up = true;
    }
  }
  return out;
}

bool Fence::suspicious(const Statistics& now) {
  bool found = now.offset_commits_sent > asked_;
  if (last_ && across_ && (now.disconnects > last_->disconnects || now.retries > last_->retries)) found = true;
  last_ = now;
  across_ = in_flight_;
  return found;
}

}  // namespace ch::kafka
