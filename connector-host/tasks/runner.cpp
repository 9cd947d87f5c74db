#include "tasks/runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <stdexcept>
#include <thread>

#include "base/log.hpp"
#include "base/time.hpp"
#include "tasks/session.hpp"

namespace ch::tasks {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookupTimeout{3000};  // stopping waits for it
constexpr std::int64_t kFirstBackoffMs = 250;
constexpr std::int64_t kLongestBackoffMs = 30000;

}  // namespace

kafka::Trouble explained(ckafka::Instance* instance, const kafka::Trouble& trouble) {
  if (instance == nullptr || (!trouble.reason.starts_with("broker_") && trouble.reason != kIsolated)) return trouble;
  return instance->isolation().value_or(trouble);
}

// The poll thread. What is not in Shared is its own.
struct Runner::Impl {
  explicit Impl(RunnerSpec s)
      : spec(std::move(s)),
        budget(spec.info.buffer_memory - fetch_share(spec.info.buffer_memory), spec.host_budget),
        pool(spec.info.upload_threads, [this] { shared.wake(); }),
        bridge(spec.info.name, budget, pool, *spec.metrics) {
    shared.paused = spec.paused;
    status.id = spec.info.runner;
    status.host = spec.host;
    status.since_ms = now_ms();
    shared.publish(status);
  }

  void run() noexcept;
  void work();
  bool prepare();
  bool ask_cluster(kafka::GroupClient& client);
  void take_topic_ids(const Config& ids);
  bool isolation_ended();
  bool make_connector_task();
  bool trouble(const kafka::Trouble& what);
  bool failed(const std::string& trace);
  void back_off();
  void publish(State state);
  void event(const std::string& kind, const std::string& message);

  RunnerSpec spec;
  Shared shared;
  Budget budget;
  UploadPool pool;
  Bridge bridge;
  std::unique_ptr<plugins::ConnectorTask> connector;
  RunnerStatus status;  // between sessions
  std::int64_t backoff_ms = kFirstBackoffMs;
  std::mt19937 random{std::random_device{}()};
  kafka::Properties cluster;
  Totals totals;
  std::uint64_t series = 1;
  std::jthread thread;
};

void Runner::Impl::run() noexcept {
  try {
    work();
  } catch (const std::exception& error) {
    log::error(spec.info.name, "runner {} ended by an exception: {}", spec.info.runner, error.what());
    status.trace = error.what();
    publish(State::failed);
  }
  pool.finish();
  connector.reset();
  if (status.state != State::failed) publish(State::disabled);
  shared.stopped = true;
}

void Runner::Impl::work() {
  while (!shared.stopping) {
    if (!prepare() || !make_connector_task()) {
      back_off();
      continue;
    }
    Session session({spec, cluster, shared, bridge, pool, budget, *connector, totals, series});
    const auto outcome = session.run();
    status = shared.status();
    if (outcome.worked) backoff_ms = kFirstBackoffMs;
    if (outcome.end == Session::End::stopped) return;
    if (outcome.end == Session::End::rejoin) {
      spec.metrics->add(metrics::Id::rejoins);
      log::info(spec.info.name, "leaving the group and joining it anew: {}", outcome.why);
      event("rejoin", outcome.why);
    } else {
      pool.finish();
      connector.reset();
      const auto last = bridge.last_error();
      failed(last.empty() ? outcome.why : fmt::format("{}: {}", outcome.why, last));
    }
    back_off();
  }
}

// Asks the cluster what must be known before joining. False: not now.
bool Runner::Impl::prepare() {
  status.trace.clear();
  auto properties = spec.cluster();
  if (!properties) {
    return trouble(
        {"broker_auth", properties.error().message, "Put back what the instance's placeholder names; the task goes on by itself.", false});
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
    return trouble({"topic_missing",
                    fmt::format("topic {} does not exist in instance {}, or its user may not see it", name, spec.info.instance),
                    "Create the topic, let the user read it, or correct `topics` of the task.", false});
  }
  const auto& dead_letters = spec.errors.dead_letter_topic;
  if (spec.errors.tolerate && !dead_letters.empty() && !topics.value.contains(dead_letters)) {
    const auto created = client.create_topic(dead_letters, spec.errors.replication_factor, kLookupTimeout);
    if (created.trouble) return trouble(*created.trouble);
  }
  const auto id = client.cluster_id(kLookupTimeout);
  if (id.trouble) return trouble(*id.trouble);
  spec.info.cluster = id.value;
  const auto start = spec.fix_start(client, ours);
  if (start.trouble) return trouble(*start.trouble);
  take_topic_ids(start.topic_ids);
  series = start.series;
  shared.start_fixed = true;
  status.interruption.reset();
  publish(State::starting);
  return true;
}

// The connector is told of names when it is made.
void Runner::Impl::take_topic_ids(const Config& ids) {
  if (ids == spec.info.topic_ids) return;
  pool.finish();
  connector.reset();
  spec.info.topic_ids = ids;
}

// While waiting: the reason may become known, or be gone, so that it is worth trying at once.
bool Runner::Impl::isolation_ended() {
  if (spec.ckafka == nullptr || !status.interruption) return false;
  const auto reason = status.interruption->reason;
  const auto now = explained(spec.ckafka.get(), {reason, "", "", false});
  if (now.reason != reason) trouble(now);
  return reason == kIsolated && now.message.empty();
}

bool Runner::Impl::make_connector_task() {
  if (connector != nullptr) return true;
  auto made = spec.connector->create(bridge.table(), spec.info);
  if (!made) return failed(made.error().message);
  connector = std::move(*made);
  return true;
}

bool Runner::Impl::trouble(const kafka::Trouble& what) {
  const bool fresh = !status.interruption || status.interruption->reason != what.reason;
  if (fresh) spec.metrics->add(metrics::Id::interruptions, what.reason);
  const auto since = fresh ? now_ms() : status.interruption->since_ms;
  status.interruption = InterruptionStatus{what.reason, what.message, what.remedy, since, now_ms() + backoff_ms};
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
  const auto until = now_ms() + static_cast<std::int64_t>(static_cast<double>(backoff_ms) * jitter(random));
  backoff_ms = std::min(backoff_ms * 2, kLongestBackoffMs);
  while (!shared.stopping && !shared.retry.exchange(false) && now_ms() < until && !isolation_ended()) {
    pool.serve();
    if (status.interruption) status.interruption->next_try_ms = until;
    shared.publish(status);
    shared.wait(milliseconds(std::clamp<std::int64_t>(until - now_ms(), 1, 1000)));
  }
}

void Runner::Impl::publish(State state) {
  if (status.state != state) status.since_ms = now_ms();
  status.state = state;
  status.memory_bytes = budget.used();
  shared.publish(status);
}

void Runner::Impl::event(const std::string& kind, const std::string& message) {
  store::Event out;
  out.task = spec.info.name;
  out.time_ms = now_ms();
  out.kind = kind;
  out.state = to_string(status.state);
  out.message = message;
  if (status.interruption) {
    out.reason = status.interruption->reason;
    out.remedy = status.interruption->remedy;
  }
  out.host = spec.host;
  spec.add_event(std::move(out));
}

Runner::Runner(RunnerSpec spec) : impl_(std::make_unique<Impl>(std::move(spec))) {
  impl_->thread = std::jthread([impl = impl_.get()] { impl->run(); });
}

Runner::~Runner() { stop(true, std::nullopt); }

void Runner::stop(bool discard, std::optional<milliseconds> at_most) {
  impl_->shared.stop_deadline_ms = at_most ? now_ms() + at_most->count() : 0;
  if (discard) impl_->shared.discard = true;
  impl_->shared.stopping = true;
  impl_->shared.wake();
}

bool Runner::stopped() const { return impl_->shared.stopped; }

void Runner::pause(bool on) {
  if (impl_->shared.paused.exchange(on) != on) impl_->shared.wake();
}

void Runner::retry() {
  impl_->shared.retry = true;
  impl_->shared.wake();
}

bool Runner::ask_status() {
  impl_->shared.status_asked = true;
  return impl_->shared.wake();
}

RunnerStatus Runner::status() const { return impl_->shared.status(); }

std::uint64_t Runner::status_count() const { return impl_->shared.published; }

bool Runner::start_fixed() const { return impl_->shared.start_fixed; }

}  // namespace ch::tasks
