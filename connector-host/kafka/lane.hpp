// The queue of one assigned partition, and the batch last read from it. Private to this room; poll thread only, except
// mark_ready, which librdkafka's threads call.
#pragma once

#include <connector_host/plugin.h>

#include <array>
#include <atomic>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "kafka/handles.hpp"

namespace ch::kafka {

class Lane {
 public:
  static constexpr std::size_t kBatch = 1000;  // messages read at once

  // Cuts the partition's queue loose from the consumer's: must come before assign(), else records slip through.
  Lane(rd_kafka_t* client, ch_partition_id id, TopicPartition where, std::function<void()> wake);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  ch_partition_id id() const { return id_; }
  const TopicPartition& where() const { return where_; }
  bool ready() const { return holds() || ready_.load(std::memory_order_acquire); }
  bool holds() const { return taken_ < records_.size(); }

  // Reads the next batch if the last one was taken. Error code of the partition, if there is one.
  rd_kafka_resp_err_t fill();
  std::span<const ch_record> records() const { return std::span(records_).subspan(taken_); }
  std::optional<std::int64_t> end_of_partition() const { return end_of_partition_; }
  void take(std::size_t count);
  void drop();  // all that is held, and what was known of the position: before a seek
  std::uint64_t held_bytes() const { return held_bytes_; }

 private:
  void add(rd_kafka_message_t& message);
  void release(std::size_t from, std::size_t to);

  ch_partition_id id_;
  TopicPartition where_;
  std::function<void()> wake_;
  Queue queue_;
  std::atomic<bool> ready_ = true;
  std::int64_t next_offset_ = 0;  // records below it were delivered before
  std::vector<rd_kafka_message_t*> messages_;
  std::vector<ch_record> records_;  // views of messages_
  std::size_t taken_ = 0;
  std::uint64_t held_bytes_ = 0;
  std::optional<std::int64_t> end_of_partition_;
};

}  // namespace ch::kafka
