#include "runner/session_commits.hpp"

#include <connector_host/failpoint.hpp>
#include <utility>

#include "base/log.hpp"

namespace ch::runner {

namespace {

constexpr milliseconds kCommitDeadline{10000};  // past it a commit is still under way, and nothing may be concluded

}  // namespace

void SessionCommits::send(bool everything) {
  if (end_.said() || consumer_.commit_under_way()) return;
  const auto requests = scheduler_.due(context_.now(), everything);
  if (requests.empty()) return;
  CH_FAILPOINT("commit.before");
  consumer_.commit(requests);
  CH_FAILPOINT("commit.sent");
}

void SessionCommits::answered(const std::vector<kafka::CommitResult>& results) {
  CH_FAILPOINT("commit.answered");
  for (const auto& result : results) {
    if (result.refused) log::debug(context_.spec.info.name, "commit refused: {}", result.refused->message);
    context_.spec.metrics->add(result.refused ? metrics::Id::commits_refused : metrics::Id::commits);
    ++(result.refused ? context_.totals.commits_refused : context_.totals.commits);
    if (result.fatal) end_.rejoin("our commit was refused for good: " + result.refused->message);
  }
  for (const auto& ack : scheduler_.answered(results, context_.now())) {
    const auto assigned = partitions_.find(ack.id);
    if (assigned == partitions_.end() && !CH_BUG("no_epoch_check")) continue;
    if (assigned != partitions_.end()) assigned->second.waiting.stored(ack.offset);
    // A newer request of the partition waits for a dead letter, perhaps for the same offset: it alone will be answered.
    if (errant_.holds(ack.id) && !CH_BUG("answered_while_held")) continue;
    end_.check(context_.connector.committed(ack.id, ack.offset, true));
    ticks_.soon();
  }
  for (const auto& result : results) look_at(result.id);
  if (auto changed = scheduler_.take_changed(); !changed.empty()) context_.spec.save_offsets(std::move(changed));
}

void SessionCommits::look_at(ch_partition_id id) {
  const auto found = partitions_.find(id);
  if (found == partitions_.end()) return;
  auto& assigned = found->second;
  const auto refusal = scheduler_.refusal(id, context_.now());
  if (!refusal) return report_.end(assigned, assigned.uncommitted);
  report_.begin(assigned, assigned.uncommitted,
                {refusal->why.reason, refusal->why.message, refusal->why.remedy, context_.date_ms(refusal->next)}, context_.wall_ms());
}

void SessionCommits::look() {
  if (consumer_.commit_age() > kCommitDeadline) end_.rejoin("an offset commit has not been answered in time");
  if (scheduler_.gave_up(context_.now())) end_.rejoin("the group coordinator keeps refusing our commits");
}

void SessionCommits::request(ch_partition_id id, std::int64_t offset, std::string state, bool urgent) {
  if (!partitions_.contains(id) && !CH_BUG("no_epoch_check")) return;
  if (errant_.hold(id, {offset, state, urgent})) return;
  scheduler_.request(id, offset, std::move(state), urgent, context_.now());
}

void SessionCommits::release(ch_partition_id id, ErrantRecords::Commit commit) {
  if (partitions_.contains(id)) scheduler_.request(id, commit.offset, std::move(commit.state), commit.urgent, context_.now());
}

bool SessionCommits::settled() const { return scheduler_.idle() && errant_.idle() && !consumer_.commit_under_way(); }

}  // namespace ch::runner
