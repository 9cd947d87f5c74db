#include "kafka/dead_letters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "kafka/consumer.hpp"
#include "kafka/handles.hpp"

namespace ch::kafka {

namespace {

using Headers = std::unique_ptr<rd_kafka_headers_t, Deleter<rd_kafka_headers_destroy>>;

constexpr const char* kQueueKiB = "66560";  // the largest one must find room
constexpr const char* kQueueMessages = "1000";
constexpr const char* kLargestBytes = "67108864";
constexpr const char* kDeliveryMs = "60000";  // then the record is read and rejected again

// What comes back with a delivery report; owned by librdkafka's message meanwhile.
struct Ticket {
  ch_partition_id assignment;
  std::uint64_t number;
};

void add(rd_kafka_headers_t* headers, std::string_view name, std::string_view value) {
  rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(), static_cast<ssize_t>(value.size()));
}

Properties producer_properties(const DeadLetterSettings& settings) {
  Properties out = settings.cluster;
  out["client.id"] = settings.client_id;
  out["acks"] = "all";
  out["enable.idempotence"] = "false";  // several of the same are possible anyway, and a fatal error is not
  out["queue.buffering.max.kbytes"] = kQueueKiB;
  out["queue.buffering.max.messages"] = kQueueMessages;
  out["message.max.bytes"] = kLargestBytes;
  out["message.timeout.ms"] = kDeliveryMs;
  out["linger.ms"] = "5";
  return out;
}

}  // namespace

struct DeadLetters::Impl {
  ClientHandle client;
  Queue reports;  // the producer's main queue
};

DeadLetters::DeadLetters(const DeadLetterSettings& settings, std::function<void()> wake)
    : settings_(settings), wake_(std::move(wake)), impl_(std::make_unique<Impl>()) {}

Result<std::unique_ptr<DeadLetters>> DeadLetters::create(const DeadLetterSettings& settings, std::function<void()> wake) {
  auto conf = make_conf(producer_properties(settings));
  if (!conf) return tl::unexpected(conf.error());
  std::unique_ptr<DeadLetters> out(new DeadLetters(settings, std::move(wake)));
  rd_kafka_conf_set_opaque(conf->get(), out.get());
  rd_kafka_conf_set_dr_msg_cb(conf->get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    const std::unique_ptr<Ticket> ticket(static_cast<Ticket*>(message->_private));
    static_cast<DeadLetters*>(opaque)->delivered(ticket->assignment, ticket->number, message->err,
                                                 message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? "" : rd_kafka_err2str(message->err));
  });
  char text[512];
  out->impl_->client.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf->get(), text, sizeof text));
  if (out->impl_->client == nullptr) return fail(ErrorCode::invalid, fmt::format("librdkafka refuses the settings: {}", text));
  (void)conf->release();  // owned by the client now
  out->impl_->reports.reset(rd_kafka_queue_get_main(out->impl_->client.get()));
  rd_kafka_queue_cb_event_enable(
      out->impl_->reports.get(), [](rd_kafka_t*, void* opaque) { static_cast<DeadLetters*>(opaque)->wake_(); }, out.get());
  return out;
}

DeadLetters::~DeadLetters() {
  if (impl_->client == nullptr) return;
  rd_kafka_queue_cb_event_enable(impl_->reports.get(), nullptr, nullptr);
  rd_kafka_purge(impl_->client.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  serve();  // frees the tickets
  impl_->reports.reset();
}

Result<bool> DeadLetters::send(ch_partition_id assignment, const TopicPartition& where, const ch_record& record, const std::string& why) {
  rd_kafka_headers_t* copied = nullptr;
  rd_kafka_headers_t* theirs = nullptr;
  if (rd_kafka_message_headers(static_cast<const rd_kafka_message_t*>(record.native), &theirs) == RD_KAFKA_RESP_ERR_NO_ERROR)
    copied = rd_kafka_headers_copy(theirs);
  Headers headers(copied != nullptr ? copied : rd_kafka_headers_new(10));
  if (settings_.context_headers) {
    add(headers.get(), "__connect.errors.topic", where.topic);
    add(headers.get(), "__connect.errors.partition", std::to_string(where.partition));
    add(headers.get(), "__connect.errors.offset", std::to_string(record.offset));
    add(headers.get(), "__connect.errors.connector.name", settings_.task);
    add(headers.get(), "__connect.errors.task.id", std::to_string(settings_.runner));
    add(headers.get(), "__connect.errors.stage", "TASK_PUT");
    add(headers.get(), "__connect.errors.class.name", settings_.connector);
    add(headers.get(), "__connect.errors.exception.class.name", "org.apache.kafka.connect.errors.DataException");
    add(headers.get(), "__connect.errors.exception.message", why);
    add(headers.get(), "__connect.errors.exception.stacktrace", "");
  }
  auto& progress = progress_[assignment];
  auto ticket = std::make_unique<Ticket>(Ticket{assignment, progress.last + 1});
  std::array<rd_kafka_vu_t, 7> parts{};
  parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  parts[0].u.cstr = settings_.topic.c_str();
  parts[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[1].u.i = RD_KAFKA_MSG_F_COPY;
  parts[2].vtype = RD_KAFKA_VTYPE_KEY;
  parts[2].u.mem = {const_cast<unsigned char*>(record.key.data), record.key.size};
  parts[3].vtype = RD_KAFKA_VTYPE_VALUE;
  parts[3].u.mem = {const_cast<unsigned char*>(record.value.data), record.value.size};
  parts[4].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  parts[4].u.i64 = std::max<std::int64_t>(record.timestamp_ms, 0);
  parts[5].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[5].u.headers = headers.get();
  parts[6].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[6].u.ptr = ticket.get();
  const KafkaError error(rd_kafka_produceva(impl_->client.get(), parts.data(), parts.size()));
  const auto code = error == nullptr ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_error_code(error.get());
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return false;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return fail(ErrorCode::unavailable,
                fmt::format("the dead-letter topic {} does not take a record: {}", settings_.topic, rd_kafka_err2str(code)));
  (void)headers.release();  // librdkafka's now
  (void)ticket.release();
  progress.outstanding.insert(++progress.last);
  return true;
}

void DeadLetters::serve() { rd_kafka_poll(impl_->client.get(), 0); }

void DeadLetters::delivered(ch_partition_id assignment, std::uint64_t number, int code, const std::string& why) {
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    trouble_ = kafka::trouble(static_cast<rd_kafka_resp_err_t>(code), "writing to the dead-letter topic " + settings_.topic, why);
    return;
  }
  const auto found = progress_.find(assignment);
  if (found != progress_.end()) found->second.outstanding.erase(number);
}

std::uint64_t DeadLetters::last(ch_partition_id assignment) const {
  const auto found = progress_.find(assignment);
  return found == progress_.end() ? 0 : found->second.last;
}

bool DeadLetters::acknowledged(ch_partition_id assignment, std::uint64_t number) const {
  const auto found = progress_.find(assignment);
  return found == progress_.end() || found->second.outstanding.empty() || *found->second.outstanding.begin() > number;
}

}  // namespace ch::kafka
