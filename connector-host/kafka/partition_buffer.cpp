#include "kafka/partition_buffer.hpp"

namespace ch::kafka {

namespace {

constexpr std::size_t kSpareBlocks = 32;

ch_bytes bytes(const void* data, std::size_t size) {
  static constexpr unsigned char kEmpty = 0;
  if (data == nullptr) return {nullptr, 0};
  return {size == 0 ? &kEmpty : static_cast<const unsigned char*>(data), size};
}

}  // namespace

void PartitionBuffer::release(std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to; ++i) rd_kafka_message_destroy(static_cast<rd_kafka_message_t*>(const_cast<void*>(block_[i].native)));
}

void PartitionBuffer::keep(rd_kafka_message_t& message, std::uint64_t at) {
  if (block_.capacity() == 0 && !blocks_.empty()) {
    block_ = std::move(blocks_.back());
    blocks_.pop_back();
  }
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t timestamp = rd_kafka_message_timestamp(&message, &type);
  block_.push_back({bytes(message.key, message.key_len), bytes(message.payload, message.len), message.offset, timestamp, &message});
  if (runs_.empty() || runs_.back().at != at) runs_.push_back({0, at});
  runs_.back().end = block_.size();
  next_offset_ = message.offset + 1;
  end_of_partition_.reset();
}

void PartitionBuffer::add(rd_kafka_message_t& message, std::uint64_t at) {
  const bool sound = error_ == RD_KAFKA_RESP_ERR_NO_ERROR && !parked;
  if (sound && message.err == RD_KAFKA_RESP_ERR_NO_ERROR && message.offset >= next_offset_) return keep(message, at);
  if (sound && message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    end_of_partition_ = message.offset;
  } else if (sound && message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    error_ = message.err;
    error_text_ = rd_kafka_message_errstr(&message);
  }
  rd_kafka_message_destroy(&message);
}

void PartitionBuffer::empty() {
  block_.clear();
  runs_.clear();
  taken_ = 0;
  if (blocks_.size() < kSpareBlocks && block_.capacity() > 0) blocks_.push_back(std::move(block_));
  block_ = {};
}

void PartitionBuffer::take(std::size_t count) {
  release(taken_, taken_ + count);
  taken_ += count;
  while (!runs_.empty() && runs_.front().end <= taken_) runs_.pop_front();
  if (taken_ == block_.size()) {
    end_of_partition_.reset();
    return empty();
  }
  if (taken_ < block_.size() - taken_) return;  // moving costs less than what was taken
  block_.erase(block_.begin(), block_.begin() + static_cast<std::ptrdiff_t>(taken_));
  for (auto& run : runs_) run.end -= taken_;
  taken_ = 0;
}

void PartitionBuffer::drop() {
  release(taken_, block_.size());
  empty();
  next_offset_ = 0;
  end_of_partition_.reset();
  error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace ch::kafka
