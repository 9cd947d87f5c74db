#include "kafka/fetch_buffer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "kafka/offset_queries.hpp"

namespace ch::kafka {

namespace {

constexpr std::size_t kBatch = 1000;  // messages read at once
constexpr int kBatches = 4;           // between two looks at everything else

// How much the client's queue may hold, whoever has set it.
std::uint64_t queue_bytes(rd_kafka_t* client) {
  std::array<char, 32> text{};
  std::size_t size = text.size();
  if (rd_kafka_conf_get(rd_kafka_conf(client), "queued.max.messages.kbytes", text.data(), &size) != RD_KAFKA_CONF_OK) return 0;
  return std::strtoull(text.data(), nullptr, 10) << 10;
}

}  // namespace

FetchBuffer::FetchBuffer(rd_kafka_t* client, std::function<void()> wake)
    : client_(client), wake_(std::move(wake)), queue_(rd_kafka_queue_new(client)), window_(queue_bytes(client)) {
  rd_kafka_queue_cb_event_enable(
      queue_.get(),
      [](rd_kafka_t*, void* opaque) {
        auto& buffers = *static_cast<FetchBuffer*>(opaque);
        if (!buffers.ready_.exchange(true, std::memory_order_acq_rel)) buffers.wake_();
      },
      this);
}

FetchBuffer::~FetchBuffer() {
  rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
  clear();
}

void FetchBuffer::add(ch_partition_id id, const TopicPartition& where) {
  auto buffer = std::make_unique<PartitionBuffer>(id, where, blocks_);
  const Queue own(rd_kafka_queue_get_partition(client_, where.topic.c_str(), where.partition));
  rd_kafka_queue_forward(own.get(), queue_.get());
  by_name_[where] = buffer.get();
  buffers_[id] = std::move(buffer);
}

void FetchBuffer::clear() {
  news_.clear();
  by_name_.clear();
  buffers_.clear();
  last_ = nullptr;
  last_topic_ = nullptr;
}

PartitionBuffer* FetchBuffer::find(ch_partition_id id) const {
  const auto found = buffers_.find(id);
  return found == buffers_.end() ? nullptr : found->second.get();
}

std::vector<ch_partition_id> FetchBuffer::ids() const {
  std::vector<ch_partition_id> out;
  for (const auto& [id, buffer] : buffers_) out.push_back(id);
  return out;
}

// Messages come in runs of one partition. The topic's handle is compared only while a message of it is at hand.
void FetchBuffer::sort(rd_kafka_message_t& message) {
  if (message.rkt != last_topic_ || message.partition != last_partition_) {
    last_topic_ = message.rkt;
    last_partition_ = message.partition;
    const char* topic = message.rkt != nullptr ? rd_kafka_topic_name(message.rkt) : "";
    const auto found = by_name_.find(ByName::Name(topic, message.partition));
    last_ = found == by_name_.end() ? nullptr : found->second;
  }
  if (last_ == nullptr) return rd_kafka_message_destroy(&message);  // of an assignment that has ended
  const auto weight = message.err == RD_KAFKA_RESP_ERR_NO_ERROR ? message.len + message.key_len : 0;
  last_->add(message, batch_at_);
  bytes_ += weight;
  if (!last_->listed && last_->has_news()) {
    last_->listed = true;
    news_.push_back(last_);
  }
}

bool FetchBuffer::fetch() {
  if (!ready_.load(std::memory_order_acquire) ||
      std::any_of(news_.begin(), news_.end(), [&](const PartitionBuffer* buffer) { return too_old(*buffer); }))
    return false;
  std::array<rd_kafka_message_t*, kBatch> batch;   // filled by the call
  ready_.store(false, std::memory_order_release);  // before reading: what comes later sets it again
  bool any = false;
  for (int i = 0; i < kBatches; ++i) {
    const auto count = std::max<ssize_t>(rd_kafka_consume_batch_queue(queue_.get(), 0, batch.data(), batch.size()), 0);
    batch_at_ = bytes_;
    for (auto* message : std::span(batch).first(static_cast<std::size_t>(count))) sort(*message);
    any = any || count > 0;
    if (static_cast<std::size_t>(count) < kBatch) break;
  }
  last_topic_ = nullptr;                                   // its handle may be gone by the next time
  if (any) ready_.store(true, std::memory_order_release);  // there may be more
  return any;
}

bool FetchBuffer::too_old(const PartitionBuffer& buffer) const { return buffer.holds() && bytes_ - buffer.oldest_at() > window_; }

std::vector<ch_partition_id> FetchBuffer::holding_up() const {
  std::vector<ch_partition_id> out;
  for (const auto* buffer : news_)
    if (too_old(*buffer)) out.push_back(buffer->id());
  return out;
}

void FetchBuffer::list_news(std::vector<ch_partition_id>& out) {
  std::erase_if(news_, [](PartitionBuffer* buffer) {
    buffer->listed = buffer->has_news();
    return !buffer->listed;
  });
  out.clear();
  for (const auto* buffer : news_) out.push_back(buffer->id());
}

void FetchBuffer::park(PartitionBuffer& buffer) {
  buffer.drop();
  buffer.parked = true;
  once_parked_.insert(buffer.where());
  rd_kafka_pause_partitions(client_, queries::to_list({buffer.where()}).get());
}

Status FetchBuffer::seek(PartitionBuffer& buffer, std::int64_t offset) {
  // From this call on what was fetched before is outdated, and fetch() is not given it: both happen on this thread.
  buffer.drop();
  const auto& where = buffer.where();
  const auto list = queries::to_list({where});
  if (buffer.parked) rd_kafka_resume_partitions(client_, list.get());
  list->elems[0].offset = offset;
  constexpr int kSeekTimeoutMs = 2000;  // answered by the client's own main thread, not by a broker
  const KafkaError error(rd_kafka_seek_partitions(client_, list.get(), kSeekTimeoutMs));
  const auto code = error != nullptr ? rd_kafka_error_code(error.get()) : list->elems[0].err;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return fail(ErrorCode::unavailable,
                fmt::format("seek of {}-{} to {} failed: {}", where.topic, where.partition, offset, rd_kafka_err2str(code)));
  }
  buffer.parked = false;
  return {};
}

void FetchBuffer::resume_parked() const {
  std::vector<TopicPartition> paused;
  for (const auto& [where, buffer] : by_name_)
    if (once_parked_.contains(where)) paused.push_back(where);
  if (!paused.empty()) rd_kafka_resume_partitions(client_, queries::to_list(paused).get());
}

}  // namespace ch::kafka
