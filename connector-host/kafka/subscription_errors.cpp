#include "kafka/subscription_errors.hpp"

#include <span>

namespace ch::kafka {

namespace {

constexpr std::chrono::milliseconds kAskAgain{10000};

}  // namespace

bool SubscriptionErrors::add(const std::string& topic, const Interruption& what) {
  if (refused_.empty()) ask_at_ = Clock::now() + kAskAgain;
  return refused_.emplace(topic, what).second;
}

// The answer about all topics also makes librdkafka take those into its subscription that are there again.
void SubscriptionErrors::ask(rd_kafka_t* client) {
  ask_at_ = Clock::now() + kAskAgain;
  if (question_.under_way()) return;
  asked_about_.clear();
  for (const auto& [topic, what] : refused_) asked_about_.insert(topic);
  question_.ask(client);
}

void SubscriptionErrors::take_answer(bool by_expression) {
  const auto metadata = question_.take();
  if (metadata == nullptr) return;
  std::map<std::string, bool> listed;
  for (const auto& topic : std::span(metadata->topics, static_cast<std::size_t>(metadata->topic_cnt)))
    listed[topic.topic] = topic.err == RD_KAFKA_RESP_ERR_NO_ERROR;
  std::erase_if(refused_, [&](const auto& entry) {
    const auto found = listed.find(entry.first);
    return entry.first != kGroup && asked_about_.contains(entry.first) && (found != listed.end() ? found->second : by_expression);
  });
}

}  // namespace ch::kafka
