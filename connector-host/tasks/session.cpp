#include "tasks/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <connector_host/failpoint.hpp>

#include "base/log.hpp"
#include "base/time.hpp"
#include "tasks/frame.hpp"
#include "tasks/rewind.hpp"

namespace ch::tasks {

namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kTickMs = 1000;  // the connector is called at least so often
constexpr std::int64_t kPublishMs = 1000;
constexpr std::int64_t kLookMs = 1000;
constexpr std::int64_t kLookAtStateMs = 20;
constexpr std::int64_t kCommitDeadlineMs = 10000;  // past it a commit is still under way, and nothing may be concluded
constexpr milliseconds kRevokeGrace{1500};         // to finish uploads under way: the whole group waits for us
constexpr milliseconds kCloseTimeout{8000};

}  // namespace

Session::Session(const Context& context)
    : context_(context),
      task_(context.spec.info.name),
      rejects_(
          context.spec, [this] { consumer_->wake(); }, [this](const std::string& message) { event("rejected", nullptr, message); }) {
  state_since_ms_ = now_ms();
}

Session::~Session() {
  context_.bridge.set_session(nullptr);
  context_.shared.set_consumer(nullptr);
}

Session::Outcome Session::run() {
  const auto& spec = context_.spec;
  kafka::ConsumerSettings settings;
  settings.cluster = context_.cluster;
  settings.overrides = spec.overrides;
  settings.group_id = spec.group_id;
  settings.group_instance_id = spec.group_instance_id;
  settings.client_id = fmt::format("connector-consumer-{}-{}", task_, spec.info.runner);
  settings.task = task_;
  settings.fetch_memory = fetch_share(spec.info.buffer_memory);
  auto made = kafka::Consumer::create(settings, *this);
  if (!made) return {End::failed, made.error().message, false};
  consumer_ = std::move(*made);
  if (const auto subscribed = consumer_->subscribe(spec.topics); !subscribed) return {End::failed, subscribed.error().message, false};
  context_.bridge.set_session(this);
  context_.shared.set_consumer([this] {
    if (CH_BUG("upload_thread_commit")) consumer_->commit_positions();  // mostly upload threads come by here
    consumer_->wake();
  });
  publish();
  while (loop_once()) {
  }
  return leave(*end_);
}

// False when the session is over: `end_` says how.
bool Session::loop_once() {
  consumer_->poll(progress_ ? milliseconds(0) : time_to_wait());
  progress_ = false;
  const auto now = now_ms();
  if (!end_) {
    if (context_.shared.retry.exchange(false)) {
      for (const auto id : to_seek_) slots_.at(id).seek_after_ms = 0;
      check(context_.connector.retry());
    }
    open_new();
    if (context_.pool.serve()) next_tick_ms_ = 0;
    serve_rejects();
    progress_ = seek_asked() || read_lanes();
    if (context_.shared.stopping && !flushing_) {
      flushing_ = true;
      check(context_.connector.flush());
      next_tick_ms_ = 0;
    }
    tick();
    send_commits(flushing_);
    if (consumer_->commit_age().count() > kCommitDeadlineMs) on_rejoin_needed("an offset commit has not been answered in time");
    if (committer_.gave_up(now)) on_rejoin_needed("the group coordinator keeps refusing our commits");
  }
  if (trouble_ && now - looked_ms_ >= kLookMs) look_at_instance();
  if (!end_ && context_.shared.stopping && (context_.shared.must_end(now) || finished_storing())) end_ = Outcome{End::stopped, "", worked_};
  const bool due = now - published_ms_ >= kPublishMs && (progress_ || context_.shared.status_asked);
  if (due || context_.shared.status_asked.exchange(false) || changed_state(now)) publish();
  return !end_;
}

// Looks at all partitions: not in every loop while there is much to do.
bool Session::changed_state(std::int64_t now) {
  if (progress_ && now - state_seen_ms_ < kLookAtStateMs) return false;
  state_seen_ms_ = now;
  return state() != published_state_;
}

milliseconds Session::time_to_wait() const {
  const auto now = now_ms();
  std::int64_t next = std::min(next_tick_ms_, now + kTickMs);
  if (!consumer_->commit_under_way()) next = std::min(next, committer_.next_ms(now));
  return milliseconds(std::clamp<std::int64_t>(next - now, 0, kTickMs));
}

void Session::check(const Status& status) {
  if (!status && !end_) end_ = Outcome{End::failed, status.error().message, worked_};
}

// ---- ownership ------------------------------------------------------------------------------------------------------

void Session::on_assigned(std::vector<kafka::Assignment>& partitions) {
  CH_FAILPOINT("assign");
  joined_ = true;
  for (auto& assignment : partitions) adopt(assignment);
  context_.spec.metrics->add(metrics::Id::assignments, static_cast<double>(partitions.size()));
  log::info(task_, "assigned {} partitions", partitions.size());
}

// Decides where the partition goes on; the connector may still move it when it has looked into the bucket.
void Session::adopt(kafka::Assignment& assignment) {
  Slot slot;
  if (context_.spec.ckafka != nullptr && !context_.spec.info.topic_ids.contains(assignment.where.topic))
    on_rejoin_needed(fmt::format("topic {} is new, and its id must be asked for", assignment.where.topic));
  auto frame = decode_frame(assignment.metadata);
  const auto saved = context_.spec.saved_offset(assignment.where);
  if (assignment.committed_offset < 0 || outlived(assignment.metadata, saved ? &*saved : nullptr, context_.series)) {
    // The broker forgot the offset, or a late copy of a commit from before a rewind came back: what we kept is right.
    // A partition that was never known has been added since: it starts at its beginning.
    if (saved) {
      assignment.committed_offset = saved->offset;
      frame = decode_frame(saved->state);
    } else {
      assignment.committed_offset = std::max<std::int64_t>(assignment.low, 0);
      frame = Frame{context_.series, ""};
    }
  }
  if (frame && frame->series == 0) frame->series = context_.series;
  slot.position = assignment.committed_offset;
  slot.end_offset = assignment.high;
  assignment.start = std::max(assignment.committed_offset, assignment.low);
  slot.assignment = assignment;
  if (frame) {
    slot.series = frame->series;
    slot.state = frame->state;
    committer_.open(assignment.id, assignment.where, slot.series, assignment.committed_offset, slot.state, now_ms());
  }
  auto& kept = slots_.emplace(assignment.id, std::move(slot)).first->second;
  if (!frame) {
    stand(kept, fmt::format("{}-{}: {}", assignment.where.topic, assignment.where.partition, frame.error().message));
  } else if (assignment.committed_offset > assignment.high && assignment.high >= 0) {
    stand(kept,
          fmt::format("{}-{}: the committed offset {} lies behind the end of the log, {}: the topic was made anew or has lost records",
                      assignment.where.topic, assignment.where.partition, assignment.committed_offset, assignment.high));
  } else {
    if (assignment.low > assignment.committed_offset) {
      const auto what = fmt::format("{}-{}: the broker has removed offsets {} to {} before they were stored (retention)",
                                    assignment.where.topic, assignment.where.partition, assignment.committed_offset, assignment.low - 1);
      log::warn(subject(assignment.id), "{}", what);
      event("gap", nullptr, what);
    }
    to_open_.push_back(assignment.id);
    if (assignment.low < 0) wait_for_leader(kept);
  }
}

// The partition is not touched until somebody has looked; the others run.
void Session::stand(Slot& slot, const std::string& message) {
  interrupted(
      slot.assignment.id,
      {sizeof(ch_interruption), c_string("offset_lost"), c_string(message),
       c_string("Disable the task, set its offsets with kafka-consumer-groups --reset-offsets, or change start.position; then enable it."),
       0});
}

void Session::open_new() {
  if (to_open_.empty()) return;
  std::map<std::string, std::uint32_t> counts;
  for (const auto& [id, slot] : slots_) ++counts[slot.assignment.where.topic];
  std::vector<OpenPartition> list;
  for (const auto id : std::exchange(to_open_, {})) {
    auto& slot = slots_.at(id);
    slot.opened = true;
    const auto& a = slot.assignment;
    list.push_back({id, a.where.topic, a.where.partition, a.committed_offset, slot.state, slot.series, a.low, counts[a.where.topic]});
  }
  check(context_.connector.open(list));
  CH_FAILPOINT("opened");
  next_tick_ms_ = 0;
}

void Session::on_revoked(const std::vector<ch_partition_id>& partitions, bool lost) {
  if (slots_.empty()) return;  // given up before
  CH_FAILPOINT("revoke");
  context_.spec.metrics->add(metrics::Id::revocations, static_cast<double>(partitions.size()));
  log::info(task_, "{} partitions {}", partitions.size(), lost ? "lost" : "revoked");
  if (!lost && !end_) {
    // What is nearly done may be finished: uploads under way, and the commits that belong to them.
    const auto deadline = std::chrono::steady_clock::now() + kRevokeGrace;
    while (std::chrono::steady_clock::now() < deadline && !end_ && (context_.pool.under_way() > 0 || !settled())) {
      if (context_.pool.serve()) next_tick_ms_ = 0;
      consumer_->serve_commits();
      serve_rejects();
      tick();
      send_commits(true);
      context_.shared.wait(milliseconds(5));
    }
  }
  give_up_all(lost);
  CH_FAILPOINT("revoked");
}

void Session::give_up_all(bool lost) {
  std::vector<PartitionId> all;
  for (const auto& [id, slot] : slots_) all.push_back(id);
  give_up(all, lost);
  joined_ = false;
}

void Session::give_up(const std::vector<PartitionId>& partitions, bool lost) {
  std::vector<PartitionId> opened;
  for (const auto id : partitions) {
    if (!CH_BUG("no_epoch_check")) {
      if (slots_.at(id).opened) opened.push_back(id);
      committer_.close(id);
      rejects_.forget(id);
    }
    slots_.erase(id);
    std::erase(to_open_, id);
    to_seek_.erase(id);
  }
  if (!opened.empty()) check(context_.connector.close(opened, lost));
}

Session::Outcome Session::leave(Outcome outcome) {
  if (outcome.end != End::stopped) give_up_all(true);  // decide nothing more
  if (!consumer_->close(kCloseTimeout)) log::warn(task_, "the group coordinator did not confirm our leaving; the session time-out will");
  give_up_all(true);
  context_.bridge.set_session(nullptr);
  context_.shared.set_consumer(nullptr);
  return outcome;
}

bool Session::finished_storing() {
  if (!to_open_.empty() || !settled()) return false;
  const auto pending = context_.connector.pending();
  if (!pending) check(tl::unexpected(pending.error()));
  return pending && *pending == 0;
}

void Session::tick() {
  const auto now = now_ms();
  if (now < next_tick_ms_) return;
  const auto next = context_.connector.tick(now);
  if (!next) {
    check(tl::unexpected(next.error()));
    return;
  }
  next_tick_ms_ = std::min(*next, now + kTickMs);
}

// ---- commits --------------------------------------------------------------------------------------------------------

void Session::send_commits(bool everything) {
  if (end_ || consumer_->commit_under_way()) return;
  const auto requests = committer_.due(now_ms(), everything);
  if (requests.empty()) return;
  CH_FAILPOINT("commit.before");
  consumer_->commit(requests);
  CH_FAILPOINT("commit.sent");
}

void Session::on_committed(const std::vector<kafka::CommitResult>& results) {
  CH_FAILPOINT("commit.answered");
  for (const auto& result : results) {
    if (!result.error.empty()) log::debug(task_, "commit refused: {}", result.error);
    context_.spec.metrics->add(result.error.empty() ? metrics::Id::commits : metrics::Id::commits_refused);
    ++(result.error.empty() ? context_.totals.commits : context_.totals.commits_refused);
    if (result.fatal) on_rejoin_needed("the group coordinator refused our commit for good: " + result.error);
  }
  for (const auto& ack : committer_.answered(results, now_ms())) {
    const auto slot = slots_.find(ack.id);
    if (slot == slots_.end() && !CH_BUG("no_epoch_check")) continue;
    if (slot != slots_.end()) {
      auto& marks = slot->second.marks;
      while (!marks.empty() && marks.front().position <= ack.offset) marks.pop_front();
    }
    // A newer request of the partition waits for a dead letter, perhaps for the same offset: it alone will be answered.
    if (rejects_.holds(ack.id)) continue;
    check(context_.connector.committed(ack.id, ack.offset, true));
    next_tick_ms_ = 0;
  }
  if (auto changed = committer_.take_changed(); !changed.empty()) context_.spec.save_offsets(std::move(changed));
}

void Session::request_commit(ch_partition_id partition, std::int64_t offset, std::string state, bool urgent) {
  if (!slots_.contains(partition) && !CH_BUG("no_epoch_check")) return;
  if (rejects_.hold(partition, {offset, state, urgent})) return;
  committer_.request(partition, offset, std::move(state), urgent, now_ms());
}

}  // namespace ch::tasks
