#include "kafka/dead_letters.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "kafka/consumer.hpp"
#include "kafka/rdkafka_handles.hpp"

namespace ch::kafka {

namespace {

using Headers = std::unique_ptr<rd_kafka_headers_t, Deleter<rd_kafka_headers_destroy>>;

constexpr std::uint64_t kLargestBytes = 64 << 20;
constexpr const char* kQueueKiB = "66560";  // the largest one must find room
constexpr const char* kQueueMessages = "1000";
constexpr const char* kDeliveryMs = "60000";  // then it is told, and sent again
constexpr milliseconds kSendAgain{5000};      // what was refused

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

class Producer final : public DeadLetters {
 public:
  Producer(const DeadLetterSettings& settings, std::function<void()> wake);
  ~Producer() override;
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;
  Status start();

  Sent send(ch_partition_id assignment, const TopicPartition& where, const ch_record& record, const std::string& why) override;
  void serve() override;
  std::uint64_t last(ch_partition_id assignment) const override;
  bool acknowledged(ch_partition_id assignment, std::uint64_t number) const override;
  void forget(ch_partition_id assignment) override;
  std::optional<Refusal> refusal(ch_partition_id assignment) const override;
  bool stuck() const override;
  const std::optional<Interruption>& trouble() const override { return trouble_; }

 private:
  struct Progress {
    std::uint64_t last = 0;
    std::set<std::uint64_t> outstanding;
  };
  struct Letter;
  // Copies what it is given; librdkafka has the headers and the ticket if it takes it.
  rd_kafka_resp_err_t produce(std::string_view key, std::string_view value, std::int64_t timestamp_ms, Headers& headers,
                              std::unique_ptr<Ticket> ticket) const;
  static Letter copy(const rd_kafka_message_t& message, const Ticket& ticket);
  void delivered(const rd_kafka_message_t& message);
  void keep(Letter letter, Interruption why, bool of_record);
  void send_again();
  std::string writing() const;  // what is done, for an error's message

  DeadLetterSettings settings_;
  std::function<void()> wake_;
  std::map<ch_partition_id, Progress> progress_;
  std::map<ch_partition_id, Refusal> refusals_;  // of each assignment the first
  std::optional<Interruption> trouble_;
  ClientHandle client_;
  Queue reports_;  // the producer's main queue
  std::vector<Letter> refused_;
  std::uint64_t refused_bytes_ = 0;
};

// What was refused: a copy, since librdkafka frees its own with the delivery report.
struct Producer::Letter {
  Ticket ticket;
  std::optional<std::string> key, value;
  std::int64_t timestamp_ms = 0;
  Headers headers;
  Instant due;

  std::uint64_t bytes() const { return (key ? key->size() : 0) + (value ? value->size() : 0); }
};

rd_kafka_resp_err_t Producer::produce(std::string_view key, std::string_view value, std::int64_t timestamp_ms, Headers& headers,
                                      std::unique_ptr<Ticket> ticket) const {
  std::array<rd_kafka_vu_t, 7> parts{};
  parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  parts[0].u.cstr = settings_.topic.c_str();
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
  const KafkaError error(rd_kafka_produceva(client_.get(), parts.data(), parts.size()));
  if (error != nullptr) return rd_kafka_error_code(error.get());
  (void)headers.release();
  (void)ticket.release();
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

Producer::Letter Producer::copy(const rd_kafka_message_t& message, const Ticket& ticket) {
  Letter letter{ticket, std::nullopt, std::nullopt, 0, nullptr, {}};
  if (message.key != nullptr) letter.key.emplace(static_cast<const char*>(message.key), message.key_len);
  if (message.payload != nullptr) letter.value.emplace(static_cast<const char*>(message.payload), message.len);
  letter.timestamp_ms = std::max<std::int64_t>(rd_kafka_message_timestamp(&message, nullptr), 0);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) headers = rd_kafka_headers_copy(headers);
  letter.headers.reset(headers != nullptr ? headers : rd_kafka_headers_new(0));
  return letter;
}

void Producer::delivered(const rd_kafka_message_t& message) {
  const std::unique_ptr<Ticket> ticket(static_cast<Ticket*>(message._private));
  const auto found = progress_.find(ticket->assignment);
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const std::string said = rd_kafka_err2str(message.err);  // librdkafka 2.8 has freed the broker's own words by now
    auto why = kafka::trouble(message.err, writing(), said);
    if (meaning(message.err) == Meaning::missing) trouble_ = why;
    const bool of_record = refuses_record(message.err);
    if (of_record) why.message = said;
    if (found != progress_.end()) keep(copy(message, *ticket), std::move(why), of_record);
  } else if (found != progress_.end()) {
    found->second.outstanding.erase(ticket->number);
    const auto refusal = refusals_.find(ticket->assignment);
    if (refusal != refusals_.end() && refusal->second.offset == ticket->offset) refusals_.erase(refusal);
  }
}

Producer::Producer(const DeadLetterSettings& settings, std::function<void()> wake) : settings_(settings), wake_(std::move(wake)) {}

Status Producer::start() {
  auto conf = make_conf(producer_properties(settings_));
  if (!conf) return tl::unexpected(conf.error());
  rd_kafka_conf_set_opaque(conf->get(), this);
  rd_kafka_conf_set_dr_msg_cb(conf->get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    static_cast<Producer*>(opaque)->delivered(*message);
  });
  const auto client = make_client(RD_KAFKA_PRODUCER, std::move(*conf));
  if (!client) return tl::unexpected(client.error());
  client_.reset(*client);
  reports_.reset(rd_kafka_queue_get_main(client_.get()));
  rd_kafka_queue_cb_event_enable(
      reports_.get(), [](rd_kafka_t*, void* opaque) { static_cast<Producer*>(opaque)->wake_(); }, this);
  return {};
}

Producer::~Producer() {
  if (client_ == nullptr) return;
  rd_kafka_queue_cb_event_enable(reports_.get(), nullptr, nullptr);
  progress_.clear();  // nothing is kept any more
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_poll(client_.get(), 0);  // frees the tickets
  reports_.reset();
}

std::string Producer::writing() const { return "writing to the dead-letter topic " + settings_.topic; }

DeadLetters::Sent Producer::send(ch_partition_id assignment, const TopicPartition& where, const ch_record& record, const std::string& why) {
  // Behind one that is refused nothing of its partition goes on, and copies of refused ones are bounded.
  if (refusals_.contains(assignment) || refused_bytes_ > kLargestBytes) return Sent::later;
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
  const auto code = produce(text_of(record.key), text_of(record.value), std::max<std::int64_t>(record.timestamp_ms, 0), headers,
                            std::make_unique<Ticket>(Ticket{assignment, progress.last + 1, record.offset}));
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return Sent::later;
  if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) return Sent::too_large;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    trouble_ = kafka::trouble(code, writing());
    return Sent::later;
  }
  progress.outstanding.insert(++progress.last);
  return Sent::yes;
}

void Producer::serve() {
  rd_kafka_poll(client_.get(), 0);
  send_again();
}

void Producer::keep(Letter letter, Interruption why, bool of_record) {
  letter.due = settings_.clock->steady() + kSendAgain;
  const Refusal refusal{letter.ticket.offset, letter.bytes(), std::move(why), of_record, settings_.clock->date_ms(letter.due)};
  auto& first = refusals_.try_emplace(letter.ticket.assignment, refusal).first->second;
  if (refusal.offset <= first.offset) first = refusal;
  refused_bytes_ += letter.bytes();
  refused_.push_back(std::move(letter));
}

void Producer::send_again() {
  const auto now = settings_.clock->steady();
  std::erase_if(refused_, [&](Letter& letter) {
    if (now < letter.due) return false;
    const auto code =
        produce(view(letter.key), view(letter.value), letter.timestamp_ms, letter.headers, std::make_unique<Ticket>(letter.ticket));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return false;  // the queue is full
    refused_bytes_ -= letter.bytes();
    return true;
  });
}

void Producer::forget(ch_partition_id assignment) {
  progress_.erase(assignment);
  refusals_.erase(assignment);
  std::erase_if(refused_, [&](const Letter& letter) {
    if (letter.ticket.assignment != assignment) return false;
    refused_bytes_ -= letter.bytes();
    return true;
  });
}

std::optional<DeadLetters::Refusal> Producer::refusal(ch_partition_id assignment) const {
  const auto found = refusals_.find(assignment);
  return found == refusals_.end() ? std::nullopt : std::optional(found->second);
}

bool Producer::stuck() const {
  return std::any_of(refusals_.begin(), refusals_.end(), [](const auto& one) { return !one.second.of_record; });
}

std::uint64_t Producer::last(ch_partition_id assignment) const {
  const auto found = progress_.find(assignment);
  return found == progress_.end() ? 0 : found->second.last;
}

bool Producer::acknowledged(ch_partition_id assignment, std::uint64_t number) const {
  const auto found = progress_.find(assignment);
  return found == progress_.end() || found->second.outstanding.empty() || *found->second.outstanding.begin() > number;
}

}  // namespace

Result<std::unique_ptr<DeadLetters>> make_dead_letters(const DeadLetterSettings& settings, std::function<void()> wake) {
  auto out = std::make_unique<Producer>(settings, std::move(wake));
  if (const auto started = out->start(); !started) return tl::unexpected(started.error());
  return out;
}

}  // namespace ch::kafka
