// What CKafka's own API tells of an instance and its brokers do not: whether it is isolated, and the ids of its topics.
// Any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/result.hpp"
#include "cloud/api.hpp"
#include "config/host_config.hpp"
#include "kafka/group_client.hpp"

namespace ch::ckafka {

struct InstanceOptions {
  std::string id;  // ckafka-…
  std::string region;
  std::string endpoint;
  std::function<Result<cloud::Credentials>()> keys;  // as they are now
  std::chrono::milliseconds ask_again{5000};         // while somebody wants to know
  std::chrono::milliseconds wanted_for{15000};       // after the last isolation()
};

class Instance {
 public:
  static std::shared_ptr<Instance> make(const config::Instance& configured);  // null if it has no ckafka.api=true
  explicit Instance(InstanceOptions options);                                 // throws std::invalid_argument for an endpoint that is none
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance();

  // Blocking: up to two requests of 4 s, one caller after the other.
  kafka::Answer<std::string> topic_id(const std::string& topic);

  // Whether the instance is isolated, for somebody whom its brokers do not answer. Never blocks: asks in the background,
  // and again as long as this is called; so the first answer is "not known". Nothing: it is not, or not known.
  std::optional<kafka::Trouble> isolation();

 private:
  using Clock = std::chrono::steady_clock;
  cloud::ApiAnswer call(const std::string& action, const std::string& body, std::optional<kafka::Trouble>& trouble);
  std::optional<kafka::Trouble> ask();
  void run(const std::stop_token& stop);

  const InstanceOptions options_;
  std::mutex api_mutex_;  // guards api_
  cloud::Api api_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  Clock::time_point wanted_until_{};
  std::optional<kafka::Trouble> isolation_;  // as the last answer says
  std::string complaint_;                    // why there was none, as it was logged last
  std::jthread thread_;
};

}  // namespace ch::ckafka
