// Owners of librdkafka's C objects. Private to this room.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>

#include "base/result.hpp"
#include "kafka/client_config.hpp"
#include "kafka/errors.hpp"
#include "kafka/types.hpp"

namespace ch::kafka {

template <auto Destroy>
struct Deleter {
  template <class T>
  void operator()(T* handle) const {
    Destroy(handle);
  }
};

using Queue = std::unique_ptr<rd_kafka_queue_t, Deleter<rd_kafka_queue_destroy>>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, Deleter<rd_kafka_topic_partition_list_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Deleter<rd_kafka_event_destroy>>;
using Message = std::unique_ptr<rd_kafka_message_t, Deleter<rd_kafka_message_destroy>>;
using ConfHandle = std::unique_ptr<rd_kafka_conf_t, Deleter<rd_kafka_conf_destroy>>;
using ClientHandle = std::unique_ptr<rd_kafka_t, Deleter<rd_kafka_destroy>>;
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, Deleter<rd_kafka_metadata_destroy>>;
using KafkaError = std::unique_ptr<rd_kafka_error_t, Deleter<rd_kafka_error_destroy>>;

// `opaque` is what callbacks get; logs go to ours under the task's name.
Result<ConfHandle> make_conf(const Properties& properties);

// To be destroyed by rd_kafka_destroy. Invalid: settings that do not go together.
Result<rd_kafka_t*> make_client(rd_kafka_type_t type, ConfHandle conf);

// Offset metadata comes with a length and without a terminating zero; some tools write one.
std::string metadata_of(const rd_kafka_topic_partition_t& partition);
void set_metadata(rd_kafka_topic_partition_t& partition, const std::string& text);

}  // namespace ch::kafka
