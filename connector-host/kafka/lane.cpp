#include "kafka/lane.hpp"

#include <utility>

namespace ch::kafka {

namespace {

std::uint64_t weight(const ch_record& record) { return record.key.size + record.value.size; }

ch_bytes bytes(const void* data, std::size_t size) {
  static constexpr unsigned char kEmpty = 0;
  if (data == nullptr) return {nullptr, 0};
  return {size == 0 ? &kEmpty : static_cast<const unsigned char*>(data), size};
}

}  // namespace

Lane::Lane(rd_kafka_t* client, ch_partition_id id, TopicPartition where, std::function<void()> wake)
    : id_(id),
      where_(std::move(where)),
      wake_(std::move(wake)),
      queue_(rd_kafka_queue_get_partition(client, where_.topic.c_str(), where_.partition)),
      messages_() {
  messages_.reserve(kBatch);
  records_.reserve(kBatch);
  rd_kafka_queue_forward(queue_.get(), nullptr);
  rd_kafka_queue_cb_event_enable(
      queue_.get(),
      [](rd_kafka_t*, void* opaque) {
        auto& lane = *static_cast<Lane*>(opaque);
        if (!lane.ready_.exchange(true, std::memory_order_acq_rel)) lane.wake_();
      },
      this);
}

Lane::~Lane() {
  rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
  release(taken_, messages_.size());
}

void Lane::release(std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to; ++i) {
    held_bytes_ -= weight(records_[i]);
    rd_kafka_message_destroy(messages_[i]);
  }
}

void Lane::add(rd_kafka_message_t& message) {
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t timestamp = rd_kafka_message_timestamp(&message, &type);
  records_.push_back({bytes(message.key, message.key_len), bytes(message.payload, message.len), message.offset, timestamp, &message});
  messages_.push_back(&message);
  held_bytes_ += weight(records_.back());
  next_offset_ = message.offset + 1;
  end_of_partition_.reset();
}

rd_kafka_resp_err_t Lane::fill() {
  if (holds()) return RD_KAFKA_RESP_ERR_NO_ERROR;
  messages_.clear();
  records_.clear();
  taken_ = 0;
  end_of_partition_.reset();
  std::array<rd_kafka_message_t*, kBatch> batch;   // filled by the call
  ready_.store(false, std::memory_order_release);  // before reading: what comes later sets it again
  const auto count = rd_kafka_consume_batch_queue(queue_.get(), 0, batch.data(), batch.size());
  if (count < 0) return rd_kafka_last_error();
  if (count > 0) ready_.store(true, std::memory_order_release);  // there may be more
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  for (auto* message : std::span(batch).first(static_cast<std::size_t>(count))) {
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset >= next_offset_ && error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      add(*message);
      continue;
    }
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      end_of_partition_ = message->offset;
    } else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR && error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      error = message->err;
    }
    rd_kafka_message_destroy(message);
  }
  return error;
}

void Lane::take(std::size_t count) {
  release(taken_, taken_ + count);
  taken_ += count;
}

void Lane::drop() {
  release(taken_, messages_.size());
  messages_.clear();
  records_.clear();
  taken_ = 0;
  next_offset_ = 0;
  end_of_partition_.reset();
  ready_.store(true, std::memory_order_release);
}

}  // namespace ch::kafka
