#include "tasks/task_entry.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "base/time.hpp"

namespace ch::tasks {
namespace {

constexpr std::chrono::milliseconds kRestartTime{20000};  // to store what is open before a new configuration begins

kafka::Trouble cannot_keep(const char* what, const Error& error) {
  return {"disk_full", fmt::format("{} could not be kept: {}", what, error.message),
          "Make room on the disk of state.dir, or mend it; the task goes on by itself.", false};
}

// Each request has another id, which makes no other problem of it.
std::string without_request_id(std::string message) {
  const auto begin = message.find("(request id ");
  if (begin != std::string::npos) message.erase(begin, message.find(')', begin) - begin);
  return message;
}

}  // namespace

TaskEntry::TaskEntry(Services& services, store::TaskRecord record, SavedOffsets saved)
    : services_(services), name_(record.name), record_(std::move(record)), since_ms_(now_ms()), saved_(std::move(saved)) {}

Status TaskEntry::update(const std::function<bool(store::TaskRecord&)>& change, bool new_config) {
  const std::lock_guard lock(mutex_);
  auto changed = record_;
  if (record_.target == store::Target::deleted) return fail(ErrorCode::conflict, fmt::format("Task {} is being deleted", record_.name));
  if (!change(changed)) return {};
  changed.updated_ms = now_ms();
  if (const auto stored = services_.store.put_task(changed); !stored) return stored;
  record_ = std::move(changed);
  if (new_config && !runners_.empty()) restart_ = true;
  services_.nudge();
  return {};
}

store::TaskRecord TaskEntry::record() const {
  const std::lock_guard lock(mutex_);
  return record_;
}

bool TaskEntry::reconcile() {
  const std::lock_guard lock(mutex_);
  const bool wanted = record_.target == store::Target::enabled || record_.target == store::Target::paused;
  const bool all_stopped = std::all_of(runners_.begin(), runners_.end(), [](const auto& r) { return r->stopped(); });
  if (!runners_.empty() && (stopping_ || !wanted || restart_)) {
    // A new configuration may be what mends that nothing can be stored under the old one: it does not wait for that. A task
    // that is disabled does.
    const bool hurried = wanted && restart_;
    if (!host_stops_ && (!stopping_ || hurried_ != hurried)) {
      hurried_ = hurried;
      for (const auto& runner : runners_) runner->stop(discard_, hurried ? std::optional(kRestartTime) : std::nullopt);
    }
    stopping_ = true;
    if (!all_stopped) return false;
    runners_.clear();
    stopping_ = restart_ = hurried_ = false;
    since_ms_ = now_ms();
    flush_offsets();
  }
  if (host_stops_ || gone_) return true;
  if (record_.target == store::Target::deleted) {
    if (const auto removed = services_.store.remove_task(record_.name); !removed) {
      log::warn(record_.name, "could not be removed from the store, trying again: {}", removed.error().message);
      return false;
    }
    services_.metrics.forget(name_);
    gone_ = true;
    return true;
  }
  if (wanted && runners_.empty()) start_runners();
  if (wanted) {
    for (const auto& runner : runners_) runner->pause(record_.target == store::Target::paused);
  }
  return true;
}

void TaskEntry::start_runners() {
  const auto problems = services_.validation.check(record_.name, record_.config);
  if (!problems.empty()) {
    // It was valid when it was accepted: the host's configuration or the connector has changed since.
    const auto refusal = fmt::format("the configuration is no longer valid: {}: {}", problems.front().key, problems.front().message);
    if (refusal != std::exchange(refusal_, refusal)) log::error(name_, "cannot run: {}", refusal);
    return;
  }
  refusal_.clear();
  secrets_ = services_.validation.secrets(record_.config);
  auto spec = services_.validation.resolve(record_.name, record_.config);
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
    const std::lock_guard lock(offsets_mutex_);
    const auto found = saved_.find(where);
    return found == saved_.end() ? std::nullopt : std::optional(found->second);
  };
  spec.save_offsets = [this](std::vector<store::SavedOffset> offsets) {
    const std::lock_guard lock(offsets_mutex_);
    for (auto& offset : offsets) {
      saved_[{offset.topic, offset.partition}] = offset;
      unsaved_.push_back(std::move(offset));
    }
  };
  spec.add_event = services_.add_event;
  const auto count = config::parse_integer(spec.info["tasks.max"]).value_or(1);
  // The byte budget is the task's, whatever the number of runners.
  spec.info.buffer_memory /= static_cast<std::uint64_t>(count);
  for (std::uint32_t id = 0; id < count; ++id) {
    auto own = spec;
    own.info.runner = id;
    if (services_.static_membership) own.group_instance_id = fmt::format("connector-host-{}-{}", services_.host_id, id);
    runners_.push_back(std::make_unique<Runner>(std::move(own)));
  }
}

// The name under which a topic's objects lie is decided once, kept in the store before anything is stored under it, and
// holds for as long as the task is there: audit and recovery look there. So a topic that was stored before its instance
// had ckafka.api=true keeps its own name, and one whose id cannot be had is not started.
std::optional<kafka::Trouble> TaskEntry::name_topics(const std::map<std::string, std::int32_t>& topics, ckafka::Instance& ckafka) {
  const auto known = saved();
  auto ids = record().topic_ids;
  for (const auto& [topic, partitions] : topics) {
    if (ids.contains(topic)) continue;
    const auto stored = known.lower_bound({topic, 0});
    if (stored != known.end() && stored->first.topic == topic) {
      ids[topic] = topic;
      continue;
    }
    auto id = ckafka.topic_id(topic);
    if (id.trouble) return id.trouble;
    ids[topic] = id.value;
  }
  const std::lock_guard lock(mutex_);
  if (ids == record_.topic_ids) return std::nullopt;
  auto changed = record_;
  changed.topic_ids = std::move(ids);
  if (const auto stored = services_.store.put_task(changed); !stored) return cannot_keep("the topics' ids", stored.error());
  record_ = std::move(changed);
  return std::nullopt;
}

StartAnswer TaskEntry::fix_start(kafka::GroupClient& client, const std::map<std::string, std::int32_t>& topics, const std::string& wanted,
                                 ckafka::Instance* ckafka) {
  const std::lock_guard one_at_a_time(start_mutex_);
  if (ckafka != nullptr) {
    if (const auto trouble = name_topics(topics, *ckafka)) return {trouble, 1, {}};
  }
  const auto before = record();
  auto plan = fix_start_positions(client, topics, before, wanted, saved());
  if (plan.trouble) return {plan.trouble, plan.series, {}};
  const auto known = saved();
  for (auto& offset : plan.believed) {
    if (!known.contains({offset.topic, offset.partition})) plan.fixed.push_back(std::move(offset));
  }
  const std::lock_guard lock(mutex_);
  auto changed = record_;
  changed.series = plan.series;
  changed.start_position = wanted;
  auto stored = services_.store.save_offsets(changed.name, plan.fixed);
  if (stored && (changed.series != record_.series || changed.start_position != record_.start_position))
    stored = services_.store.put_task(changed);
  if (!stored) return {cannot_keep("the start offsets", stored.error()), plan.series, {}};
  record_ = std::move(changed);
  const std::lock_guard offsets(offsets_mutex_);
  for (const auto& offset : plan.fixed) saved_[{offset.topic, offset.partition}] = offset;
  return {std::nullopt, plan.series, record_.topic_ids};
}

Status TaskEntry::rewind(const std::function<Result<Rewound>(const store::TaskRecord&, const SavedOffsets&)>& decide, bool anew) {
  const std::lock_guard no_start(start_mutex_);
  {
    const std::lock_guard lock(mutex_);
    if (record_.target != store::Target::disabled || !runners_.empty())
      return fail(ErrorCode::conflict, fmt::format("Task {} must be disabled, and at rest, before its offsets can be changed", name_));
  }
  auto rewound = decide(record(), saved());
  if (!rewound) return tl::unexpected(rewound.error());
  const std::lock_guard lock(mutex_);
  auto changed = record_;
  changed.series = rewound->series;
  if (anew) changed.start_position.clear();
  changed.updated_ms = now_ms();
  std::vector<store::SavedOffset> list;
  for (const auto& [where, offset] : rewound->saved) list.push_back(offset);
  // Each step leaves what can be believed: the series tells what is older.
  auto stored = services_.store.put_task(changed);
  if (stored) stored = services_.store.forget_offsets(name_);
  if (stored) stored = services_.store.save_offsets(name_, list);
  if (!stored) return stored;
  record_ = std::move(changed);
  const std::lock_guard offsets(offsets_mutex_);
  saved_ = std::move(rewound->saved);
  unsaved_.clear();
  return {};
}

bool TaskEntry::gone() const {
  const std::lock_guard lock(mutex_);
  return gone_;
}

bool TaskEntry::settled() const {
  const std::lock_guard lock(mutex_);
  return !restart_ && !stopping_ && !runners_.empty();
}

std::uint64_t TaskEntry::status_count() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = 0;
  for (const auto& runner : runners_) sum += runner->status_count();
  return sum;
}

void TaskEntry::remove(bool discard) {
  const std::lock_guard lock(mutex_);
  if (discard) {
    discard_ = true;
    for (const auto& runner : runners_) runner->stop(true, std::nullopt);
  }
  services_.nudge();
}

void TaskEntry::stop(std::chrono::milliseconds at_most) {
  const std::lock_guard lock(mutex_);
  host_stops_ = stopping_ = true;
  for (const auto& runner : runners_) runner->stop(false, at_most);
}

void TaskEntry::retry(std::optional<std::uint32_t> runner) {
  const std::lock_guard lock(mutex_);
  if (!runners_.empty() && services_.validation.check(name_, record_.config).empty() &&
      services_.validation.secrets(record_.config) != secrets_) {
    restart_ = true;
    services_.nudge();
  }
  for (std::size_t id = 0; id < runners_.size(); ++id) {
    if (!runner || *runner == id) runners_[id]->retry();
  }
}

bool TaskEntry::start_decided() const {
  const std::lock_guard lock(mutex_);
  if (record_.target == store::Target::disabled || record_.target == store::Target::deleted || host_stops_) return true;
  if (runners_.empty()) return !refusal_.empty();
  return !stopping_ && std::all_of(runners_.begin(), runners_.end(), [](const auto& r) {
    const auto state = r->status().state;
    return r->start_fixed() || r->stopped() || state == State::interrupted || state == State::failed;
  });
}

bool TaskEntry::set_warnings(std::vector<KeyProblem> warnings, std::int64_t updated_ms) {
  const std::lock_guard lock(mutex_);
  preflight_until_ = {};
  if (record_.updated_ms != updated_ms) return false;  // of another config: the next one is asked for already
  const auto same = [](const KeyProblem& a, const KeyProblem& b) {
    return a.key == b.key && without_request_id(a.message) == without_request_id(b.message);
  };
  const bool changed = !std::equal(warnings.begin(), warnings.end(), warnings_.begin(), warnings_.end(), same);
  warnings_ = std::move(warnings);
  return changed;
}

void TaskEntry::expect_preflight(std::chrono::steady_clock::time_point until) {
  const std::lock_guard lock(mutex_);
  preflight_until_ = until;
}

bool TaskEntry::tried_out() const {
  const std::lock_guard lock(mutex_);
  return std::chrono::steady_clock::now() >= preflight_until_;
}

bool TaskEntry::ask_status() {
  const std::lock_guard lock(mutex_);
  bool any = false;
  for (const auto& runner : runners_) any = runner->ask_status() || any;
  return any;
}

TaskStatus TaskEntry::status() const {
  const std::lock_guard lock(mutex_);
  TaskStatus out;
  out.name = record_.name;
  out.enabled = record_.target == store::Target::enabled || record_.target == store::Target::paused;
  out.paused = record_.target == store::Target::paused;
  out.group_id = "connect-" + record_.name;
  out.warnings = warnings_;
  out.since_ms = since_ms_;
  out.state = out.enabled ? State::starting : State::disabled;
  if (record_.target == store::Target::deleted) out.state = State::stopping;
  if (out.enabled && runners_.empty() && !refusal_.empty()) {
    RunnerStatus refused;
    refused.host = services_.advertised;
    refused.state = out.state = State::failed;
    refused.since_ms = since_ms_;
    refused.trace = refusal_;
    out.runners.push_back(std::move(refused));
  }
  for (const auto& runner : runners_) {
    auto one = runner->status();
    if (stopping_ && (one.state == State::running || one.state == State::starting || one.state == State::disabled))
      one.state = State::stopping;
    if (out.runners.empty() || one.state > out.state) {
      out.state = one.state;
      out.since_ms = one.since_ms;
    }
    if (!out.interruption) out.interruption = one.interruption;
    out.delay_ms = std::max(out.delay_ms, one.delay_ms);
    out.memory_bytes += one.memory_bytes;
    out.records_per_second += one.records_per_second;
    out.bytes_per_second += one.bytes_per_second;
    for (const auto& partition : one.partitions) {
      out.lag += partition.lag;
      if (!partition.last_object) continue;
      if (!out.last_object || out.last_object->stored_ms < partition.last_object->stored_ms) out.last_object = partition.last_object;
    }
    out.runners.push_back(std::move(one));
  }
  return out;
}

void TaskEntry::flush_offsets() {
  std::vector<store::SavedOffset> batch;
  {
    const std::lock_guard lock(offsets_mutex_);
    batch.swap(unsaved_);
  }
  if (batch.empty()) return;
  if (const auto stored = services_.store.save_offsets(name_, batch); !stored) {
    log::warn(name_, "the committed offsets could not be kept: {}", stored.error().message);
    const std::lock_guard lock(offsets_mutex_);
    unsaved_.insert(unsaved_.begin(), batch.begin(), batch.end());
  }
}

SavedOffsets TaskEntry::saved() const {
  const std::lock_guard lock(offsets_mutex_);
  return saved_;
}

}  // namespace ch::tasks
