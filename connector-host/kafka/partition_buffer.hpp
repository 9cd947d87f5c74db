// What was read of one assigned partition and not yet taken. Private to this room; poll thread only.
#pragma once

#include <connector_host/plugin.h>

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kafka/rdkafka_handles.hpp"

namespace ch::kafka {

// What buffers keep records in, for those that have some: a thousand buffers of which each kept its own would keep much.
using RecordBlock = std::vector<ch_record>;  // views of librdkafka's messages, which are their `native`
using RecordBlocks = std::vector<RecordBlock>;

class PartitionBuffer {
 public:
  PartitionBuffer(ch_partition_id id, TopicPartition where, RecordBlocks& blocks) : blocks_(blocks), id_(id), where_(std::move(where)) {}
  ~PartitionBuffer() { drop(); }
  PartitionBuffer(const PartitionBuffer&) = delete;
  PartitionBuffer& operator=(const PartitionBuffer&) = delete;

  ch_partition_id id() const { return id_; }
  const TopicPartition& where() const { return where_; }

  // Takes the message over. `at`: how many bytes all buffers had got before it.
  void add(rd_kafka_message_t& message, std::uint64_t at);
  std::span<const ch_record> records() const { return std::span(block_).subspan(taken_); }
  std::optional<std::int64_t> end_of_partition() const { return end_of_partition_; }
  // What comes behind the records could not be read; nothing is kept from there on, for it need not be what follows.
  rd_kafka_resp_err_t error() const { return error_; }
  const std::string& error_text() const { return error_text_; }
  bool holds() const { return taken_ < block_.size(); }
  bool has_news() const { return holds() || end_of_partition_ || error_ != RD_KAFKA_RESP_ERR_NO_ERROR; }
  std::uint64_t oldest_at() const { return runs_.front().at; }  // of what it holds; holds() is true
  void take(std::size_t count);
  void drop();  // all that is held, and what was known of the position: before a seek

  bool listed = false;  // among those that have news
  bool parked = false;  // nothing is fetched for it, and what comes all the same is dropped

 private:
  struct Run {  // records that were read together
    std::size_t end;
    std::uint64_t at;
  };

  void keep(rd_kafka_message_t& message, std::uint64_t at);
  void release(std::size_t from, std::size_t to);
  void empty();

  RecordBlocks& blocks_;
  ch_partition_id id_;
  TopicPartition where_;
  std::int64_t next_offset_ = 0;  // records below it were delivered before
  RecordBlock block_;
  std::deque<Run> runs_;
  std::size_t taken_ = 0;
  std::optional<std::int64_t> end_of_partition_;
  rd_kafka_resp_err_t error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string error_text_;
};

}  // namespace ch::kafka
