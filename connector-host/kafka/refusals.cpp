#include "kafka/refusals.hpp"

#include <span>

#include "kafka/handles.hpp"

namespace ch::kafka {

namespace {

constexpr std::chrono::milliseconds kAskAgain{10000};
constexpr std::chrono::milliseconds kAskTimeout{2000};

}  // namespace

bool Refusals::add(const std::string& topic, const Trouble& what) {
  if (refused_.empty()) ask_at_ = Clock::now() + kAskAgain;
  return refused_.emplace(topic, what).second;
}

// The answer about all topics also makes librdkafka take those into its subscription that are there again.
void Refusals::ask(rd_kafka_t* client, bool by_expression) {
  const rd_kafka_metadata_t* answer = nullptr;
  const auto code = rd_kafka_metadata(client, 1, nullptr, &answer, static_cast<int>(kAskTimeout.count()));
  ask_at_ = Clock::now() + kAskAgain;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const Metadata metadata(answer);
  std::map<std::string, bool> listed;
  for (const auto& topic : std::span(metadata->topics, static_cast<std::size_t>(metadata->topic_cnt)))
    listed[topic.topic] = topic.err == RD_KAFKA_RESP_ERR_NO_ERROR;
  std::erase_if(refused_, [&](const auto& entry) {
    const auto found = listed.find(entry.first);
    return entry.first != kGroup && (found != listed.end() ? found->second : by_expression);
  });
}

}  // namespace ch::kafka
