#include "simulation.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <exception>

#include "fake_consumer.hpp"
#include "metrics/metrics.hpp"
#include "oracle.hpp"
#include "runner/offset_metadata.hpp"
#include "runner/sink_session.hpp"
#include "scripted_sink.hpp"

namespace ch::runner_test {
namespace {

using runner::SinkSession;

constexpr int kDrainTurns = 4000;
constexpr std::uint64_t kMemory = 1 << 20;
constexpr milliseconds kStopTime{60000};

struct Crash : std::exception {};
struct NotDrained : std::exception {};

// One for all seeds: making it takes longer than a seed.
std::shared_ptr<metrics::TaskMetrics> counters() {
  static metrics::Metrics all;
  static const auto task = all.task("simulated");
  return task;
}

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed)
      : dice_(seed),
        ledger_(1 + dice_.pick(4)),
        world_{ledger_, group_, clock_, dice_, [this] { turn(); }, [this] { control_->wake(); }, [this](int p) { return saved(p); }},
        script_{world_},
        turns_left_(150 + dice_.pick(500)) {
    ledger_.keep_history = std::getenv("CH_SIMULATION_HISTORY") != nullptr;
    bad_percent_ = dice_.chance(50) ? 0 : 1 + static_cast<int>(dice_.pick(10));
    spec_.info.name = "simulated";
    spec_.info.buffer_memory = kMemory;
    spec_.host = "host";
    spec_.errors.tolerate = dice_.chance(80);
    if (dice_.chance(75)) spec_.errors.dead_letter_topic = "dead";
    script_.passes_over = spec_.errors.dead_letter_topic.empty();
    spec_.topics = {Ledger::kTopic};
    spec_.connector = scripted_connector(script_);
    spec_.metrics = counters();
    spec_.clock = &clock_;
    spec_.cluster = [] { return kafka::Properties{}; };
    spec_.saved_offset = [this](const kafka::TopicPartition& where) { return saved_offset(where); };
    spec_.save_offsets = [this](const std::vector<store::SavedOffset>& offsets) { save(offsets); };
    spec_.add_event = [](const store::Event&) {};
  }

  SimulationResult run() {
    try {
      while (!over_) run_session();
    } catch (const NotDrained&) {
      for (std::size_t p = 0; p < ledger_.logs.size(); ++p) {
        const auto& log = ledger_.logs[p];
        ledger_.complain(fmt::format("not drained: {} of {} is committed of {}, with \"{}\"", log.committed, log.end, p, log.metadata));
      }
    }
    connector_.reset();
    late_put();
    ledger_.judge();
    return result();
  }

 private:
  // As runner::Runner does it, without its threads.
  void run_session() {
    control_ = std::make_unique<runner::RunnerControl>();
    control_->beat = std::make_shared<runner::Beats::Beat>("simulated", runner::Beats::Role::one_of_many);
    if (connector_ == nullptr) connector_ = spec_.connector->create(table_.table(), spec_.info).value();
    FakeConsumer consumer(world_);
    consumer_ = &consumer;
    ++result_.sessions;
    try {
      SinkSession session({spec_, cluster_, *control_, table_, pool_, budget_, *connector_, consumer,
                           [this](const kafka::DeadLetterSettings&, const auto&) -> Result<std::unique_ptr<kafka::DeadLetters>> {
                             return std::make_unique<FakeDeadLetters>(world_);
                           },
                           totals_, 1});
      ended(session.run());
    } catch (const Crash&) {
      ++result_.crashes;
      ledger_.note("crash");
      connector_.reset();
      if (dice_.chance(50)) others_take_over();
    }
    consumer_ = nullptr;
    clock_.pass(milliseconds(250 + dice_.pick(3000)));
  }

  void ended(const SinkSession::Outcome& outcome) {
    ledger_.note(fmt::format("the session ended: {}", outcome.why));
    if (outcome.end == SinkSession::End::failed) ledger_.complain("the session failed: " + outcome.why);
    if (outcome.end == SinkSession::End::rejoin) {
      ++result_.rejoins;
      return;
    }
    connector_.reset();
    if (!for_good_) return;
    over_ = true;
    if (!ledger_.drained()) ledger_.complain("the task was stopped, and something is not committed");
  }

  // The coordinator has given us up.
  void others_take_over() {
    ++group_.generation;
    for (int p = 0; p < static_cast<int>(ledger_.logs.size()); ++p)
      if (dice_.chance(70)) group_.of_others.insert(p);
  }

  // ---- what can happen, once for each call of poll()

  void turn() {
    ++result_.turns;
    if (turns_left_ > 0 && --turns_left_ == 0) heal();
    if (dice_.calm) return drain();
    if (dice_.chance(25)) produce();
    if (dice_.chance(20)) other_member();
    switch (dice_.pick(60)) {
      case 0:
        return consumer_->rebalance(dice_.chance(40));
      case 1:
        if (dice_.chance(25)) throw Crash();
        return;
      case 2:
        return remove_some();
      case 3:
        return change_leader();
      case 4:
      case 5:
        return late_put();
      case 6:
      case 7:
        return late_copy();
      case 8:
        control_->paused = !control_->paused;
        return;
      case 9:
        control_->retry = true;
        return;
      case 10:
        if (dice_.chance(20)) stop();
        return;
      case 11:
      case 12:
        control_->status_asked = true;
        return;
      default:
        return;
    }
  }

  void produce() {
    const int p = any_partition();
    auto& log = ledger_.logs[static_cast<std::size_t>(p)];
    for (std::size_t i = 0, count = 1 + dice_.pick(8); i < count; ++i) {
      if (dice_.chance(10)) log.end += static_cast<std::int64_t>(1 + dice_.pick(3));  // markers, aborted transactions
      ledger_.produce(p, dice_.chance(bad_percent_));
    }
    if (dice_.chance(10)) ++log.end;
  }

  // Another host has some of the partitions, and makes no mistakes.
  void other_member() {
    if (group_.of_others.empty()) return;
    auto it = group_.of_others.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(dice_.pick(group_.of_others.size())));
    const int p = *it;
    auto& log = ledger_.logs[static_cast<std::size_t>(p)];
    const auto start = log.committed;
    auto end = intent_in(log.metadata).value_or(-1);
    const bool fresh = end < 0;
    if (fresh) end = std::min(log.end, start + static_cast<std::int64_t>(1 + dice_.pick(10)));
    if (end <= start) return;
    std::vector<std::int64_t> offsets;
    for (auto record = log.records.lower_bound(start); record != log.records.end() && record->first < end; ++record) {
      if (!record->second || !spec_.errors.tolerate) {
        offsets.push_back(record->first);
      } else if (script_.passes_over) {
        ledger_.pass_over(p, record->first);
      } else {
        ledger_.bury(p, record->first);  // before the intent is committed, as the host does
      }
    }
    if (fresh) ledger_.commit(p, start, runner::encode_offset_metadata({1, intent_text(end)}), "another");
    if (fresh && dice_.chance(30)) return;  // it takes its time; somebody else may find the intent
    ledger_.store(p, start, end, offsets, "another");
    ledger_.commit(p, end, runner::encode_offset_metadata({1, ""}), "another");
  }

  void remove_some() {
    if (!dice_.chance(15)) return;
    const int p = any_partition();
    const auto& log = ledger_.logs[static_cast<std::size_t>(p)];
    const auto low = log.low + static_cast<std::int64_t>(dice_.pick(static_cast<std::size_t>(log.end - log.low + 1)));
    ledger_.note(fmt::format("retention of {} removes what is before {}", p, low));
    ledger_.remove_before(p, low);
  }

  void change_leader() {
    auto& log = ledger_.logs[static_cast<std::size_t>(any_partition())];
    log.leader = !log.leader;
    if (!log.leader) ++result_.leaderless;
  }

  void late_put() {
    for (const auto& put : std::exchange(script_.late, {})) {
      ++result_.late_puts;
      ledger_.store(put.partition, put.start, put.end, put.offsets, "late request");
    }
  }

  // The broker refuses what is of a generation that has ended.
  void late_copy() {
    for (const auto& copy : std::exchange(group_.late, {})) {
      if (copy.generation != group_.generation) continue;
      ++result_.late_copies;
      for (const auto& r : copy.requests) ledger_.commit(r.where.partition, r.offset, r.metadata, "late copy");
    }
  }

  void stop() {
    ++result_.stops;
    ledger_.note("stop");
    control_->stop_deadline = clock_.steady() + kStopTime;
    control_->discard = dice_.chance(30);
    control_->stopping = true;
  }

  int any_partition() { return static_cast<int>(dice_.pick(ledger_.logs.size())); }

  // ---- what the host's store keeps

  std::optional<store::SavedOffset> saved_offset(const kafka::TopicPartition& where) const {
    const auto found = kept_.find(where.partition);
    return found == kept_.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<std::pair<std::int64_t, std::string>> saved(int partition) const {
    const auto found = kept_.find(partition);
    return found == kept_.end() ? std::nullopt : std::optional(std::pair(found->second.offset, found->second.state));
  }
  void save(const std::vector<store::SavedOffset>& offsets) {
    for (const auto& one : offsets) {
      if (!ledger_.was_committed(one.partition, one.offset, one.state))
        ledger_.complain(fmt::format("{} of {} is kept and was never committed: {}", one.offset, one.partition, one.state));
      kept_[one.partition] = one;
    }
  }

  // ---- the end

  void heal() {
    ledger_.note("everything heals");
    dice_.calm = true;
    script_.all_good = !spec_.errors.tolerate;
    for (auto& log : ledger_.logs) log.leader = true;
    late_put();
    late_copy();
    for (auto& log : ledger_.logs) log.low = std::max(log.low, Ledger::kFirstOffset);
  }

  void drain() {
    control_->paused = false;
    if (++drain_turns_ > kDrainTurns) throw NotDrained();
    other_member();
    if (ledger_.drained() && !control_->stopping) stop_for_good();
  }

  void stop_for_good() {
    ledger_.note("drained");
    for_good_ = true;
    control_->stopping = true;
  }

  SimulationResult result() {
    auto& out = result_;
    out.complaints = ledger_.complaints;
    out.history = std::move(ledger_.history);
    out.objects = ledger_.objects;
    out.letters = ledger_.letters;
    out.faults = dice_.faults;
    out.rejects = script_.rejects;
    out.rereads = script_.rereads;
    out.blocked = script_.blocked;
    out.assignments = group_.assignments;
    out.revocations = group_.revocations;
    out.losses = group_.losses;
    out.doubts = group_.doubts;
    out.refusals = group_.refusals;
    out.parks = group_.parks;
    out.seeks_failed = group_.seeks_failed;
    out.expired = group_.expired;
    return std::move(out);
  }

  Dice dice_;
  Ledger ledger_;
  Group group_;
  ManualClock clock_;
  World world_;
  Script script_;
  std::uint64_t turns_left_;
  int drain_turns_ = 0;
  int bad_percent_ = 0;
  bool for_good_ = false, over_ = false;
  std::map<int, store::SavedOffset> kept_;
  runner::RunnerSpec spec_;
  kafka::Properties cluster_;
  std::unique_ptr<runner::RunnerControl> control_;
  runner::Budget budget_{kMemory};
  runner::UploadPool pool_{1, [] {}};
  runner::HostTable table_{"simulated", budget_, pool_, *counters(), clock_};
  runner::Totals totals_;
  std::unique_ptr<plugins::ConnectorTask> connector_;
  FakeConsumer* consumer_ = nullptr;
  SimulationResult result_;
};

}  // namespace

SimulationResult simulate(std::uint64_t seed) { return Simulation(seed).run(); }

}  // namespace ch::runner_test
