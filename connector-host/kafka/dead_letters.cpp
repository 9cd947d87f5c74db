#include "kafka/dead_letters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "kafka/consumer.hpp"
#include "kafka/handles.hpp"

namespace ch::kafka {

namespace {

using Headers = std::unique_ptr<rd_kafka_headers_t, Deleter<rd_kafka_headers_destroy>>;

constexpr std::uint64_t kLargestBytes = 64 << 20;
constexpr const char* kQueueKiB = "66560";  // the largest one must find room
constexpr const char* kQueueMessages = "1000";
constexpr const char* kDeliveryMs = "60000";  // then the record is read and rejected again
constexpr std::int64_t kSendAgainMs = 5000;   // what was refused

// What comes back with a delivery report; owned by librdkafka's message meanwhile.
struct Ticket {
  ch_partition_id assignment;
  std::uint64_t number;
  std::int64_t offset;
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
  out["message.max.bytes"] = std::to_string(kLargestBytes);
  out["batch.num.messages"] = "1";  // a batch is refused as a whole: each record answers for itself
  out["message.timeout.ms"] = kDeliveryMs;
  out["linger.ms"] = "5";
  return out;
}

std::string_view text_of(const ch_bytes& bytes) { return {reinterpret_cast<const char*>(bytes.data), bytes.size}; }
std::string_view view(const std::optional<std::string>& text) { return text ? std::string_view(*text) : std::string_view(); }

bool refuses_one(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
         code == RD_KAFKA_RESP_ERR_INVALID_RECORD || code == RD_KAFKA_RESP_ERR_INVALID_MSG;
}

}  // namespace

// What was refused: a copy, since librdkafka frees its own with the delivery report.
struct DeadLetters::Letter {
  Ticket ticket;
  std::optional<std::string> key, value;
  std::int64_t timestamp_ms = 0;
  Headers headers;
  std::int64_t due_ms = 0;

  std::uint64_t bytes() const { return (key ? key->size() : 0) + (value ? value->size() : 0); }
};

struct DeadLetters::Impl {
  ClientHandle client;
  Queue reports;  // the producer's main queue
  std::vector<Letter> refused;
  std::uint64_t refused_bytes = 0;

  // Copies what it is given; librdkafka has the headers and the ticket if it takes it.
  rd_kafka_resp_err_t produce(const std::string& topic, std::string_view key, std::string_view value, std::int64_t timestamp_ms,
                              Headers& headers, std::unique_ptr<Ticket> ticket) const;
  static Letter copy(const rd_kafka_message_t& message, const Ticket& ticket);
  static void delivered(DeadLetters& self, const rd_kafka_message_t& message);
};

rd_kafka_resp_err_t DeadLetters::Impl::produce(const std::string& topic, std::string_view key, std::string_view value,
                                               std::int64_t timestamp_ms, Headers& headers, std::unique_ptr<Ticket> ticket) const {
  std::array<rd_kafka_vu_t, 7> parts{};
  parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  parts[0].u.cstr = topic.c_str();
  parts[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[1].u.i = RD_KAFKA_MSG_F_COPY;
  parts[2].vtype = RD_KAFKA_VTYPE_KEY;
  parts[2].u.mem = {const_cast<char*>(key.data()), key.size()};
  parts[3].vtype = RD_KAFKA_VTYPE_VALUE;
  parts[3].u.mem = {const_cast<char*>(value.data()), value.size()};
  parts[4].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  parts[4].u.i64 = timestamp_ms;
  parts[5].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[5].u.headers = headers.get();
  parts[6].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[6].u.ptr = ticket.get();
  const KafkaError error(rd_kafka_produceva(client.get(), parts.data(), parts.size()));
  if (error != nullptr) return rd_kafka_error_code(error.get());
  (void)headers.release();
  (void)ticket.release();
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

DeadLetters::Letter DeadLetters::Impl::copy(const rd_kafka_message_t& message, const Ticket& ticket) {
  Letter letter{ticket, std::nullopt, std::nullopt, 0, nullptr, 0};
  if (message.key != nullptr) letter.key.emplace(static_cast<const char*>(message.key), message.key_len);
  if (message.payload != nullptr) letter.value.emplace(static_cast<const char*>(message.payload), message.len);
  letter.timestamp_ms = std::max<std::int64_t>(rd_kafka_message_timestamp(&message, nullptr), 0);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) headers = rd_kafka_headers_copy(headers);
  letter.headers.reset(headers != nullptr ? headers : rd_kafka_headers_new(0));
  return letter;
}

void DeadLetters::Impl::delivered(DeadLetters& self, const rd_kafka_message_t& message) {
  const std::unique_ptr<Ticket> ticket(static_cast<Ticket*>(message._private));
  const auto found = self.progress_.find(ticket->assignment);
  if (refuses_one(message.err)) {
    if (found != self.progress_.end()) self.keep(copy(message, *ticket), rd_kafka_err2str(message.err));
  } else if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    self.trouble_ = kafka::trouble(message.err, "writing to the dead-letter topic " + self.settings_.topic, rd_kafka_err2str(message.err));
  } else if (found != self.progress_.end()) {
    found->second.outstanding.erase(ticket->number);
    const auto refusal = self.refusals_.find(ticket->assignment);
    if (refusal != self.refusals_.end() && refusal->second.offset == ticket->offset) self.refusals_.erase(refusal);
  }
}

DeadLetters::DeadLetters(const DeadLetterSettings& settings, std::function<void()> wake)
    : settings_(settings), wake_(std::move(wake)), impl_(std::make_unique<Impl>()) {}

Result<std::unique_ptr<DeadLetters>> DeadLetters::create(const DeadLetterSettings& settings, std::function<void()> wake) {
  auto conf = make_conf(producer_properties(settings));
  if (!conf) return tl::unexpected(conf.error());
  std::unique_ptr<DeadLetters> out(new DeadLetters(settings, std::move(wake)));
  rd_kafka_conf_set_opaque(conf->get(), out.get());
  rd_kafka_conf_set_dr_msg_cb(conf->get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    Impl::delivered(*static_cast<DeadLetters*>(opaque), *message);
  });
  const auto client = make_client(RD_KAFKA_PRODUCER, std::move(*conf));
  if (!client) return tl::unexpected(client.error());
  out->impl_->client.reset(*client);
  out->impl_->reports.reset(rd_kafka_queue_get_main(out->impl_->client.get()));
  rd_kafka_queue_cb_event_enable(
      out->impl_->reports.get(), [](rd_kafka_t*, void* opaque) { static_cast<DeadLetters*>(opaque)->wake_(); }, out.get());
  return out;
}

DeadLetters::~DeadLetters() {
  if (impl_->client == nullptr) return;
  rd_kafka_queue_cb_event_enable(impl_->reports.get(), nullptr, nullptr);
  progress_.clear();  // nothing is kept any more
  rd_kafka_purge(impl_->client.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_poll(impl_->client.get(), 0);  // frees the tickets
  impl_->reports.reset();
}

Result<DeadLetters::Sent> DeadLetters::send(ch_partition_id assignment, const TopicPartition& where, const ch_record& record,
                                            const std::string& why) {
  // Behind one that is refused nothing of its partition goes on, and copies of refused ones are bounded.
  if (refusals_.contains(assignment) || impl_->refused_bytes > kLargestBytes) return Sent::later;
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
  const auto code =
      impl_->produce(settings_.topic, text_of(record.key), text_of(record.value), std::max<std::int64_t>(record.timestamp_ms, 0), headers,
                     std::make_unique<Ticket>(Ticket{assignment, progress.last + 1, record.offset}));
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return Sent::later;
  if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) return Sent::too_large;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return fail(ErrorCode::unavailable,
                fmt::format("the dead-letter topic {} does not take a record: {}", settings_.topic, rd_kafka_err2str(code)));
  progress.outstanding.insert(++progress.last);
  return Sent::yes;
}

void DeadLetters::serve() {
  rd_kafka_poll(impl_->client.get(), 0);
  send_again();
}

void DeadLetters::keep(Letter letter, const std::string& why) {
  letter.due_ms = now_ms() + kSendAgainMs;
  const Refusal refusal{letter.ticket.offset, letter.bytes(), why, letter.due_ms};
  auto& first = refusals_.try_emplace(letter.ticket.assignment, refusal).first->second;
  if (refusal.offset <= first.offset) first = refusal;
  impl_->refused_bytes += letter.bytes();
  impl_->refused.push_back(std::move(letter));
}

void DeadLetters::send_again() {
  const auto now = now_ms();
  std::erase_if(impl_->refused, [&](Letter& letter) {
    if (now < letter.due_ms) return false;
    const auto code = impl_->produce(settings_.topic, view(letter.key), view(letter.value), letter.timestamp_ms, letter.headers,
                                     std::make_unique<Ticket>(letter.ticket));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return false;  // the queue is full
    impl_->refused_bytes -= letter.bytes();
    return true;
  });
}

void DeadLetters::forget(ch_partition_id assignment) {
  progress_.erase(assignment);
  refusals_.erase(assignment);
  std::erase_if(impl_->refused, [&](const Letter& letter) {
    if (letter.ticket.assignment != assignment) return false;
    impl_->refused_bytes -= letter.bytes();
    return true;
  });
}

std::optional<DeadLetters::Refusal> DeadLetters::refusal(ch_partition_id assignment) const {
  const auto found = refusals_.find(assignment);
  return found == refusals_.end() ? std::nullopt : std::optional(found->second);
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
