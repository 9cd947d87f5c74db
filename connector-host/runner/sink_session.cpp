#include "runner/sink_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <connector_host/failpoint.hpp>
#include <connector_host/reasons.hpp>

#include "base/log.hpp"
#include "runner/offset_metadata.hpp"

namespace ch::runner {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookAtSettings{5000};
constexpr milliseconds kRevokeGrace{1500};  // to finish uploads under way: the whole group waits for us
constexpr milliseconds kCloseTimeout{8000};

}  // namespace

SinkSession::SinkSession(const Context& context)
    : context_(context),
      task_(context.spec.info.name),
      made_with_(context.cluster),
      consumer_(context.consumer),
      end_(*context.spec.clock),
      ticks_(context_, end_),
      report_(context_, partitions_, end_, scheduler_),
      pump_(context_, partitions_, end_, ticks_, report_),
      silence_(context_, partitions_, report_),
      errant_(context_, partitions_, end_, report_, pump_),
      commits_(context_, partitions_, end_, ticks_, report_, errant_, scheduler_) {}

SinkSession::~SinkSession() {
  context_.host_table.set_session(nullptr);
  context_.control.set_consumer(nullptr);
}

SinkSession::Outcome SinkSession::run() {
  if (const auto subscribed = consumer_.subscribe(context_.subscription, *this); !subscribed)
    return {End::failed, subscribed.error().message, false};
  context_.host_table.set_session(this);
  context_.control.set_consumer([this] { consumer_.wake(); });
  report_.publish();
  while (loop_once()) {
  }
  return leave(end_.outcome());
}

// False when the session is over: `end_` says how.
bool SinkSession::loop_once() {
  consumer_.poll(progress_ ? milliseconds(0) : time_to_wait());
  progress_ = false;
  const auto now = this->now();
  context_.control.beat->come_round(now);
  if (!end_.said()) {
    if (context_.control.retry.exchange(false)) {
      pump_.retry();
      end_.check(context_.connector.retry());
    }
    open_new();
    if (context_.pool.serve()) ticks_.soon();
    serve_errant();
    progress_ = pump_.seek() || pump_.read(flushing_);
    if (context_.control.stopping && !context_.control.discard && !flushing_) {
      flushing_ = true;
      end_.check(context_.connector.flush());
      ticks_.soon();
    }
    ticks_.run();
    silence_.look();
    commits_.send(flushing_);
    commits_.look();
  }
  report_.look_at_instance();
  look_at_settings();
  report_.tell_causes(false);
  if (!end_.said() && context_.control.stopping && (context_.control.must_end(now) || finished_storing())) end_.stop();
  report_.publish_if_due(progress_);
  return !end_.said();
}

milliseconds SinkSession::time_to_wait() const {
  const auto now = this->now();
  Instant next = std::min(ticks_.next(), now + Ticks::kLongest);
  if (!consumer_.commit_under_way()) next = std::min(next, scheduler_.next(now));
  return std::clamp(next - now, milliseconds(0), Ticks::kLongest);
}

// ---- ownership ------------------------------------------------------------------------------------------------------

void SinkSession::on_assigned(std::vector<kafka::Assignment>& partitions) {
  CH_FAILPOINT("assign");
  report_.set_joined(true);
  for (auto& assignment : partitions) adopt(assignment);
  context_.spec.metrics->add(metrics::Id::assignments, static_cast<double>(partitions.size()));
  log::info(task_, "assigned {} partitions", partitions.size());
}

// Decides where the partition goes on; the connector may still move it when it has looked into the bucket.
void SinkSession::adopt(kafka::Assignment& assignment) {
  AssignedPartition partition;
  if (context_.spec.ckafka != nullptr && !context_.spec.info.topic_ids.contains(assignment.where.topic))
    on_rejoin_needed(fmt::format("topic {} is new, and its id must be asked for", assignment.where.topic));
  auto frame = decode_offset_metadata(assignment.metadata);
  const auto saved = context_.spec.saved_offset(assignment.where);
  if (assignment.committed_offset < 0 || outlived(assignment.metadata, saved ? &*saved : nullptr, context_.series)) {
    // The broker forgot the offset, or a late copy of a commit from before a rewind came back: what we kept is right.
    // A partition that was never known has been added since: it starts at its beginning.
    if (saved) {
      assignment.committed_offset = saved->offset;
      frame = decode_offset_metadata(saved->state);
    } else {
      assignment.committed_offset = std::max<std::int64_t>(assignment.low, 0);
      frame = OffsetMetadata{context_.series, ""};
    }
  }
  if (frame && frame->series == 0) frame->series = context_.series;
  partition.position = assignment.committed_offset;
  partition.end_offset = assignment.high;
  partition.end_seen = now();
  assignment.start = std::max(assignment.committed_offset, assignment.low);
  partition.assignment = assignment;
  if (frame) {
    partition.series = frame->series;
    partition.state = frame->state;
    scheduler_.open(assignment.id, assignment.where, partition.series, assignment.committed_offset, partition.state, now());
  }
  auto& kept = partitions_.emplace(assignment.id, std::move(partition)).first->second;
  if (!frame) {
    halt(kept, fmt::format("{}-{}: {}", assignment.where.topic, assignment.where.partition, frame.error().message));
  } else if (assignment.committed_offset > assignment.high && assignment.high >= 0) {
    halt(kept, fmt::format("{}-{}: the committed offset {} lies behind the end of the log, {}: the topic was made anew or has lost records",
                           assignment.where.topic, assignment.where.partition, assignment.committed_offset, assignment.high));
  } else {
    if (assignment.low > assignment.committed_offset) {
      const auto what = fmt::format("{}-{}: the broker has removed offsets {} to {} before they were stored (retention)",
                                    assignment.where.topic, assignment.where.partition, assignment.committed_offset, assignment.low - 1);
      log::warn(report_.subject(assignment.id), "{}", what);
      report_.event("gap", nullptr, what);
    }
    to_open_.push_back(assignment.id);
    if (assignment.low < 0) pump_.wait_for_leader(kept);
  }
}

// The partition is not touched until somebody has looked; the others run.
void SinkSession::halt(AssignedPartition& partition, const std::string& message) {
  partition.phase = AssignedPartition::Phase::halted;
  report_.interrupted(
      partition.assignment.id,
      {reasons::kOffsetLost, message,
       "Disable the task, set its offsets with kafka-consumer-groups --reset-offsets, or change start.position; then enable it."});
}

void SinkSession::open_new() {
  if (to_open_.empty()) return;
  std::map<std::string, std::uint32_t> counts;
  for (const auto& [id, partition] : partitions_) ++counts[partition.assignment.where.topic];
  std::vector<OpenPartition> list;
  for (const auto id : std::exchange(to_open_, {})) {
    auto& partition = partitions_.at(id);
    partition.phase = AssignedPartition::Phase::opening;
    const auto& a = partition.assignment;
    list.push_back(
        {id, a.where.topic, a.where.partition, a.committed_offset, partition.state, partition.series, a.low, counts[a.where.topic]});
  }
  end_.check(context_.connector.open(list));
  CH_FAILPOINT("opened");
  ticks_.soon();
}

void SinkSession::on_revoked(const std::vector<ch_partition_id>& partitions, bool lost) {
  if (partitions_.empty()) return;  // given up before
  CH_FAILPOINT("revoke");
  context_.spec.metrics->add(metrics::Id::revocations, static_cast<double>(partitions.size()));
  log::info(task_, "{} partitions {}", partitions.size(), lost ? "lost" : "revoked");
  if (!lost && !end_.said()) {
    // What is nearly done may be finished: uploads under way, and the commits that belong to them.
    const auto deadline = now() + kRevokeGrace;
    while (now() < deadline && !end_.said() && (context_.pool.under_way() > 0 || !commits_.settled())) {
      context_.control.beat->come_round(now());
      if (context_.pool.serve()) ticks_.soon();
      consumer_.serve_commits();
      serve_errant();
      ticks_.run();
      commits_.send(true);
      context_.control.wait(milliseconds(5));
    }
  }
  give_up_all(lost);
  CH_FAILPOINT("revoked");
}

void SinkSession::give_up_all(bool lost) {
  std::vector<PartitionId> all;
  for (const auto& [id, partition] : partitions_) all.push_back(id);
  give_up(all, lost);
  report_.set_joined(false);
}

void SinkSession::give_up(const std::vector<PartitionId>& partitions, bool lost) {
  report_.tell_causes(true);
  std::vector<PartitionId> opened;
  for (const auto id : partitions) {
    if (!CH_BUG("no_epoch_check")) {
      if (partitions_.at(id).opened()) opened.push_back(id);
      scheduler_.close(id);
      errant_.forget(id);
    }
    report_.forget(id);
    partitions_.erase(id);
    std::erase(to_open_, id);
    pump_.forget(id);
  }
  if (!opened.empty()) end_.check(context_.connector.close(opened, lost));
}

SinkSession::Outcome SinkSession::leave(Outcome outcome) {
  if (outcome.end != End::stopped) give_up_all(true);  // decide nothing more
  using Membership = kafka::Consumer::Membership;
  const bool ends = other_topics_ || (outcome.end == End::stopped && context_.control.for_good);
  if (!consumer_.close(kCloseTimeout, ends ? Membership::ended : Membership::kept))
    log::warn(task_, "the group coordinator did not confirm our leaving; the session time-out will");
  give_up_all(true);
  context_.host_table.set_session(nullptr);
  context_.control.set_consumer(nullptr);
  return outcome;
}

// Commits whose dead letters have been acknowledged go on their way. Nobody who stops the task waits for those that are
// refused: nothing is committed of what lies behind, so it is read again.
void SinkSession::serve_errant() {
  errant_.serve([this](ch_partition_id id, ErrantRecords::Commit commit) { commits_.release(id, std::move(commit)); });
  if (flushing_ && errant_.buries()) {
    const auto refused = errant_.refused();
    give_up(refused, false);
    for (const auto id : refused) consumer_.park(id);
  }
  errant_.look_at_topic();
}

bool SinkSession::finished_storing() {
  if (!to_open_.empty() || !commits_.settled()) return false;
  const auto pending = context_.connector.pending();
  if (!pending) end_.check(tl::unexpected(pending.error()));
  return pending && *pending == 0;
}

void SinkSession::on_committed(const std::vector<kafka::CommitResult>& results) { commits_.answered(results); }

void SinkSession::on_trouble(const Interruption& what) { report_.trouble(what); }

void SinkSession::on_reachable() { report_.reachable(); }

void SinkSession::on_rejoin_needed(const std::string& why) { end_.rejoin(why); }
void SinkSession::on_topics_changed() {
  other_topics_ = true;
  on_rejoin_needed("the topics that topics.regex matches have changed");
}

// While nobody answers, or we are not believed. The consumer knows what it was made with, and goes on asking with that.
void SinkSession::look_at_settings() {
  if ((!report_.in_trouble() && !errant_.stuck()) || now() < settings_due_) return;
  settings_due_ = now() + kLookAtSettings;
  report_.look_again_at(settings_due_);
  const auto settings = context_.spec.cluster();
  if (settings && made_with_.differs_from(*settings)) on_rejoin_needed("the instance's settings, or files that they name, have changed");
}

// ---- what the connector says ----------------------------------------------------------------------------------------

void SinkSession::request_commit(ch_partition_id id, std::int64_t offset, std::string state, bool urgent) {
  commits_.request(id, offset, std::move(state), urgent);
}

std::int32_t SinkSession::reject(ch_partition_id id, const ch_record& record, const std::string& why) {
  return errant_.reject(id, record, why);
}

void SinkSession::resume(ch_partition_id id, std::int64_t offset) {
  if (const auto found = partitions_.find(id); found != partitions_.end()) pump_.go_on_at(found->second, offset, {});
}

void SinkSession::interrupted(ch_partition_id id, Interruption what) { report_.interrupted(id, std::move(what)); }

void SinkSession::recovered(ch_partition_id id) { report_.recovered(id); }

void SinkSession::stored(ch_partition_id id, const ch_object& object) { report_.stored(id, object); }

}  // namespace ch::runner
