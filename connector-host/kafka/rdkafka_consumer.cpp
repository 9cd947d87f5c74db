#include "kafka/rdkafka_consumer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <connector_host/failpoint.hpp>
#include <map>

#include "base/log.hpp"
#include "kafka/fetch_buffer.hpp"
#include "kafka/group_client.hpp"
#include "kafka/offset_commits.hpp"
#include "kafka/offset_queries.hpp"
#include "kafka/subscription_errors.hpp"
#include "kafka/topic_watch.hpp"

namespace ch::kafka {

namespace {

using Steady = std::chrono::steady_clock;

constexpr const char* kInterceptor = "connector-host";
constexpr const char* kTalking = "talking to the cluster";
constexpr milliseconds kThrottlePause{3000};   // two waits within it are one
constexpr milliseconds kLeaveTime{2000};       // that stopping waits for a broker to answer a static member's leaving
constexpr milliseconds kLookupTimeout{10000};  // for all requests in the assign callback; far below max.poll.interval.ms

ch_partition_id next_id() {
  static std::atomic<ch_partition_id> last = 0;
  return ++last;
}

std::vector<TopicPartition> from_list(const rd_kafka_topic_partition_list_t& list) {
  std::vector<TopicPartition> out;
  for (int i = 0; i < list.cnt; ++i) out.push_back({list.elems[i].topic, list.elems[i].partition});
  return out;
}

// Of Kafka's protocol (https://kafka.apache.org/protocol#protocol_api_keys).
constexpr std::int16_t kOffsetCommit = 8, kLeaveGroup = 13, kSaslHandshake = 17, kApiVersions = 18, kSaslAuthenticate = 36;

}  // namespace

struct RdkafkaConsumer::Impl {
  explicit Impl(const ConsumerSettings& s) : task(s.task) {}

  std::string task;
  Listener* listener = nullptr;  // from subscribe() on
  rd_kafka_t* client = nullptr;
  Queue consumer_queue;
  Fence fence;
  std::optional<OffsetCommits> commits;
  std::optional<FetchBuffer> buffers;
  std::vector<ch_partition_id> readable;
  std::atomic<bool> connected = false;  // a request of an accepted client was sent
  std::atomic<bool> left = false;       // a LeaveGroup was answered
  bool static_member = false;
  bool closing = false;  // see leave()
  bool untaken = false;  // an assignment came meanwhile
  bool member = false;   // has an assignment
  bool by_expression = false;
  milliseconds watch_every{0};
  std::optional<TopicWatch> watch;
  bool down = false;  // no broker has answered since they were all told to be away
  SubscriptionErrors refusals;
  LastError last;
  struct {
    std::string broker;
    milliseconds at_once{0};
    Steady::time_point since, until;
  } throttling;

  void wake() const { rd_kafka_queue_yield(consumer_queue.get()); }
  void commit_positions() const;  // what a deliberate bug does: commits what was read, whether stored or not
  void assign(const rd_kafka_topic_partition_list_t& list);
  void revoke();
  bool serve_all(Steady::time_point deadline) const;
  bool leave(Steady::time_point deadline) const;
  bool end_membership(Steady::time_point deadline) const;
  void tell(const Interruption& trouble);
  void error(rd_kafka_resp_err_t code, const char* reason);
  void throttle(const char* broker, milliseconds at_once);
  void not_consuming(const rd_kafka_message_t& message);
  void ask_again();
  void reached();
  std::optional<Interruption> look_up(std::vector<Assignment>& assignments) const;

  static void on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* list, void* opaque);
  static rd_kafka_resp_err_t on_request_sent(rd_kafka_t*, int, const char*, std::int32_t, std::int16_t api_key, std::int16_t, std::int32_t,
                                             std::size_t, void* opaque);
  static rd_kafka_resp_err_t on_response(rd_kafka_t*, int, const char*, std::int32_t, std::int16_t api_key, std::int16_t, std::int32_t,
                                         std::size_t, std::int64_t, rd_kafka_resp_err_t, void* opaque);
};

void RdkafkaConsumer::Impl::on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* list, void* opaque) {
  auto& self = *static_cast<Impl*>(opaque);
  if (code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    self.revoke();
  } else if (self.closing) {
    self.untaken = true;
  } else {
    self.assign(*list);
  }
}

// Committed offsets and the log's bounds, for all partitions in three requests. A partition without a leader must not keep
// the others from being read: its bounds stay unknown, and librdkafka begins to fetch at the start when it has one.
std::optional<Interruption> RdkafkaConsumer::Impl::look_up(std::vector<Assignment>& assignments) const {
  std::vector<TopicPartition> where;
  for (const auto& a : assignments) where.push_back(a.where);
  const auto deadline = Steady::now() + kLookupTimeout;
  const auto time = [&] { return std::max(std::chrono::duration_cast<milliseconds>(deadline - Steady::now()), milliseconds(1)); };
  const auto why = [this](rd_kafka_resp_err_t code, std::string_view doing) { return last.explain(code, doing); };
  const auto committed = queries::committed(client, where, time(), why);
  if (committed.trouble) return committed.trouble;
  const auto low = queries::offsets_at(client, where, RD_KAFKA_OFFSET_BEGINNING, time(), why, queries::Leaderless::is_unknown);
  if (low.trouble) return low.trouble;
  const auto high = queries::offsets_at(client, where, RD_KAFKA_OFFSET_END, time(), why, queries::Leaderless::is_unknown);
  if (high.trouble) return high.trouble;
  std::map<TopicPartition, Assignment*> by_name;
  for (auto& a : assignments) by_name[a.where] = &a;
  for (const auto& c : committed.value) {
    by_name.at(c.where)->committed_offset = c.offset;
    by_name.at(c.where)->metadata = c.metadata;
  }
  for (const auto& l : low.value) by_name.at(l.where)->low = l.offset;
  for (const auto& h : high.value) by_name.at(h.where)->high = h.offset;
  return std::nullopt;
}

void RdkafkaConsumer::Impl::assign(const rd_kafka_topic_partition_list_t& list) {
  std::vector<Assignment> assignments;
  for (auto& where : from_list(list)) {
    Assignment a;
    a.id = next_id();
    a.where = std::move(where);
    assignments.push_back(std::move(a));
  }
  if (const auto trouble = look_up(assignments)) {
    rd_kafka_assign(client, nullptr);
    tell(*trouble);
    listener->on_rejoin_needed("the committed offsets could not be read");
    return;
  }
  member = true;
  refusals.joined();
  for (const auto& a : assignments) buffers->add(a.id, a.where);
  listener->on_assigned(assignments);
  const PartitionList starts(rd_kafka_topic_partition_list_new(list.cnt));
  for (const auto& a : assignments) {
    rd_kafka_topic_partition_list_add(starts.get(), a.where.topic.c_str(), a.where.partition)->offset =
        a.start >= 0 ? a.start : std::max<std::int64_t>(a.low, 0);
  }
  if (const auto code = rd_kafka_assign(client, starts.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    listener->on_rejoin_needed(fmt::format("assign failed: {}", rd_kafka_err2str(code)));
  }
  buffers->resume_parked();
  if (CH_BUG("left_paused") && !assignments.empty() && assignments.front().id > assignments.size())
    rd_kafka_pause_partitions(client, starts.get());
}

// Eager protocol: it is always the whole assignment.
void RdkafkaConsumer::Impl::revoke() {
  const bool lost = rd_kafka_assignment_lost(client) != 0;
  listener->on_revoked(buffers->ids(), lost);
  member = false;
  buffers->clear();
  readable.clear();
  rd_kafka_assign(client, nullptr);
}

// All callbacks that wait. False: not in time.
bool RdkafkaConsumer::Impl::serve_all(Steady::time_point deadline) const {
  do {
    if (Steady::now() >= deadline) return false;
    const Message message(rd_kafka_consumer_poll(client, 0));
  } while (rd_kafka_queue_length(consumer_queue.get()) > 0);
  return true;
}

// librdkafka before 2.10 drops without an answer what it is asked at the moment when it has closed (its issue 4884), and
// rd_kafka_assign() waits for an answer without a bound. So it is asked only what it waits for itself: a revocation that
// closing would overtake is answered before it is told to close, and an assignment that we do not take is left to it.
bool RdkafkaConsumer::Impl::leave(Steady::time_point deadline) const {
  if (!serve_all(deadline)) return false;
  if (!untaken) {
    rd_kafka_unsubscribe(client);  // a revocation that this takes waits for us when it returns
    if (!serve_all(deadline)) return false;
  }
  if (const KafkaError error(rd_kafka_consumer_close_queue(client, consumer_queue.get())); error != nullptr) return false;
  while (rd_kafka_consumer_closed(client) == 0) {
    if (Steady::now() >= deadline) return false;
    const Message message(rd_kafka_consumer_poll(client, 50));
  }
  return true;
}

// librdkafka lets a static member leave when it unsubscribes, but not when it is closed (KIP-345), which therefore has to
// wait for the answer; what is assigned is given up on the way. A member that is just joining is left to the time-out.
bool RdkafkaConsumer::Impl::end_membership(Steady::time_point deadline) const {
  rd_kafka_unsubscribe(client);
  while (!left) {
    if (Steady::now() >= deadline) return false;
    const Message message(rd_kafka_consumer_poll(client, 20));
  }
  return true;
}

// On librdkafka's threads.
rd_kafka_resp_err_t RdkafkaConsumer::Impl::on_response(rd_kafka_t*, int, const char*, std::int32_t, std::int16_t api_key, std::int16_t,
                                                       std::int32_t, std::size_t, std::int64_t, rd_kafka_resp_err_t error, void* opaque) {
  if (api_key == kLeaveGroup && error == RD_KAFKA_RESP_ERR_NO_ERROR) static_cast<Impl*>(opaque)->left = true;
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

// On librdkafka's threads.
rd_kafka_resp_err_t RdkafkaConsumer::Impl::on_request_sent(rd_kafka_t*, int, const char*, std::int32_t, std::int16_t api_key, std::int16_t,
                                                           std::int32_t, std::size_t, void* opaque) {
  auto& self = *static_cast<Impl*>(opaque);
  if (api_key == kOffsetCommit) self.fence.request_sent();
  if (api_key != kApiVersions && api_key != kSaslHandshake && api_key != kSaslAuthenticate) self.connected = true;
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void RdkafkaConsumer::Impl::tell(const Interruption& trouble) {
  connected = false;
  listener->on_trouble(trouble);
}

void RdkafkaConsumer::Impl::error(rd_kafka_resp_err_t code, const char* reason) {
  if (code == RD_KAFKA_RESP_ERR__FATAL) {
    char text[512];
    rd_kafka_fatal_error(client, text, sizeof text);
    listener->on_rejoin_needed(fmt::format("librdkafka gave the consumer up: {}", text));
    return;
  }
  log::debug(task, "kafka: {}: {}", rd_kafka_err2name(code), reason);
  last.add(code, reason);
  down = down || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
  if (down || meaning(code) == Meaning::authentication) tell(last.explain(down ? RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN : code, kTalking));
}

// A response of the same broker that need not wait is told as a wait of 0, although the one before goes on: it ends by time.
void RdkafkaConsumer::Impl::throttle(const char* broker, milliseconds at_once) {
  if (at_once.count() == 0) return;
  const auto now = Steady::now();
  if (now > throttling.until + kThrottlePause) throttling.since = now;
  throttling.broker = broker;
  throttling.at_once = at_once;
  throttling.until = now + at_once;
}

// What only says that nobody can answer is over when somebody does; everything else is told once, and kept in mind.
void RdkafkaConsumer::Impl::not_consuming(const rd_kafka_message_t& message) {
  const auto what = trouble(message.err, "consuming", rd_kafka_message_errstr(&message));
  const char* topic = message.rkt != nullptr ? rd_kafka_topic_name(message.rkt) : SubscriptionErrors::kGroup;
  if (meaning(message.err) == Meaning::unreachable || refusals.add(topic, what)) tell(what);
}

void RdkafkaConsumer::Impl::ask_again() {
  if (watch && watch->changed(client)) return listener->on_topics_changed();
  refusals.take_answer(by_expression);
  if (!refusals.due()) return;
  if (member && refusals.of_group()) return listener->on_rejoin_needed("the group was refused, which may be over");
  refusals.ask(client);
}

void RdkafkaConsumer::Impl::reached() {
  down = false;
  last.forget();
  if (const auto* refused = refusals.any()) return listener->on_trouble(*refused);
  listener->on_reachable();
}

void RdkafkaConsumer::Impl::commit_positions() const {
  rd_kafka_topic_partition_list_t* assigned = nullptr;
  if (rd_kafka_assignment(client, &assigned) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const PartitionList list(assigned);
  rd_kafka_position(client, list.get());
  rd_kafka_commit(client, list.get(), 1);
}

RdkafkaConsumer::RdkafkaConsumer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<RdkafkaConsumer>> RdkafkaConsumer::create(const ConsumerSettings& settings) {
  const auto properties = consumer_properties(settings);
  auto conf = make_conf(properties);
  if (!conf) return tl::unexpected(conf.error());
  auto impl = std::make_unique<Impl>(settings);
  impl->watch_every = milliseconds(std::stoll(properties.at("topic.metadata.refresh.interval.ms")));
  const auto instance = properties.find("group.instance.id");
  impl->static_member = instance != properties.end() && !instance->second.empty();
  rd_kafka_conf_set_opaque(conf->get(), impl.get());
  rd_kafka_conf_set_rebalance_cb(conf->get(), &Impl::on_rebalance);
  rd_kafka_conf_set_error_cb(conf->get(), [](rd_kafka_t*, int code, const char* reason, void* opaque) {
    static_cast<Impl*>(opaque)->error(meant(static_cast<rd_kafka_resp_err_t>(code), reason), reason);
  });
  rd_kafka_conf_set_throttle_cb(conf->get(), [](rd_kafka_t*, const char* broker, std::int32_t, int time, void* opaque) {
    static_cast<Impl*>(opaque)->throttle(broker, milliseconds(time));
  });
  rd_kafka_conf_interceptor_add_on_new(
      conf->get(), kInterceptor,
      [](rd_kafka_t* client, const rd_kafka_conf_t*, void* opaque, char*, std::size_t) {
        rd_kafka_interceptor_add_on_response_received(client, kInterceptor, &Impl::on_response, opaque);
        return rd_kafka_interceptor_add_on_request_sent(client, kInterceptor, &Impl::on_request_sent, opaque);
      },
      impl.get());
  const auto client = make_client(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return tl::unexpected(client.error());
  impl->client = *client;
  rd_kafka_poll_set_consumer(impl->client);
  impl->consumer_queue.reset(rd_kafka_queue_get_consumer(impl->client));
  impl->buffers.emplace(impl->client, [impl = impl.get()] { impl->wake(); });
  impl->commits.emplace(impl->client, impl->fence, [impl = impl.get()] { impl->wake(); });
  return std::unique_ptr<RdkafkaConsumer>(new RdkafkaConsumer(std::move(impl)));
}

RdkafkaConsumer::~RdkafkaConsumer() {
  impl_->refusals.finish();
  if (impl_->watch) impl_->watch->finish();
  impl_->buffers.reset();
  impl_->commits.reset();
  impl_->consumer_queue.reset();
  rd_kafka_destroy_flags(impl_->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

Status RdkafkaConsumer::subscribe(const Subscription& topics, Listener& listener) {
  impl_->listener = &listener;
  impl_->by_expression = !topics.expression.empty();
  impl_->watch.emplace(topics.expression, topics.topics, impl_->watch_every);
  if (topics.topics.empty()) return {};
  std::vector<TopicPartition> list;
  for (const auto& topic : topics.topics) list.push_back({topic, RD_KAFKA_PARTITION_UA});
  const auto code = rd_kafka_subscribe(impl_->client, queries::to_list(list).get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(ErrorCode::invalid, fmt::format("cannot subscribe: {}", rd_kafka_err2str(code)));
  return {};
}

void RdkafkaConsumer::poll(milliseconds at_most) {
  // Rebalances before commit results: a success can be older than the loss of its assignment (delivery.md 3).
  int wait = static_cast<int>(at_most.count());
  while (const Message message{rd_kafka_consumer_poll(impl_->client, wait)}) {
    wait = 0;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
      continue;                                      // of an assignment that has ended
    if (message->err == RD_KAFKA_RESP_ERR__FATAL) {  // no trouble of the cluster's: another member has our id, or the like
      impl_->error(message->err, "");
      continue;
    }
    if (message->err == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED) {
      log::warn(impl_->task,
                "the poll thread was away for longer than max.poll.interval.ms; partitions are lost and will be assigned anew");
      continue;
    }
    impl_->not_consuming(*message);
  }
  impl_->ask_again();
  if (impl_->connected.load() && impl_->connected.exchange(false)) impl_->reached();
  serve_commits();
}

void RdkafkaConsumer::wake() {
  if (CH_BUG("upload_thread_commit")) impl_->commit_positions();  // mostly upload threads come by here
  impl_->wake();
}

bool RdkafkaConsumer::fetch() { return impl_->buffers->fetch(); }

std::vector<ch_partition_id> RdkafkaConsumer::holding_up() const { return impl_->buffers->holding_up(); }

const std::vector<ch_partition_id>& RdkafkaConsumer::readable() {
  impl_->buffers->list_news(impl_->readable);
  return impl_->readable;
}

Result<RdkafkaConsumer::Records> RdkafkaConsumer::read(ch_partition_id id) {
  PartitionBuffer* buffer = impl_->buffers->find(id);
  if (buffer == nullptr) return Records{};
  const auto code = buffer->error();
  if (code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
    return fail(ErrorCode::conflict,
                fmt::format("the broker no longer has the next offset of {}-{}", buffer->where().topic, buffer->where().partition));
  }
  Records out{buffer->records(), buffer->end_of_partition(), {}};
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    out.broken = trouble(code, fmt::format("reading {}-{}", buffer->where().topic, buffer->where().partition), buffer->error_text());
  return out;
}

void RdkafkaConsumer::take(ch_partition_id id, std::size_t count) {
  if (auto* buffer = impl_->buffers->find(id)) buffer->take(count);
}

void RdkafkaConsumer::park(ch_partition_id id) {
  if (auto* buffer = impl_->buffers->find(id); buffer != nullptr && !buffer->parked) impl_->buffers->park(*buffer);
}

bool RdkafkaConsumer::parked(ch_partition_id id) const {
  const auto* buffer = impl_->buffers->find(id);
  return buffer != nullptr && buffer->parked;
}

Status RdkafkaConsumer::seek(ch_partition_id id, std::int64_t offset) {
  auto* buffer = impl_->buffers->find(id);
  return buffer == nullptr ? Status{} : impl_->buffers->seek(*buffer, offset);
}

std::int64_t RdkafkaConsumer::end_offset(ch_partition_id id) const {
  const auto* buffer = impl_->buffers->find(id);
  if (buffer == nullptr) return -1;
  std::int64_t low = -1, high = -1;
  const auto& where = buffer->where();
  rd_kafka_get_watermark_offsets(impl_->client, where.topic.c_str(), where.partition, &low, &high);
  return high >= 0 ? high : -1;
}

bool RdkafkaConsumer::holds(ch_partition_id id) const {
  const auto* buffer = impl_->buffers->find(id);
  return buffer == nullptr || buffer->parked || buffer->has_news();
}

std::optional<Throttled> RdkafkaConsumer::throttled() const {
  const auto& it = impl_->throttling;
  const auto now = Steady::now();
  if (it.at_once.count() == 0 || now > it.until + kThrottlePause) return std::nullopt;
  return Throttled{it.broker, it.at_once, std::chrono::duration_cast<milliseconds>(now - it.since)};
}

bool RdkafkaConsumer::commit(const std::vector<CommitRequest>& requests) {
  if (commit_under_way() || requests.empty()) return false;
  const auto sent = impl_->commits->send(requests);
  if (!sent) impl_->listener->on_rejoin_needed(sent.error().message);
  return sent.has_value();
}

bool RdkafkaConsumer::commit_under_way() const { return impl_->commits->under_way(); }

milliseconds RdkafkaConsumer::commit_age() const { return impl_->commits->age(); }

void RdkafkaConsumer::serve_commits() { impl_->commits->serve(*impl_->listener); }

bool RdkafkaConsumer::close(milliseconds at_most, Membership membership) {
  impl_->closing = true;
  if (!impl_->static_member) return impl_->leave(Steady::now() + at_most);
  const bool ended =
      membership == Membership::kept || !impl_->member || impl_->end_membership(Steady::now() + std::min(at_most, kLeaveTime));
  impl_->revoke();  // if it was not; such a member stays one until its session times out, and the destructor needs no answers
  return ended;
}

Status each_header(const ch_record& record, ch_header_fn each, void* user) {
  rd_kafka_headers_t* headers = nullptr;
  const auto* message = static_cast<const rd_kafka_message_t*>(record.native);
  const auto code = rd_kafka_message_headers(message, &headers);
  if (code == RD_KAFKA_RESP_ERR__NOENT) return {};
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return fail(ErrorCode::invalid, fmt::format("headers of offset {}: {}", record.offset, rd_kafka_err2str(code)));
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    each(user, {name, std::char_traits<char>::length(name)}, {static_cast<const unsigned char*>(value), size});
  }
  return {};
}

}  // namespace ch::kafka
