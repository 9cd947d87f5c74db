#include "kafka/topic_watch.hpp"

#include <map>
#include <span>

#include "kafka/group_client.hpp"

namespace ch::kafka {

TopicWatch::TopicWatch(std::string expression, const std::vector<std::string>& subscribed, std::chrono::milliseconds every)
    : expression_(std::move(expression)), subscribed_(subscribed.begin(), subscribed.end()), every_(every), due_(Clock::now() + every) {}

bool TopicWatch::changed(rd_kafka_t* client) {
  if (expression_.empty()) return false;
  if (const auto answer = question_.take(); answer != nullptr) {
    std::map<std::string, std::int32_t> topics;
    for (const auto& topic : std::span(answer->topics, static_cast<std::size_t>(answer->topic_cnt)))
      if (topic.err == RD_KAFKA_RESP_ERR_NO_ERROR) topics[topic.topic] = topic.partition_cnt;
    std::set<std::string> matched;
    for (const auto& [topic, partitions] : matching(topics, {expression_})) matched.insert(topic);
    return matched != subscribed_;
  }
  if (question_.under_way() || Clock::now() < due_) return false;
  due_ = Clock::now() + every_;
  question_.ask(client);
  return false;
}

}  // namespace ch::kafka
