#include "kafka/handles.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>

#include <cstdlib>
#include <cstring>
#include <set>

#include "base/log.hpp"

namespace ch::kafka {

namespace {

// Called on librdkafka's threads.
void log_line(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  const std::string_view name = client != nullptr ? rd_kafka_name(client) : "";
  if (level <= 3) {
    log::warn("", "kafka client {}: {}: {}", name, facility, text);
  } else {
    log::debug("", "kafka client {}: {}: {}", name, facility, text);
  }
}

const std::set<rd_kafka_resp_err_t> kAuth = {RD_KAFKA_RESP_ERR__AUTHENTICATION,
                                             RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
                                             RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                                             RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
                                             RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
                                             RD_KAFKA_RESP_ERR__SSL};
const std::set<rd_kafka_resp_err_t> kMissing = {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
                                                RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION};
const std::set<rd_kafka_resp_err_t> kDamaged = {RD_KAFKA_RESP_ERR__BAD_MSG, RD_KAFKA_RESP_ERR__BAD_COMPRESSION,
                                                RD_KAFKA_RESP_ERR_INVALID_MSG};

// librdkafka 2.0.2's main thread rounds how long it may sleep down to milliseconds, and spins for what is left, before each
// of some three timers a second. Where the kernel may wake it later by as much, it does not spin. Threads inherit this from
// the one that creates them.
class LateTimers {
 public:
  LateTimers() { ::prctl(PR_SET_TIMERSLACK, kNanoseconds); }
  LateTimers(const LateTimers&) = delete;
  LateTimers& operator=(const LateTimers&) = delete;
  ~LateTimers() { ::prctl(PR_SET_TIMERSLACK, 0UL); }  // the default again

 private:
  static constexpr unsigned long kNanoseconds = 1000000;
};

}  // namespace

Result<ConfHandle> make_conf(const Properties& properties) {
  ConfHandle conf(rd_kafka_conf_new());
  std::vector<KeyProblem> problems;
  for (const auto& [key, value] : properties) {
    char text[512];
    if (rd_kafka_conf_set(conf.get(), key.c_str(), value.c_str(), text, sizeof text) != RD_KAFKA_CONF_OK) {
      problems.push_back({key, "", text});
    }
  }
  if (!problems.empty()) {
    const std::string message = fmt::format("librdkafka refuses {}: {}", problems.front().key, problems.front().message);
    return fail(ErrorCode::invalid, message, std::move(problems));
  }
  rd_kafka_conf_set_log_cb(conf.get(), &log_line);
  return conf;
}

Result<rd_kafka_t*> make_client(rd_kafka_type_t type, ConfHandle conf) {
  char text[512];
  const LateTimers late;
  rd_kafka_t* client = rd_kafka_new(type, conf.get(), text, sizeof text);
  if (client == nullptr) return fail(ErrorCode::invalid, fmt::format("librdkafka refuses the settings: {}", text));
  (void)conf.release();  // owned by the client now
  return client;
}

Trouble trouble(rd_kafka_resp_err_t code, std::string_view doing, std::string_view detail) {
  const std::string why = detail.empty() ? std::string(rd_kafka_err2str(code)) : fmt::format("{}: {}", rd_kafka_err2name(code), detail);
  if (kAuth.contains(code)) {
    return {"broker_auth", fmt::format("Kafka refused us while {}: {}", doing, why),
            "Check the instance's security.protocol and sasl.* settings, and that its user may read the topic and use the group."};
  }
  if (kMissing.contains(code)) {
    return {"topic_missing", fmt::format("{}: {}", doing, why), "Create the topic, or correct `topics` of the task."};
  }
  if (kDamaged.contains(code)) {
    return {"offset_lost", fmt::format("{}: what the broker has is damaged: {}", doing, why),
            "It is read again every minute. Make a replica the leader that has it whole; or, if the records are given up, disable the "
            "task, set the partition's offset behind them with kafka-consumer-groups --reset-offsets, and enable it."};
  }
  return {"broker_unreachable", fmt::format("Kafka did not answer while {}: {}", doing, why),
          "Check that the brokers in bootstrap.servers run and can be reached from this host; the task goes on by itself."};
}

std::string metadata_of(const rd_kafka_topic_partition_t& partition) {
  if (partition.metadata == nullptr || partition.metadata_size == 0) return {};
  std::string text(static_cast<const char*>(partition.metadata), partition.metadata_size);
  if (text.back() == '\0') text.pop_back();
  return text;
}

void set_metadata(rd_kafka_topic_partition_t& partition, const std::string& text) {
  if (text.empty()) return;
  partition.metadata = std::malloc(text.size());  // the list frees it with free()
  if (partition.metadata == nullptr) throw std::bad_alloc();
  std::memcpy(partition.metadata, text.data(), text.size());
  partition.metadata_size = text.size();
}

}  // namespace ch::kafka
