// What CKafka's own API tells of an instance and its brokers do not: whether it is isolated, and the ids of its topics.
// Any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/mutex.hpp"
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
  std::optional<Interruption> isolation();

 private:
  using Clock = std::chrono::steady_clock;
  cloud::ApiAnswer call(const std::string& action, const std::string& body, std::optional<Interruption>& trouble);
  std::optional<Interruption> ask();
  void run(const std::stop_token& stop);

  const InstanceOptions options_;
  Mutex api_mutex_;
  cloud::Api api_ CH_GUARDED_BY(api_mutex_);
  Mutex mutex_;
  std::condition_variable_any changed_;
  Clock::time_point wanted_until_ CH_GUARDED_BY(mutex_){};
  std::optional<Interruption> isolation_ CH_GUARDED_BY(mutex_);  // as the last answer says
  std::string complaint_ CH_GUARDED_BY(mutex_);                  // why there was none, as it was logged last
  std::jthread thread_;
};

}  // namespace ch::ckafka
