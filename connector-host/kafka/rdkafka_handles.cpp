#include "kafka/rdkafka_handles.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>

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

}  // namespace

Result<ConfHandle> make_conf(const Properties& properties) {
  ConfHandle conf(rd_kafka_conf_new());
  // Metrics of its own for the brokers: one more request for each client, and with 2.8 a broken connection for some of them.
  rd_kafka_conf_set(conf.get(), "enable.metrics.push", "false", nullptr, 0);
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
  rd_kafka_t* client = rd_kafka_new(type, conf.get(), text, sizeof text);
  if (client == nullptr) return fail(ErrorCode::invalid, fmt::format("librdkafka refuses the settings: {}", text));
  (void)conf.release();  // owned by the client now
  return client;
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
