// What tests ask of and do to a cluster, by librdkafka's admin calls. Each waits for its result and throws
// std::runtime_error if that is an error.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "support/kafka/handles.hpp"

namespace ch::test {

struct CommittedOffset {
  std::int64_t offset = -1;  // -1: none
  std::string metadata;
};

struct Watermarks {
  std::int64_t low = 0;
  std::int64_t high = 0;
};

class KafkaAdmin {
 public:
  explicit KafkaAdmin(const std::string& bootstrap);

  void create_topic(const std::string& name, std::int32_t partitions, const std::map<std::string, std::string>& config = {},
                    int replicas = 1);
  void configure_topic(const std::string& name, const std::map<std::string, std::string>& config);  // what is not named: default
  void delete_topic(const std::string& name);
  void add_partitions(const std::string& name, std::int32_t total);
  bool has_topic(const std::string& name);
  int brokers();
  std::int32_t leader(const std::string& topic, std::int32_t partition);  // a node's id; -1: none

  // Of a group without members, as kafka-consumer-groups does it.
  void delete_group(const std::string& group);
  void set_offset(const std::string& group, const std::string& topic, std::int32_t partition, std::int64_t offset);
  void delete_records(const std::string& topic, std::int32_t partition, std::int64_t before);  // as retention does

  std::vector<CommittedOffset> committed(const std::string& group, const std::string& topic, std::int32_t partitions);
  std::vector<Watermarks> watermarks(const std::string& topic, std::int32_t partitions);
  // Records behind the committed offsets, all partitions together; a partition without an offset counts in full.
  std::int64_t lag(const std::string& group, const std::string& topic, std::int32_t partitions);

 private:
  Handle<rd_kafka_event_t> result_of(rd_kafka_queue_t* queue, const std::string& what);
  // A new partition is known before its leader answers for it.
  void wait_until_led(const std::string& name, std::int32_t partitions);

  std::string bootstrap_;
  Handle<rd_kafka_t> client_;
  std::map<std::string, Handle<rd_kafka_t>> groups_;  // a client for each group asked about
};

}  // namespace ch::test
