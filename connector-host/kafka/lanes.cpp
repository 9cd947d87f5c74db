#include "kafka/lanes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kafka/queries.hpp"

namespace ch::kafka {

namespace {

constexpr std::size_t kBatch = 1000;  // messages read at once
constexpr int kBatches = 4;           // between two looks at everything else

std::string property(rd_kafka_t* client, const char* name) {
  const auto* conf = rd_kafka_conf(client);
  std::size_t size = 0;  // with the terminating zero
  if (rd_kafka_conf_get(conf, name, nullptr, &size) != RD_KAFKA_CONF_OK || size == 0) return {};
  std::string text(size, '\0');
  if (rd_kafka_conf_get(conf, name, text.data(), &size) != RD_KAFKA_CONF_OK) return {};
  text.pop_back();
  return text;
}

std::uint64_t number(rd_kafka_t* client, const char* name) { return std::stoull(property(client, name)); }

}  // namespace

Lanes::Lanes(rd_kafka_t* client, std::function<void()> wake)
    : client_(client),
      wake_(std::move(wake)),
      queue_(rd_kafka_queue_new(client)),
      window_(number(client, "queued.max.messages.kbytes") << 10),
      bytes_a_look_(window_ / 2),
      messages_a_look_(number(client, "queued.min.messages") / 2),
      user_(property(client, "sasl.username")),
      password_(property(client, "sasl.password")) {
  rd_kafka_queue_cb_event_enable(
      queue_.get(),
      [](rd_kafka_t*, void* opaque) {
        auto& lanes = *static_cast<Lanes*>(opaque);
        if (!lanes.ready_.exchange(true, std::memory_order_acq_rel)) lanes.wake_();
      },
      this);
}

Lanes::~Lanes() {
  rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
  clear();
}

void Lanes::add(ch_partition_id id, const TopicPartition& where) {
  auto lane = std::make_unique<Lane>(id, where, racks_);
  const Queue own(rd_kafka_queue_get_partition(client_, where.topic.c_str(), where.partition));
  rd_kafka_queue_forward(own.get(), queue_.get());
  by_name_[where] = lane.get();
  lanes_[id] = std::move(lane);
}

void Lanes::clear() {
  news_.clear();
  by_name_.clear();
  lanes_.clear();
  last_ = nullptr;
  last_topic_ = nullptr;
}

Lane* Lanes::find(ch_partition_id id) const {
  const auto found = lanes_.find(id);
  return found == lanes_.end() ? nullptr : found->second.get();
}

std::vector<ch_partition_id> Lanes::ids() const {
  std::vector<ch_partition_id> out;
  for (const auto& [id, lane] : lanes_) out.push_back(id);
  return out;
}

// Messages come in runs of one partition. The topic's handle is compared only while a message of it is at hand.
void Lanes::sort(rd_kafka_message_t& message) {
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

bool Lanes::fetch() {
  if (!ready_.load(std::memory_order_acquire) || std::any_of(news_.begin(), news_.end(), [&](const Lane* lane) { return too_old(*lane); }))
    return false;
  std::array<rd_kafka_message_t*, kBatch> batch;   // filled by the call
  ready_.store(false, std::memory_order_release);  // before reading: what comes later sets it again
  bool any = false;
  for (int i = 0; i < kBatches; ++i) {
    const auto count = std::max<ssize_t>(rd_kafka_consume_batch_queue(queue_.get(), 0, batch.data(), batch.size()), 0);
    batch_at_ = bytes_;
    for (auto* message : std::span(batch).first(static_cast<std::size_t>(count))) sort(*message);
    messages_ += static_cast<std::uint64_t>(count);
    any = any || count > 0;
    if (static_cast<std::size_t>(count) < kBatch) break;
  }
  last_topic_ = nullptr;                                   // its handle may be gone by the next time
  if (any) ready_.store(true, std::memory_order_release);  // there may be more
  keep_coming();
  return any;
}

// librdkafka 2.0.2 looks whether its queue has room for another fetch when an answer comes, and else once a second: a full
// queue would stand still for so long. New credentials make it look at once; the same ones change nothing.
void Lanes::keep_coming() {
  if (bytes_ - bytes_looked_ < bytes_a_look_ && messages_ < messages_a_look_) return;
  bytes_looked_ = bytes_;
  messages_ = 0;
  const KafkaError ignored(rd_kafka_sasl_set_credentials(client_, user_.c_str(), password_.c_str()));
}

bool Lanes::too_old(const Lane& lane) const { return lane.holds() && bytes_ - lane.oldest_at() > window_; }

std::vector<ch_partition_id> Lanes::holding_up() const {
  std::vector<ch_partition_id> out;
  for (const auto* lane : news_)
    if (too_old(*lane)) out.push_back(lane->id());
  return out;
}

void Lanes::list_news(std::vector<ch_partition_id>& out) {
  std::erase_if(news_, [](Lane* lane) {
    lane->listed = lane->has_news();
    return !lane->listed;
  });
  out.clear();
  for (const auto* lane : news_) out.push_back(lane->id());
}

void Lanes::park(Lane& lane) {
  lane.drop();
  lane.parked = true;
  once_parked_.insert(lane.where());
  rd_kafka_pause_partitions(client_, queries::to_list({lane.where()}).get());
}

Status Lanes::seek(Lane& lane, std::int64_t offset) {
  // From this call on what was fetched before is outdated, and fetch() is not given it: both happen on this thread.
  lane.drop();
  const auto& where = lane.where();
  const auto list = queries::to_list({where});
  if (lane.parked) rd_kafka_resume_partitions(client_, list.get());
  list->elems[0].offset = offset;
  constexpr int kSeekTimeoutMs = 2000;  // answered by the client's own main thread, not by a broker
  const KafkaError error(rd_kafka_seek_partitions(client_, list.get(), kSeekTimeoutMs));
  const auto code = error != nullptr ? rd_kafka_error_code(error.get()) : list->elems[0].err;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return fail(ErrorCode::unavailable,
                fmt::format("seek of {}-{} to {} failed: {}", where.topic, where.partition, offset, rd_kafka_err2str(code)));
  }
  lane.parked = false;
  return {};
}

void Lanes::resume_parked() const {
  std::vector<TopicPartition> paused;
  for (const auto& [where, lane] : by_name_)
    if (once_parked_.contains(where)) paused.push_back(where);
  if (!paused.empty()) rd_kafka_resume_partitions(client_, queries::to_list(paused).get());
}

}  // namespace ch::kafka
