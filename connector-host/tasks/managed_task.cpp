#include "tasks/managed_task.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.hpp"
#include "base/host_id.hpp"
#include "base/log.hpp"

namespace ch::tasks {
namespace {

constexpr int kAttempts = 10;                // to change a record that somebody else changes as well
constexpr milliseconds kRestartTime{20000};  // to store what is open before a new configuration begins

// Each request has another id, which makes no other problem of it.
std::string without_request_id(std::string message) {
  const auto begin = message.find("(request id ");
  if (begin != std::string::npos) message.erase(begin, message.find(')', begin) - begin);
  return message;
}

// Of a task: the first runner's, with the partitions of all runners that stand for the same.
void add_interruption(std::optional<runner::InterruptionStatus>& sum, const std::optional<runner::InterruptionStatus>& one) {
  if (!sum) {
    sum = one;
  } else if (one && one->reason == sum->reason) {
    sum->partitions += one->partitions;
  }
}

// Where its records come from: the cluster and the topics.
std::pair<std::string, std::vector<std::string>> reads_from(const Config& config) {
  const auto instance = config.find("instance.id");
  return {instance == config.end() ? "" : instance->second, wanted_topics(config)};
}

}  // namespace

ManagedTask::ManagedTask(Services& services, store::TaskRecord record, SavedOffsets saved, Instant enabled)
    : services_(services),
      name_(record.name),
      record_(std::move(record)),
      since_ms_(wall_ms()),
      enabled_(enabled),
      saved_(std::move(saved)) {}

// Whoever is overtaken has been told of what is there now when it is refused, and begins with that.
Result<bool> ManagedTask::edit(const std::function<bool(store::TaskRecord&)>& change) {
  for (int attempt = 1;; ++attempt) {
    auto record = this->record();
    const auto version = record.version;
    if (!change(record)) return false;
    const auto stored = services_.store.put_task(record);
    if (stored) return true;
    const bool overtaken = stored.error().code == ErrorCode::conflict && this->record().version != version;
    if (!overtaken || attempt == kAttempts) return tl::unexpected(stored.error());
  }
}

Result<bool> ManagedTask::update(const std::function<bool(store::TaskRecord&)>& change) {
  bool deleted = false;
  auto done = edit([&](store::TaskRecord& record) {
    deleted = record.target == store::Target::deleted;
    if (deleted || !change(record)) return false;
    record.updated_ms = wall_ms();
    return true;
  });
  if (deleted) return fail(ErrorCode::conflict, fmt::format("Task {} is being deleted", name_));
  if (done && *done) services_.starts.forgive(name_);
  return done;
}

Result<bool> ManagedTask::mark_deleted() {
  const auto done = edit([](store::TaskRecord& record) {
    if (record.target == store::Target::deleted) return false;
    record.target = store::Target::deleted;
    record.updated_ms = wall_ms();
    return true;
  });
  if (done && *done) services_.starts.forgive(name_);
  return done;
}

void ManagedTask::changed(store::TaskRecord record) {
  const MutexLock lock(mutex_);
  if (record.enabled_ms != record_.enabled_ms) enabled_ = steady_now();
  if (record.config != record_.config && !runners_.empty()) {
    restart_ = true;
    other_topics_ = other_topics_ || reads_from(record.config) != reads_from(record_.config);
  }
  record_ = std::move(record);
  services_.nudge();
}

void ManagedTask::removed() {
  services_.metrics.forget(name_);
  const MutexLock lock(mutex_);
  gone_ = true;
  services_.nudge();
}

store::TaskRecord ManagedTask::record() const {
  const MutexLock lock(mutex_);
  return record_;
}

bool ManagedTask::reconcile() {
  {
    const MutexLock lock(mutex_);
    const bool arrived = go_towards_record();
    const bool at_rest = arrived && !gone_ && !host_stops_;
    if (!at_rest || record_.target != store::Target::deleted) return arrived;
  }
  return remove_from_store();
}

bool ManagedTask::remove_from_store() {
  const auto removed = services_.store.remove_task(name_);
  if (!removed) log::warn(name_, "could not be removed from the store, trying again: {}", removed.error().message);
  return removed.has_value();
}

bool ManagedTask::go_towards_record() {
  for (const auto& runner : runners_) runner->watch();
  const bool wanted = record_.target == store::Target::enabled || record_.target == store::Target::paused;
  if (wanted && !stopping_ && !restart_ && holds_refused_values()) {
    log::info(name_, "its credentials are refused, and its placeholders stand for others now: its runners are made anew");
    restart_ = true;
  }
  const bool all_stopped = std::all_of(runners_.begin(), runners_.end(), [](const auto& r) { return r->stopped(); });
  if (!runners_.empty() && (stopping_ || !wanted || restart_)) {
    // A new configuration may be what mends that nothing can be stored under the old one: it does not wait for that. A task
    // that is disabled does.
    const bool hurried = wanted && restart_;
    if (!host_stops_ && (!stopping_ || hurried_ != hurried)) {
      hurried_ = hurried;
      for (const auto& runner : runners_) {
        if (!wanted || other_topics_) runner->leave_for_good();
        runner->stop(discard_, hurried ? std::optional(kRestartTime) : std::nullopt);
      }
    }
    stopping_ = true;
    if (!all_stopped) return false;
    runners_.clear();
    begun_.reset();
    services_.starts.stopped(name_);
    anew_.clear();
    stopping_ = restart_ = hurried_ = other_topics_ = false;
    since_ms_ = wall_ms();
    flush_offsets();
  }
  if (host_stops_ || gone_) return true;
  if (wanted && runners_.empty()) start_runners();
  watch_start();
  if (!wanted) return true;
  make_anew();
  for (const auto& runner : runners_) runner->pause(record_.target == store::Target::paused);
  return anew_.empty();
}

void ManagedTask::start_runners() {
  if (invalid_ && no_longer_valid()) return;  // without a mark in the store each time
  if (!may_start()) return;
  if (no_longer_valid()) {
    begun_.reset();
    services_.starts.stopped(name_);
    return;
  }
  starts_behind_.reset();
  const auto spec = present_spec();
  const auto count = config::parse_integer(spec.info["tasks.max"]).value_or(1);
  for (std::uint32_t id = 0; id < count; ++id) runners_.push_back(make_runner(spec, id));
}

void ManagedTask::make_anew() {
  std::optional<runner::RunnerSpec> spec;
  for (auto id = anew_.begin(); id != anew_.end();) {
    auto& runner = runners_.at(*id);
    if (!runner->stopped()) {
      ++id;
      continue;
    }
    if (!spec) {
      if (no_longer_valid()) return;
      spec = present_spec();
    }
    runner = make_runner(*spec, *id);
    runner->retry();  // other users of the same credentials may keep old ones
    id = anew_.erase(id);
  }
}

// What runners are made of now, of a configuration that is valid.
runner::RunnerSpec ManagedTask::present_spec() {
  refusal_.clear();
  auto spec = services_.validation.resolve(record_.name, record_.config);
  made_of_ = spec.info.config;
  spec.host = services_.advertised;
  spec.host_budget = &services_.budget;
  spec.metrics = services_.metrics.task(name_);
  spec.paused = record_.target == store::Target::paused;
  const auto wanted = spec.info["start.position"];
  spec.info.topic_ids = record_.topic_ids;
  spec.fix_start = [this, wanted, ckafka = spec.ckafka](kafka::GroupClient& client, const std::map<std::string, std::int32_t>& topics) {
    return fix_start(client, topics, wanted, ckafka.get());
  };
  spec.saved_offset = [this](const kafka::TopicPartition& where) -> std::optional<store::SavedOffset> {
    const MutexLock lock(offsets_mutex_);
    const auto found = saved_.find(where);
    return found == saved_.end() ? std::nullopt : std::optional(found->second);
  };
  spec.save_offsets = [this](std::vector<store::SavedOffset> offsets) {
    const MutexLock lock(offsets_mutex_);
    for (auto& offset : offsets) {
      saved_[{offset.topic, offset.partition}] = offset;
      unsaved_.push_back(std::move(offset));
    }
  };
  spec.add_event = services_.add_event;
  spec.beats = services_.beats;
  // The byte budget is the task's, whatever the number of runners.
  spec.info.buffer_memory /= static_cast<std::uint64_t>(config::parse_integer(spec.info["tasks.max"]).value_or(1));
  return spec;
}

std::unique_ptr<runner::Runner> ManagedTask::make_runner(const runner::RunnerSpec& spec, std::uint32_t id) const {
  auto own = spec;
  own.info.runner = id;
  if (services_.static_membership) own.group_instance_id = member_prefix(services_.host_id) + std::to_string(id);
  return std::make_unique<runner::Runner>(std::move(own));
}

bool ManagedTask::gone() const {
  const MutexLock lock(mutex_);
  return gone_;
}

bool ManagedTask::settled() const {
  const MutexLock lock(mutex_);
  return !restart_ && !stopping_ && anew_.empty() && !runners_.empty();
}

std::uint64_t ManagedTask::status_count() const {
  const MutexLock lock(mutex_);
  std::uint64_t sum = 0;
  for (const auto& runner : runners_) sum += runner->status_count();
  return sum;
}

void ManagedTask::remove(bool discard) {
  const MutexLock lock(mutex_);
  if (discard) {
    discard_ = true;
    for (const auto& runner : runners_) {
      runner->leave_for_good();
      runner->stop(true, std::nullopt);
    }
  }
  services_.nudge();
}

void ManagedTask::stop(std::chrono::milliseconds at_most) {
  const MutexLock lock(mutex_);
  host_stops_ = stopping_ = true;
  for (const auto& runner : runners_) runner->stop(false, at_most);
}

// A crash does the same: what is open is read again, and an intent that is committed is carried out by who comes next.
std::vector<KeyProblem> ManagedTask::restart(const std::vector<std::uint32_t>& runners) {
  const MutexLock lock(mutex_);
  services_.starts.forgive(name_);
  if (auto problems = services_.validation.check(name_, record_.config); !problems.empty()) return problems;
  for (std::uint32_t id = 0; id < runners_.size(); ++id) {
    if (!runners.empty() && std::find(runners.begin(), runners.end(), id) == runners.end()) continue;
    runners_[id]->stop(true, std::nullopt);
    anew_.insert(id);
  }
  services_.nudge();
  return {};
}

bool ManagedTask::start_decided() const {
  const MutexLock lock(mutex_);
  if (record_.target == store::Target::disabled || record_.target == store::Target::deleted || host_stops_) return true;
  if (runners_.empty()) return !refusal_.empty();
  return !stopping_ && std::all_of(runners_.begin(), runners_.end(), [](const auto& r) {
    const auto state = r->status().state;
    return r->start_fixed() || r->stopped() || state == runner::State::interrupted || state == runner::State::failed;
  });
}

bool ManagedTask::set_warnings(std::vector<KeyProblem> warnings, std::int64_t updated_ms) {
  const MutexLock lock(mutex_);
  preflight_until_ = {};
  if (record_.updated_ms != updated_ms) return false;  // of another config: the next one is asked for already
  const auto same = [](const KeyProblem& a, const KeyProblem& b) {
    return a.key == b.key && without_request_id(a.message) == without_request_id(b.message);
  };
  const bool changed = !std::equal(warnings.begin(), warnings.end(), warnings_.begin(), warnings_.end(), same);
  warnings_ = std::move(warnings);
  return changed;
}

void ManagedTask::expect_preflight(std::chrono::steady_clock::time_point until) {
  const MutexLock lock(mutex_);
  preflight_until_ = until;
}

bool ManagedTask::tried_out() const {
  const MutexLock lock(mutex_);
  return std::chrono::steady_clock::now() >= preflight_until_;
}

bool ManagedTask::ask_status() {
  const MutexLock lock(mutex_);
  bool any = false;
  for (const auto& runner : runners_) any = runner->ask_status() || any;
  return any;
}

TaskStatus ManagedTask::status() const {
  const MutexLock lock(mutex_);
  TaskStatus out;
  out.name = record_.name;
  out.enabled = record_.target == store::Target::enabled || record_.target == store::Target::paused;
  out.paused = record_.target == store::Target::paused;
  out.deleting = record_.target == store::Target::deleted;
  out.group_id = "connect-" + record_.name;
  out.warnings = warnings_;
  out.starts_behind = starts_behind_;
  out.since_ms = since_ms_;
  out.state = out.enabled ? runner::State::starting : runner::State::disabled;
  if (out.enabled && runners_.empty() && !refusal_.empty()) {
    runner::RunnerStatus refused;
    refused.host = services_.advertised;
    refused.state = out.state = runner::State::failed;
    refused.since_ms = since_ms_;
    refused.trace = refusal_;
    out.runners.push_back(std::move(refused));
  }
  for (std::uint32_t id = 0; id < runners_.size(); ++id) {
    auto one = runners_[id]->status();
    if (anew_.contains(id)) {
      one.state = refusal_.empty() ? runner::State::stopping : runner::State::failed;
      one.trace = refusal_;
    }
    if (stopping_ && (one.state == runner::State::running || one.state == runner::State::starting || one.state == runner::State::disabled))
      one.state = runner::State::stopping;
    if (out.runners.empty() || one.state > out.state) {
      out.state = one.state;
      out.since_ms = one.since_ms;
    }
    add_interruption(out.interruption, one.interruption);
    out.memory_bytes += one.memory_bytes;
    out.records_per_second += one.records_per_second;
    out.bytes_per_second += one.bytes_per_second;
    for (const auto& partition : one.partitions) {
      if (!partition.last_object) continue;
      if (!out.last_object || out.last_object->stored_ms < partition.last_object->stored_ms) out.last_object = partition.last_object;
    }
    out.runners.push_back(std::move(one));
  }
  if (out.deleting) {
    out.state = runner::State::stopping;
    out.since_ms = record_.updated_ms;
  }
  if (out.interruption && out.interruption->partitions > 0) {
    out.interruption->of_partitions = 0;
    for (const auto& runner : out.runners) out.interruption->of_partitions += runner.partitions.size();
  }
  const MutexLock offsets(offsets_mutex_);
  outlook_.complete(out, saved_, {steady_now(), wall_ms()});
  return out;
}

bool ManagedTask::owns_partitions() const {
  const MutexLock lock(mutex_);
  return std::any_of(runners_.begin(), runners_.end(), [](const auto& runner) { return !runner->status().partitions.empty(); });
}

void ManagedTask::see(const std::vector<Outlook::Seen>& partitions) {
  const MutexLock lock(mutex_);
  outlook_.see(partitions, steady_now());
}

void ManagedTask::see_first(const kafka::Lookout::First& first) {
  const MutexLock lock(mutex_);
  outlook_.see_first(first.where, first.from, first.time_ms, {steady_now(), wall_ms()});
}

std::vector<kafka::PartitionOffset> ManagedTask::to_look_up(std::size_t limit) const {
  const auto now = status();  // says which partitions stand
  const MutexLock lock(mutex_);
  return outlook_.to_look_up(limit);
}

}  // namespace ch::tasks
