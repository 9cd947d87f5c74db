// Where a task starts, and what it has committed.
#include <fmt/format.h>

#include <connector_host/reasons.hpp>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "tasks/managed_task.hpp"

namespace ch::tasks {
namespace {

constexpr milliseconds kJustEnabled{5000};

Interruption cannot_keep(const char* what, const Error& error) {
  return {reasons::kDiskFull, fmt::format("{} could not be kept: {}", what, error.message),
          "Make room on the disk of state.dir, or mend it; the task goes on by itself."};
}

}  // namespace

// The name under which a topic's objects lie is decided once, kept in the store before anything is stored under it, and
// holds for as long as the task is there: audit and recovery look there. So a topic that was stored before its instance
// had ckafka.api=true keeps its own name, and one whose id cannot be had is not started.
std::optional<Interruption> ManagedTask::name_topics(const std::map<std::string, std::int32_t>& topics, ckafka::Instance& ckafka) {
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
  const auto stored = edit([&](store::TaskRecord& record) {
    if (record.topic_ids == ids) return false;
    record.topic_ids = ids;
    return true;
  });
  if (!stored) return cannot_keep("the topics' ids", stored.error());
  return std::nullopt;
}

runner::StartAnswer ManagedTask::fix_start(kafka::GroupClient& client, const std::map<std::string, std::int32_t>& topics,
                                           const std::string& wanted, ckafka::Instance* ckafka) {
  const MutexLock one_at_a_time(start_mutex_);
  if (ckafka != nullptr) {
    if (const auto trouble = name_topics(topics, *ckafka)) return {trouble, 1, {}};
  }
  auto before = record();
  if (just_enabled()) before.enabled_ms = 0;
  auto plan = fix_start_positions(client, topics, before, wanted, saved());
  if (plan.trouble) return {plan.trouble, plan.series, {}};
  const auto known = saved();
  for (auto& offset : plan.believed) {
    if (!known.contains({offset.topic, offset.partition})) plan.fixed.push_back(std::move(offset));
  }
  auto stored = services_.store.save_offsets(name_, plan.fixed);
  if (stored) {
    const auto done = edit([&](store::TaskRecord& record) {
      if (record.series == plan.series && record.start_position == wanted) return false;
      // A task of this name has stored before, by another configuration perhaps.
      if (record.start_position.empty() && !plan.believed.empty()) record.earlier.complete = false;
      record.series = plan.series;
      record.start_position = wanted;
      return true;
    });
    if (!done) stored = tl::unexpected(done.error());
  }
  if (!stored) return {cannot_keep("the start offsets", stored.error()), plan.series, {}};
  if (plan.resolved) tell_start(wanted, plan.skipped);
  const MutexLock lock(mutex_);
  if (plan.resolved) starts_behind_ = plan.skipped;
  const MutexLock offsets(offsets_mutex_);
  for (const auto& offset : plan.fixed) saved_[{offset.topic, offset.partition}] = offset;
  return {std::nullopt, plan.series, record_.topic_ids};
}

// Then `latest` is this moment. Later, as where the broker could not be asked before, it is looked up by the date.
bool ManagedTask::just_enabled() const {
  const MutexLock lock(mutex_);
  return steady_now() - enabled_ < kJustEnabled;
}

// Whoever did not choose a start position must not wonder where the records are that were there before.
void ManagedTask::tell_start(const std::string& position, const std::optional<std::int64_t>& skipped) const {
  if (position == "earliest" || skipped == 0) return;
  store::Event event;
  event.task = name_;
  event.time_ms = wall_ms();
  event.kind = "start";
  event.state = to_string(runner::State::starting);
  event.host = services_.advertised;
  event.message = skipped
                      ? fmt::format("starts behind {} existing record{} (start.position={}); start.position=earliest would take {}",
                                    *skipped, *skipped == 1 ? "" : "s", position, *skipped == 1 ? "it" : "them")
                      : fmt::format("starts at start.position={}; how many records lie before that the broker could not tell", position);
  services_.add_event(std::move(event));
}

Status ManagedTask::rewind(const std::function<Result<Rewound>(const store::TaskRecord&, const SavedOffsets&)>& decide, bool anew) {
  const MutexLock no_start(start_mutex_);
  {
    const MutexLock lock(mutex_);
    if (record_.target != store::Target::disabled || !runners_.empty())
      return fail(ErrorCode::conflict, fmt::format("Task {} must be disabled, and at rest, before its offsets can be changed", name_));
  }
  auto rewound = decide(record(), saved());
  if (!rewound) return tl::unexpected(rewound.error());
  std::vector<store::SavedOffset> list;
  for (const auto& [where, offset] : rewound->saved) list.push_back(offset);
  // Each step leaves what can be believed: the series tells what is older.
  const auto changed = edit([&](store::TaskRecord& record) {
    record.series = rewound->series;
    if (anew) record.start_position.clear();
    record.updated_ms = wall_ms();
    return true;
  });
  if (!changed) return tl::unexpected(changed.error());
  auto stored = services_.store.forget_offsets(name_);
  if (stored) stored = services_.store.save_offsets(name_, list);
  if (!stored) return stored;
  const MutexLock offsets(offsets_mutex_);
  saved_ = std::move(rewound->saved);
  unsaved_.clear();
  return {};
}

void ManagedTask::flush_offsets() {
  std::vector<store::SavedOffset> batch;
  {
    const MutexLock lock(offsets_mutex_);
    batch.swap(unsaved_);
  }
  if (batch.empty()) return;
  if (const auto stored = services_.store.save_offsets(name_, batch); !stored) {
    log::warn(name_, "the committed offsets could not be kept: {}", stored.error().message);
    const MutexLock lock(offsets_mutex_);
    unsaved_.insert(unsaved_.begin(), batch.begin(), batch.end());
  }
}

SavedOffsets ManagedTask::saved() const {
  const MutexLock lock(offsets_mutex_);
  return saved_;
}

}  // namespace ch::tasks
