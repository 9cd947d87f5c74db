#include "fake_consumer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ch::runner_test {
namespace {

constexpr std::uint64_t kWindow = 40;  // records that may be kept beside what comes
constexpr std::size_t kLongestAnswer = 900;

Interruption failure(const char* reason, const char* message) { return {reason, message, "Nothing."}; }

const ch_bytes kGood{reinterpret_cast<const unsigned char*>("good"), 4};
const ch_bytes kBad{reinterpret_cast<const unsigned char*>("bad"), 3};

}  // namespace

void FakeConsumer::Buffer::drop() {
  records.clear();
  end.reset();
  end_is_news = broken = out_of_range = false;
}

FakeConsumer::Buffer& FakeConsumer::buffer(ch_partition_id id, const char* call) {
  const auto found = buffers_.find(id);
  if (found != buffers_.end()) return found->second;
  world_.ledger.complain(fmt::format("{} of assignment {}, which has ended", call, id));
  static Buffer none;
  none = {};
  return none;
}

// A commit that is on its way may arrive without its sender.
FakeConsumer::~FakeConsumer() {
  if (in_flight_ && !in_flight_->decided && world_.dice.chance(50))
    world_.group.late.push_back({in_flight_->generation, in_flight_->requests});
}

// ---- the group ------------------------------------------------------------------------------------------------------

Status FakeConsumer::subscribe(const kafka::Subscription&, kafka::Listener& listener) {
  listener_ = &listener;
  join_at_ = world_.clock.steady() + milliseconds(world_.dice.pick(2000));
  return {};
}

void FakeConsumer::rebalance(bool lost) {
  if (!assigned() || revoke_due_) return;
  revoke_due_ = lost;
  if (!lost) return;
  ++world_.group.generation;  // the others need not wait for us
  for (const auto& [id, buffer] : buffers_)
    if (world_.dice.chance(70)) world_.group.of_others.insert(buffer.partition);
}

void FakeConsumer::poll(milliseconds at_most) {
  auto& [ledger, group, clock, dice, turn, woken, saved] = world_;
  clock.pass(milliseconds(at_most.count() > 0 ? dice.pick(static_cast<std::size_t>(at_most.count()) + 1) : dice.pick(3)));
  turn();
  tell_trouble();
  // Rebalances before answers of commits: a success can be older than the loss of its assignment.
  if (revoke_due_) revoke(*std::exchange(revoke_due_, std::nullopt));
  if (join_at_ && clock.steady() >= *join_at_) assign();
  if (in_flight_ && dice.chance(50)) let_broker_decide();
  answer_commit();
}

void FakeConsumer::tell_trouble() {
  if (!troubled_ && world_.dice.fails(1)) {
    troubled_ = true;
    listener_->on_trouble(failure("broker_unreachable", "no broker answers"));
  } else if (troubled_ && world_.dice.chance(10)) {
    troubled_ = false;
    listener_->on_reachable();
  }
}

void FakeConsumer::assign() {
  auto& [ledger, group, clock, dice, turn, woken, saved] = world_;
  join_at_.reset();
  generation_ = ++group.generation;
  group.of_others.clear();
  std::vector<kafka::Assignment> assignments;
  for (int partition = 0; partition < static_cast<int>(ledger.logs.size()); ++partition) {
    if (dice.fails(25)) {
      group.of_others.insert(partition);
      continue;
    }
    const auto& log = ledger.logs[static_cast<std::size_t>(partition)];
    kafka::Assignment a;
    a.id = ++group.last_id;
    a.where = {Ledger::kTopic, partition};
    a.committed_offset = log.committed;
    a.metadata = log.metadata;
    if (const auto kept = saved(partition); kept == std::pair(log.committed, log.metadata) && dice.fails(20)) {
      a.committed_offset = -1;  // the broker forgets those of an empty group
      a.metadata.clear();
      ++group.expired;
    }
    if (log.leader) {
      a.low = log.low;
      a.high = log.end;
    }
    assignments.push_back(std::move(a));
  }
  ++group.assignments;
  for (const auto& a : assignments) buffers_[a.id].partition = a.where.partition;
  ledger.note(fmt::format("generation {}: {} partitions are assigned", generation_, assignments.size()));
  listener_->on_assigned(assignments);
  for (const auto& a : assignments) buffers_[a.id].position = a.start >= 0 ? a.start : std::max<std::int64_t>(a.low, 0);
  if (assignments.empty()) join_at_ = clock.steady() + milliseconds(dice.pick(5000));
}

void FakeConsumer::revoke(bool lost) {
  auto& [ledger, group, clock, dice, turn, woken, saved] = world_;
  std::vector<ch_partition_id> ids;
  for (const auto& [id, buffer] : buffers_) ids.push_back(id);
  ++(lost ? group.losses : group.revocations);
  ledger.note(lost ? "lost" : "revoked");
  listener_->on_revoked(ids, lost);
  buffers_.clear();
  readable_.clear();
  if (!lost) {
    ++group.generation;
    for (int partition = 0; partition < static_cast<int>(ledger.logs.size()); ++partition)
      if (dice.fails(50)) group.of_others.insert(partition);
  }
  generation_ = -1;
  if (!closed_) join_at_ = clock.steady() + milliseconds(dice.pick(3000));
}

bool FakeConsumer::close(milliseconds, Membership) {
  closed_ = true;
  join_at_.reset();
  revoke(false);
  return !world_.dice.fails(5);
}

// ---- reading --------------------------------------------------------------------------------------------------------

bool FakeConsumer::fetch() {
  if (!holding_up().empty()) return false;
  const auto before = fetched_;
  for (auto& [id, buffer] : buffers_) fetch(buffer);
  return fetched_ != before;
}

void FakeConsumer::fetch(Buffer& buffer) {
  if (buffer.parked || buffer.broken || buffer.out_of_range || !log(buffer).leader || world_.dice.chance(30)) return;
  const auto& from = log(buffer);
  if (buffer.position < from.low) {
    buffer.out_of_range = true;
    ++fetched_;
    return;
  }
  if (buffer.records.empty()) buffer.oldest_at = fetched_;
  auto next = from.records.lower_bound(buffer.position);
  for (auto left = world_.dice.pick(12); left > 0 && next != from.records.end(); --left, ++next) {
    buffer.records.push_back({{nullptr, 0}, next->second ? kBad : kGood, next->first, world_.clock.wall_ms(), nullptr});
    buffer.position = next->first + 1;
    buffer.end_is_news = false;  // there is something behind it
    ++fetched_;
  }
  if (world_.dice.fails(1)) {
    buffer.broken = true;
  } else if (next == from.records.end() && buffer.end != from.end) {
    buffer.position = from.end;
    buffer.end = from.end;
    buffer.end_is_news = true;
    ++fetched_;
  }
}

std::vector<ch_partition_id> FakeConsumer::holding_up() const {
  std::vector<ch_partition_id> out;
  for (const auto& [id, buffer] : buffers_)
    if (!buffer.records.empty() && fetched_ - buffer.oldest_at > kWindow) out.push_back(id);
  return out;
}

const std::vector<ch_partition_id>& FakeConsumer::readable() {
  readable_.clear();
  for (const auto& [id, buffer] : buffers_)
    if (buffer.has_news()) readable_.push_back(id);
  return readable_;
}

Result<kafka::Consumer::Records> FakeConsumer::read(ch_partition_id id) {
  auto& from = buffer(id, "read");
  if (from.out_of_range) return fail(ErrorCode::conflict, "the broker no longer has the next offset");
  Records out{from.records, std::nullopt, std::nullopt};
  if (from.end_is_news) out.end_of_partition = from.end;
  if (from.broken) out.broken = failure("client_error", "a record cannot be read");
  return out;
}

void FakeConsumer::take(ch_partition_id id, std::size_t count) {
  auto& from = buffer(id, "take");
  const bool all = count >= from.records.size();
  from.records.erase(from.records.begin(), from.records.begin() + static_cast<std::ptrdiff_t>(std::min(count, from.records.size())));
  if (count > 0) from.oldest_at = fetched_;
  if (all) from.end_is_news = false;
}

void FakeConsumer::park(ch_partition_id id) {
  auto& of = buffer(id, "park");
  if (of.parked) return;
  ++world_.group.parks;
  of.drop();
  of.parked = true;
}

bool FakeConsumer::parked(ch_partition_id id) const {
  const auto found = buffers_.find(id);
  return found != buffers_.end() && found->second.parked;
}

Status FakeConsumer::seek(ch_partition_id id, std::int64_t offset) {
  auto& of = buffer(id, "seek");
  of.drop();
  if (world_.dice.fails(15)) {
    ++world_.group.seeks_failed;
    return fail(ErrorCode::unavailable, "the seek failed");
  }
  of.position = offset;
  of.parked = false;
  return {};
}

std::int64_t FakeConsumer::end_offset(ch_partition_id id) const {
  const auto found = buffers_.find(id);
  return found != buffers_.end() && log(found->second).leader ? log(found->second).end : -1;
}

bool FakeConsumer::holds(ch_partition_id id) const {
  const auto found = buffers_.find(id);
  return found == buffers_.end() || found->second.parked || found->second.has_news();
}

std::optional<kafka::Throttled> FakeConsumer::throttled() const {
  if (!world_.dice.fails(1)) return std::nullopt;
  return kafka::Throttled{"1", milliseconds(500), milliseconds(40000)};
}

// ---- commits --------------------------------------------------------------------------------------------------------

bool FakeConsumer::commit(const std::vector<kafka::CommitRequest>& requests) {
  auto& dice = world_.dice;
  if (requests.empty() || in_flight_) return false;
  if (in_doubt_) world_.ledger.complain("a commit is asked for while a copy of another may still come");
  for (const auto& request : requests) (void)buffer(request.id, "commit");
  const auto now = world_.clock.steady();
  in_flight_ = Commit{requests, generation_, now, now + milliseconds(dice.pick(kLongestAnswer)), Fate::stored, {}, false};
  if (dice.fails(10)) in_flight_->fate = Fate::refused;
  if (dice.fails(1)) in_flight_->fate = Fate::unanswered;
  if (dice.fails(2)) in_flight_->fate = Fate::doubtful;
  if (dice.fails(1)) in_flight_->fate = Fate::fatal;
  return true;
}

milliseconds FakeConsumer::commit_age() const { return in_flight_ ? world_.clock.steady() - in_flight_->sent : milliseconds(0); }

// The broker does not ask who has a partition, only whether the commit is of the generation that the group is in.
void FakeConsumer::let_broker_decide() {
  auto& commit = *in_flight_;
  if (std::exchange(commit.decided, true)) return;
  const bool member = commit.generation == world_.group.generation;
  for (const auto& request : commit.requests) {
    const bool takes = member && commit.fate != Fate::fatal && (commit.fate != Fate::refused || world_.dice.chance(50));
    commit.taken.push_back(takes);
    if (takes) world_.ledger.commit(request.where.partition, request.offset, request.metadata, "host");
  }
  if (commit.fate == Fate::doubtful && member) world_.group.late.push_back({commit.generation, commit.requests});
}

void FakeConsumer::serve_commits() {
  world_.clock.pass(milliseconds(1 + world_.dice.pick(60)));
  world_.woken();
  answer_commit();
}

void FakeConsumer::answer_commit() {
  if (!in_flight_ || world_.clock.steady() < in_flight_->answer_at || in_flight_->fate == Fate::unanswered) return;
  let_broker_decide();
  const auto commit = *std::exchange(in_flight_, std::nullopt);
  if (commit.fate == Fate::doubtful) {
    ++world_.group.doubts;
    in_doubt_ = true;
    return listener_->on_rejoin_needed("an offset commit may have been sent twice");
  }
  std::vector<kafka::CommitResult> results;
  for (std::size_t i = 0; i < commit.requests.size(); ++i) {
    kafka::CommitResult result{commit.requests[i].id, std::nullopt, false, false};
    if (!commit.taken[i]) {
      ++world_.group.refusals;
      result.refused = failure(world_.dice.chance(30) ? "topic_denied" : "broker_unreachable", "the commit is refused");
      result.anew = commit.generation != world_.group.generation || world_.dice.chance(50);
      result.fatal = commit.fate == Fate::fatal;
    }
    results.push_back(std::move(result));
  }
  listener_->on_committed(results);
}

// ---- dead letters ---------------------------------------------------------------------------------------------------

// What is under way when the producer goes may arrive, or not.
FakeDeadLetters::~FakeDeadLetters() {
  for (const auto& letter : under_way_)
    if (world_.dice.chance(50)) world_.ledger.bury(letter.partition, letter.offset);
}

kafka::DeadLetters::Sent FakeDeadLetters::send(ch_partition_id assignment, const kafka::TopicPartition& where, const ch_record& record,
                                               const std::string&) {
  if (refusal(assignment) || world_.dice.fails(10)) return Sent::later;
  const auto number = ++last_[assignment];
  under_way_.push_back({assignment, number, where.partition, record.offset, world_.dice.fails(10)});
  return Sent::yes;
}

// In any order: the topic has several partitions.
void FakeDeadLetters::serve() {
  for (auto it = under_way_.begin(); it != under_way_.end();) {
    if (it->refused && (world_.dice.calm || world_.dice.chance(1))) it->refused = false;  // the topic was changed
    if (it->refused || !world_.dice.chance(world_.dice.calm ? 50 : 5)) {
      ++it;
      continue;
    }
    world_.ledger.bury(it->partition, it->offset);
    it = under_way_.erase(it);
  }
  if (!trouble_ && !under_way_.empty() && world_.dice.fails(1) && world_.dice.chance(10))
    trouble_ = failure("topic_missing", "the dead-letter topic is gone");
}

std::uint64_t FakeDeadLetters::last(ch_partition_id assignment) const {
  const auto found = last_.find(assignment);
  return found == last_.end() ? 0 : found->second;
}

bool FakeDeadLetters::acknowledged(ch_partition_id assignment, std::uint64_t number) const {
  return std::none_of(under_way_.begin(), under_way_.end(),
                      [&](const Letter& letter) { return letter.assignment == assignment && letter.number <= number; });
}

void FakeDeadLetters::forget(ch_partition_id assignment) {
  last_.erase(assignment);
  std::erase_if(under_way_, [&](const Letter& letter) {
    if (letter.assignment != assignment) return false;
    if (world_.dice.chance(50)) world_.ledger.bury(letter.partition, letter.offset);
    return true;
  });
}

std::optional<kafka::DeadLetters::Refusal> FakeDeadLetters::refusal(ch_partition_id assignment) const {
  for (const auto& letter : under_way_) {
    if (letter.assignment != assignment || !letter.refused) continue;
    return Refusal{letter.offset, 3, failure("client_error", "it is too large"), true, 0};
  }
  return std::nullopt;
}

}  // namespace ch::runner_test
