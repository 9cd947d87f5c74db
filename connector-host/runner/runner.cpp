#include "runner/runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/crc.hpp>
#include <connector_host/reasons.hpp>
#include <random>
#include <stdexcept>
#include <thread>

#include "base/crash_sign.hpp"
#include "base/descriptors.hpp"
#include "base/log.hpp"
#include "kafka/rdkafka_consumer.hpp"
#include "runner/sink_session.hpp"

namespace ch::runner {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookupTimeout{3000};  // stopping waits for it
constexpr milliseconds kPrepareTime{90000};   // several requests to brokers, and other runners of the task come first
constexpr milliseconds kLate{2500};           // the poll thread waits a second at the most
constexpr milliseconds kFirstBackoff{250};
constexpr milliseconds kLongestBackoff{30000};

// All runners of the process.
std::optional<Interruption> no_descriptors(Instant now) {
  static descriptors::Gate gate;
  const auto open = descriptors::open_now();
  const auto limit = descriptors::limit();
  if (gate.admit(now, open, limit)) return std::nullopt;
  return Interruption{
      reasons::kFileLimit,
      fmt::format("the process may have {} files and connections open (RLIMIT_NOFILE), and {} are: the rest is kept for the API, so this "
                  "runner is not started",
                  limit, open),
      fmt::format("Raise the hard limit to at least {} (LimitNOFILE= of the service, nofile of the container, ulimit -Hn) and restart the "
                  "host, or disable other tasks; the task goes on by itself.",
                  gate.needed(now, open))};
}

// Brokers hand a static member that comes again its old assignment, without asking for which topics it comes: a topic that had
// been added was never read. Other topics therefore make another member.
std::string member_id(const std::string& own, const std::vector<std::string>& topics) {
  if (own.empty()) return "";
  boost::crc_32_type sum;
  for (const auto& topic : topics) sum.process_bytes(topic.c_str(), topic.size() + 1);
  return fmt::format("{}-{:08x}", own, sum.checksum());
}

}  // namespace

Interruption explained(ckafka::Instance* instance, const Interruption& trouble) {
  if (instance == nullptr || (!kafka::is_of_brokers(trouble.reason) && trouble.reason != reasons::kInstanceIsolated)) return trouble;
  return instance->isolation().value_or(trouble);
}

// The poll thread. What is not in RunnerControl is its own.
struct Runner::Impl {
  explicit Impl(RunnerSpec s)
      : spec(std::move(s)),
        budget(spec.info.buffer_memory - fetch_share(spec.info.buffer_memory), spec.host_budget),
        pool(spec.info.upload_threads, [this] { control.wake(); }),
        host_table(spec.info.name, budget, pool, *spec.metrics, *spec.clock) {
    control.paused = spec.paused;
    status.id = spec.info.runner;
    status.host = spec.host;
    status.since_ms = spec.clock->wall_ms();
    control.publish(status);
    control.beat = spec.beats->join(fmt::format("runner {} of {}", spec.info.runner, spec.info.name), spec.clock->steady());
  }

  void run() noexcept;
  void work();
  void come_round(milliseconds longer = {}) { control.beat->come_round(spec.clock->steady(), longer); }
  void finish_jobs() {
    pool.finish([this] { come_round(); });
  }
  kafka::ConsumerSettings consumer_settings() const;
  void give_connector_up(const std::string& why);
  bool prepare();
  bool ask_cluster(kafka::GroupClient& client);
  void take_topic_ids(const Config& ids);
  bool isolation_ended();
  bool make_connector_task();
  bool trouble(const Interruption& what);
  bool failed(const std::string& trace);
  void back_off();
  void publish(State state);
  void event(const std::string& kind, const std::string& message);
  store::Event event_of(const std::string& kind, State state, const std::string& message, const InterruptionStatus* why) const;
  std::optional<InterruptionStatus> stuck() const;

  RunnerSpec spec;
  RunnerControl control;
  Budget budget;
  UploadPool pool;
  HostTable host_table;
  std::unique_ptr<plugins::ConnectorTask> connector;
  RunnerStatus status;  // between sessions
  milliseconds backoff = kFirstBackoff;
  std::mt19937 random{std::random_device{}()};
  kafka::Properties cluster;
  Totals totals;
  std::uint64_t series = 1;
  kafka::Subscription subscription;  // as the cluster was asked last
  bool stuck_told = false;           // see watch()
  std::jthread thread;
};

void Runner::Impl::run() noexcept {
  CrashSign::cover_this_thread();
  try {
    work();
  } catch (const std::exception& error) {
    log::error(spec.info.name, "runner {} ended by an exception: {}", spec.info.runner, error.what());
    status.trace = error.what();
    publish(State::failed);
  }
  finish_jobs();
  connector.reset();
  if (status.state != State::failed) publish(State::disabled);
  control.beat->end();
  control.stopped = true;
}

void Runner::Impl::work() {
  while (!control.stopping) {
    if (!prepare() || !make_connector_task()) {
      back_off();
      continue;
    }
    const auto consumer = kafka::RdkafkaConsumer::create(consumer_settings());
    if (!consumer) {
      give_connector_up(consumer.error().message);
      back_off();
      continue;
    }
    SinkSession session(
        {spec, cluster, control, host_table, pool, budget, *connector, **consumer, kafka::make_dead_letters, totals, series, subscription});
    const auto outcome = session.run();
    status = control.status();
    if (outcome.worked) backoff = kFirstBackoff;
    if (outcome.end == SinkSession::End::stopped) return;
    if (outcome.end == SinkSession::End::rejoin) {
      spec.metrics->add(metrics::Id::rejoins);
      log::info(spec.info.name, "leaving the group and joining it anew: {}", outcome.why);
      event("rejoin", outcome.why);
    } else {
      give_connector_up(outcome.why);
    }
    back_off();
  }
}

kafka::ConsumerSettings Runner::Impl::consumer_settings() const {
  kafka::ConsumerSettings settings;
  settings.cluster = cluster;
  settings.overrides = spec.overrides;
  settings.group_id = spec.group_id;
  settings.group_instance_id = member_id(spec.group_instance_id, subscription.topics);
  settings.client_id = fmt::format("connector-consumer-{}-{}", spec.info.name, spec.info.runner);
  settings.task = spec.info.name;
  settings.fetch_memory = fetch_share(spec.info.buffer_memory);
  return settings;
}

void Runner::Impl::give_connector_up(const std::string& why) {
  finish_jobs();
  connector.reset();
  const auto last = host_table.last_error();
  failed(last.empty() ? why : fmt::format("{}: {}", why, last));
}

// Asks the cluster what must be known before joining. False: not now.
bool Runner::Impl::prepare() {
  come_round(kPrepareTime);
  status.trace.clear();
  if (const auto full = no_descriptors(spec.clock->steady())) return trouble(*full);
  auto properties = spec.cluster();
  if (!properties) {
    return trouble(
        {reasons::kBrokerAuth, properties.error().message, "Put back what the instance's placeholder names; the task goes on by itself."});
  }
  cluster = std::move(*properties);
  try {
    kafka::GroupClient client(cluster, spec.group_id, fmt::format("connector-host-{}-{}", spec.info.name, spec.info.runner));
    return ask_cluster(client);
  } catch (const std::runtime_error& error) {  // librdkafka refuses the instance's properties
    return failed(error.what());
  }
}

bool Runner::Impl::ask_cluster(kafka::GroupClient& client) {
  const auto topics = client.all_topics(kLookupTimeout);
  if (topics.trouble) return trouble(explained(spec.ckafka.get(), *topics.trouble));
  const auto ours = kafka::matching(topics.value, spec.topics);
  for (const auto& name : spec.topics) {
    if (kafka::is_expression(spec.topics) || ours.contains(name)) continue;
    return trouble({reasons::kTopicMissing,
                    fmt::format("topic {} does not exist in instance {}, or its user may not see it", name, spec.info.instance),
                    "Create the topic, let the user read it, or correct `topics` of the task."});
  }
  const auto& dead_letters = spec.errors.dead_letter_topic;
  if (spec.errors.tolerate && !dead_letters.empty() && !topics.value.contains(dead_letters)) {
    const auto created = client.create_topic(dead_letters, spec.errors.replication_factor, kLookupTimeout);
    if (created.trouble) return trouble(*created.trouble);
  }
  const auto id = client.cluster_id(kLookupTimeout);
  if (id.trouble) return trouble(*id.trouble);
  spec.info.cluster = id.value;
  subscription.topics.clear();
  for (const auto& [name, partitions] : ours) subscription.topics.push_back(name);
  subscription.expression = kafka::is_expression(spec.topics) ? spec.topics.front() : "";
  const auto start = spec.fix_start(client, ours);
  if (start.trouble) return trouble(*start.trouble);
  take_topic_ids(start.topic_ids);
  series = start.series;
  control.start_fixed = true;
  status.interruption.reset();
  publish(State::starting);
  return true;
}

// The connector is told of names when it is made.
void Runner::Impl::take_topic_ids(const Config& ids) {
  if (ids == spec.info.topic_ids) return;
  finish_jobs();
  connector.reset();
  spec.info.topic_ids = ids;
}

// While waiting: the reason may become known, or be gone, so that it is worth trying at once.
bool Runner::Impl::isolation_ended() {
  if (spec.ckafka == nullptr || !status.interruption) return false;
  const auto reason = status.interruption->reason;
  const auto now = explained(spec.ckafka.get(), {reason, "", ""});
  if (now.reason != reason) trouble(now);
  return reason == reasons::kInstanceIsolated && now.message.empty();
}

bool Runner::Impl::make_connector_task() {
  if (connector != nullptr) return true;
  auto made = spec.connector->create(host_table.table(), spec.info);
  if (!made) return failed(made.error().message);
  connector = std::move(*made);
  return true;
}

bool Runner::Impl::trouble(const Interruption& what) {
  const bool fresh = !status.interruption || status.interruption->reason != what.reason;
  if (fresh) spec.metrics->add(metrics::Id::interruptions, what.reason);
  const auto since = fresh ? spec.clock->wall_ms() : status.interruption->since_ms;
  status.interruption = InterruptionStatus{what, since};
  status.interruption->next_try_ms = spec.clock->date_ms(spec.clock->steady() + backoff);
  status.partitions.clear();
  publish(State::interrupted);
  if (fresh) {
    log::warn(spec.info.name, "interrupted ({}): {}. {}", what.reason, what.message, what.remedy);
    event("interrupted", what.message);
  }
  return false;
}

bool Runner::Impl::failed(const std::string& trace) {
  spec.metrics->add(metrics::Id::failures);
  status.trace = trace;
  status.interruption.reset();
  status.partitions.clear();
  publish(State::failed);
  log::error(spec.info.name, "runner {} failed and will be started again: {}", spec.info.runner, trace);
  event("failed", trace);
  return false;
}

// Waits with the connector's jobs still being served, so that their memory is given back.
void Runner::Impl::back_off() {
  std::uniform_real_distribution<double> jitter(0.8, 1.2);
  const auto& clock = *spec.clock;
  const auto until = clock.steady() + std::chrono::round<milliseconds>(backoff * jitter(random));
  backoff = std::min(backoff * 2, kLongestBackoff);
  while (!control.stopping && !control.retry.exchange(false) && clock.steady() < until && !isolation_ended()) {
    come_round();
    pool.serve();
    if (status.interruption) status.interruption->next_try_ms = clock.date_ms(until);
    control.publish(status);
    control.wait(std::clamp(until - clock.steady(), milliseconds(1), milliseconds(1000)));
  }
}

void Runner::Impl::publish(State state) {
  if (status.state != state) status.since_ms = spec.clock->wall_ms();
  status.state = state;
  status.memory_bytes = budget.used();
  control.publish(status);
}

void Runner::Impl::event(const std::string& kind, const std::string& message) {
  spec.add_event(event_of(kind, status.state, message, status.interruption ? &*status.interruption : nullptr));
}

// Any thread.
store::Event Runner::Impl::event_of(const std::string& kind, State state, const std::string& message, const InterruptionStatus* why) const {
  store::Event out;
  out.task = spec.info.name;
  out.time_ms = spec.clock->wall_ms();
  out.kind = kind;
  out.state = to_string(state);
  out.message = message;
  if (why != nullptr) {
    out.reason = why->reason;
    out.remedy = why->remedy;
  }
  out.host = spec.host;
  return out;
}

// Any thread. Nothing of what the poll thread published last is true any more.
std::optional<InterruptionStatus> Runner::Impl::stuck() const {
  const auto now = spec.clock->steady();
  if (!control.beat->hangs(now)) return std::nullopt;
  const auto away = control.beat->away(now);
  const Interruption what{
      reasons::kRunnerStuck,
      fmt::format("the poll thread of runner {} has not come round for {} s: nothing of it is archived, and its offsets and objects are "
                  "shown as they were then",
                  spec.info.runner, std::chrono::duration_cast<std::chrono::seconds>(away).count()),
      "Look what it waits for (gdb -p PID -batch -ex 'thread apply all bt'): a disk or a connector that hangs. It goes on when that ends; "
      "else restart the host: what is open is read again, nothing is lost."};
  return InterruptionStatus{what, spec.clock->date_ms(now - away)};
}

Runner::Runner(RunnerSpec spec) : impl_(std::make_unique<Impl>(std::move(spec))) {
  impl_->thread = std::jthread([impl = impl_.get()] { impl->run(); });
}

Runner::~Runner() { stop(true, std::nullopt); }

void Runner::stop(bool discard, std::optional<milliseconds> at_most) {
  impl_->control.stop_deadline = at_most ? impl_->spec.clock->steady() + *at_most : Instant::max();
  if (discard) impl_->control.discard = true;
  impl_->control.stopping = true;
  impl_->control.wake();
}

void Runner::leave_for_good() { impl_->control.for_good = true; }

bool Runner::stopped() const { return impl_->control.stopped; }

void Runner::pause(bool on) {
  if (impl_->control.paused.exchange(on) != on) impl_->control.wake();
}

void Runner::retry() {
  impl_->control.retry = true;
  impl_->control.wake();
}

bool Runner::ask_status() {
  impl_->control.status_asked = true;
  return impl_->control.wake();
}

RunnerStatus Runner::status() const {
  auto out = impl_->control.status();
  if (auto stuck = impl_->stuck()) {
    out.stuck = true;
    if (out.state < State::interrupted) out.since_ms = stuck->since_ms;
    out.state = std::max(out.state, State::interrupted);
    out.interruption = std::move(stuck);
  }
  return out;
}

void Runner::watch() {
  auto& self = *impl_;
  // librdkafka waits by the wall clock. When that is set back, a wait of a second lasts until somebody ends it.
  if (self.control.beat->away(self.spec.clock->steady()) >= kLate) self.control.wake();
  const auto stuck = self.stuck();
  if (stuck.has_value() == self.stuck_told) return;
  self.stuck_told = stuck.has_value();
  const auto& name = self.spec.info.name;
  if (stuck) {
    self.spec.metrics->add(metrics::Id::interruptions, reasons::kRunnerStuck);
    log::error(name, "interrupted ({}): {}. {}", reasons::kRunnerStuck, stuck->message, stuck->remedy);
    self.spec.add_event(self.event_of("interrupted", State::interrupted, stuck->message, &*stuck));
  } else {
    log::info(name, "recovered from {}", reasons::kRunnerStuck);
    auto event =
        self.event_of("recovered", impl_->control.status().state, fmt::format("recovered from {}", reasons::kRunnerStuck), nullptr);
    event.reason = reasons::kRunnerStuck;
    self.spec.add_event(std::move(event));
  }
}

std::uint64_t Runner::status_count() const { return impl_->control.published; }

bool Runner::start_fixed() const { return impl_->control.start_fixed; }

}  // namespace ch::runner
