#include "simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>
#include <set>

#include "fake_cos.hpp"
#include "fake_host.hpp"
#include "oracle.hpp"
#include "writer/offset_state.hpp"

namespace ch::cos_test {
namespace {

using cos::Outcome;

constexpr std::array<const char*, 6> kTemplates{
    "{topic}/{partition}/{start_offset}",                                      // no time: put-if-absent alone is sufficient
    "{instance}/{topic}/{time:%Y%m%d%H%M%S}-{partition}-{start_offset}{ext}",  // the default
    "{topic}/{time:%Y%m%d%H%M}-{partition}-{start_offset}",                    // many objects in one minute
    "{topic}/{partition}/{start_offset}-{time}",
    "{time:%H%M%S-%d%m%Y}/{topic}-{partition}-{start_offset}",  // does not grow with time
    "{topic}-{partition}/{time:%Y/%m/%d/%H}/{start_offset}",
};
constexpr std::array<std::int64_t, 3> kClocks{1700000000000, 1704067000000, 1709251100000};  // the last two: shortly before a month ends
constexpr int kDrainRounds = 4000;

class Simulation {
 public:
  explicit Simulation(const SimulationOptions& options)
      : options_(options), random_(options.seed * 7919 + 17), broker_(static_cast<int>(1 + pick(4))), cos_(std::make_shared<FakeCos>()) {
    const auto chosen = pick(kTemplates.size());
    task_ = random_task(kTemplates[options.only_template < 0 ? chosen : static_cast<std::size_t>(options.only_template)]);
    cos_->fault = [this](const std::string& verb, const std::string&) { return random_fault(verb); };
    cos_->became_visible = [this](const std::string& key) { check_intent(key); };
    cos_->page_size = static_cast<int>(1 + pick(5));
    cos_->list_hides = options.lie == Lie::objects_not_listed;
    broker_.answers_without_storing = options.lie == Lie::commits_not_stored;
    fault_percent_ = pick(3) == 0 ? 0 : static_cast<int>(pick(30));
    keep_history_ = std::getenv("CH_SIMULATION_HISTORY") != nullptr;
    broker_.clock_ms = kClocks[pick(kClocks.size())];
    for (auto& partition : broker_.partitions) partition.committed.offset = partition.end = kFirstOffset;
  }

  SimulationResult run() {
    const auto steps = 60 + pick(400);
    for (std::size_t i = 0; i < steps; ++i) step();
    drain();
    for (auto& host : hosts_) host = nullptr;
    dead_.clear();
    for (const auto left : leaked_)
      if (left != 0) complain(fmt::format("{} bytes of the budget were never given back", left));
    for (auto& complaint : judge(*cos_, broker_, task_, kFirstOffset)) complain(std::move(complaint));
    result_.objects = cos_->objects.size();
    result_.multipart = cos_->count("complete");
    return std::move(result_);
  }

 private:
  static constexpr std::int64_t kFirstOffset = 7;

  std::size_t pick(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }
  bool chance(int percent) { return static_cast<int>(pick(100)) < percent; }
  void complain(std::string what) { result_.complaints.push_back(std::move(what)); }
  template <class... Args>
  void note(fmt::format_string<Args...> format, Args&&... args) {
    if (keep_history_) result_.history += fmt::format(format, std::forward<Args>(args)...) + "\n";
  }

  TaskInfo random_task(const char* key_template) {
    const auto memory = std::array<std::uint64_t, 3>{24 << 10, 64 << 10, 1 << 20}[pick(3)];
    auto task = task_info({{"object.key.template", key_template},
                           {"rotate.records", std::to_string(pick(3) == 0 ? 0 : 1 + pick(12))},
                           {"rotate.bytes", std::to_string(pick(3) == 0 ? 50 + pick(3000) : 0)},
                           {"rotate.interval.ms", std::to_string(500 + pick(20000))},
                           {"rotate.idle.ms", std::to_string(pick(2) == 0 ? 0 : 100 + pick(3000))},
                           {"compression", std::array{"none", "none", "gzip", "zstd"}[pick(4)]},
                           {"part.bytes", std::to_string(40 + pick(600))}},
                          memory);
    task.upload_threads = static_cast<std::uint32_t>(1 + pick(3));
    return task;
  }

  FakeCos::Fault random_fault(const std::string& verb) {
    const bool stores = verb == "put" || verb == "complete";
    if (options_.lie == Lie::believed_of_anybody && stores && chance(10)) return {FakeCos::Effect::nothing_stored, {}};
    if (!chance(fault_percent_)) return {};
    ++result_.faults;
    switch (pick(6)) {
      case 0:
        return {FakeCos::Effect::fail_before, failure(Outcome::throttled, "throttled")};
      case 1:
        return {FakeCos::Effect::fail_before, failure(Outcome::interrupt, "access_denied")};
      case 2:
        return {FakeCos::Effect::throws, {}};
      case 3:
        if (verb == "part" || verb == "complete") cos_->uploads.clear();
        return {};
      default:
        return {chance(50) ? FakeCos::Effect::fail_before : FakeCos::Effect::fail_after, failure(Outcome::retry)};
    }
  }

  // Nothing becomes visible before its intent was stored by the broker.
  void check_intent(const std::string& key) {
    if (!intents_.contains(key)) complain(key + " became visible before its intent was committed");
  }
  void remember_intent(const Committed& commit) {
    if (const auto intent = intent_in(commit)) intents_.insert(intent->key);
  }
  static std::optional<cos::Intent> intent_in(const Committed& commit) {
    if (commit.state.find("\"k\":") == std::string::npos) return std::nullopt;
    return std::get<cos::Intent>(std::get<cos::State>(cos::decode(commit.state, commit.offset)));
  }

  // ---- what can happen

  void step() {
    ++result_.steps;
    ensure_hosts();
    auto& host = *hosts_[pick(hosts_.size())];
    switch (pick(20)) {
      case 0:
      case 1:
      case 2:
        return produce();
      case 3:
      case 4:
      case 5:
        return deliver(host);
      case 6:
      case 7:
      case 8:
        return run_job(host);
      case 9:
      case 10:
        if (host.ended_jobs() > 0) host.end_job(pick(host.ended_jobs()));
        return;
      case 11:
      case 12:
      case 13:
      case 14:
        return commit_step(host);
      case 15:
        broker_.clock_ms += static_cast<std::int64_t>(pick(2500));
        if (chance(3)) broker_.wall_step_ms = static_cast<std::int64_t>(pick(3)) * 600000 - 600000;
        check_tick(host);
        return;
      case 16:
        if (chance(20)) host.sink().retry();
        if (chance(20)) run_late_request();
        return;
      case 17:
        if (chance(30)) crash(&host);
        return;
      case 18:
        if (chance(40)) move_partition(host);
        return;
      default:
        if (chance(40)) return undo();
        if (chance(40)) lose_records();
    }
  }

  void produce() {
    auto& partition = broker_.partitions[pick(broker_.partitions.size())];
    const auto large = chance(3);
    for (std::size_t i = 0, count = 1 + pick(6); i < count; ++i) {
      if (chance(10)) partition.end += static_cast<std::int64_t>(1 + pick(5));  // markers, aborted transactions
      partition.append(make_value(partition.number, partition.end, large ? 3000 : pick(80)));
    }
    if (chance(10)) partition.end += static_cast<std::int64_t>(1 + pick(3));
  }

  void deliver(FakeHost& host) {
    const auto owned = host.owned();
    if (!owned.empty()) host.deliver(owned[pick(owned.size())], 1 + pick(10));
  }

  void run_job(FakeHost& host) {
    if (host.queued_jobs() == 0) return;
    host.run_job(pick(host.queued_jobs()));
    if (chance(70)) host.end_job(host.ended_jobs() - 1);
  }

  void commit_step(FakeHost& host) {
    const auto requests = host.with_requests();
    const auto flying = host.in_flight();
    if (!requests.empty() && (flying.empty() || chance(50))) {
      host.send(requests[pick(requests.size())]);
    } else if (!flying.empty()) {
      const int partition = flying[pick(flying.size())];
      const bool refused = chance(15);
      if (!refused || chance(30)) store(host, partition);
      if (chance(80) || refused) host.answer(partition, !refused);
      if (refused) note("commit of {} refused", partition);
    }
  }

  void store(FakeHost& host, int partition) {
    host.store(partition);
    auto& stored = broker_.partitions[static_cast<std::size_t>(partition)].committed;
    remember_intent(stored);
    note("committed {}: {} {}", partition, stored.offset, stored.state);
  }

  void check_tick(FakeHost& host) {
    const auto next = host.tick();
    if (next <= host.now() || next > host.now() + 1000) complain(fmt::format("tick at {} wants {}", host.now(), next));
  }

  void undo() {
    auto& partition = broker_.partitions[pick(broker_.partitions.size())];
    if (partition.sent.empty()) return;
    partition.committed = partition.sent[pick(partition.sent.size())];
    partition.undone = true;
    remember_intent(partition.committed);
    ++result_.undone;
    note("undone {}: {} {}", partition.number, partition.committed.offset, partition.committed.state);
    if (chance(60)) crash(owner(partition.number));
  }

  void lose_records() {
    auto& records = broker_.partitions[pick(broker_.partitions.size())].records;
    if (records.empty()) return;
    const auto at = records.begin() + static_cast<std::ptrdiff_t>(pick(records.size()));
    switch (pick(3)) {
      case 0:  // compaction
        records.erase(at);
        return;
      case 1:  // compaction of the latest
        records.erase(records.end() - static_cast<std::ptrdiff_t>(1 + pick(std::min<std::size_t>(records.size(), 4))), records.end());
        return;
      default:  // retention
        records.erase(records.begin(), at);
    }
  }

  // ---- hosts

  void ensure_hosts() {
    while (hosts_.size() < 2) hosts_.push_back(nullptr);
    for (auto& host : hosts_) {
      if (host) continue;
      HostOptions options;
      options.queue_limit = 1 + pick(8);
      options.clock_skew_ms = static_cast<std::int64_t>(pick(2 * 1200000)) - 1200000;
      host = std::make_unique<FakeHost>(broker_, cos_, task_, options);
      leaked_.push_back(~std::uint64_t{0});
      host->reserved_at_end = &leaked_.back();
    }
    std::vector<std::vector<int>> shares(hosts_.size());
    for (const auto& partition : broker_.partitions)
      if (owner(partition.number) == nullptr) shares[pick(hosts_.size())].push_back(partition.number);
    for (std::size_t i = 0; i < hosts_.size(); ++i)
      if (!shares[i].empty()) open(*hosts_[i], shares[i]);
  }

  FakeHost* owner(int partition) const {
    for (const auto& host : hosts_)
      if (host && host->owns(partition)) return host.get();
    return nullptr;
  }

  // A commit that was undone may be that of an intent whose object is on its way: the protocol's known limit, which the
  // fence in the host is for. Without that lie such requests have arrived before anybody takes over.
  void open(FakeHost& host, const std::vector<int>& partitions) {
    for (const int number : partitions) {
      const auto& partition = broker_.partitions[static_cast<std::size_t>(number)];
      if (partition.undone && options_.lie != Lie::undone_under_requests) run_all_bodies();
      if (intent_in(partition.committed)) ++result_.intents;
    }
    note("open {} on {}", fmt::join(partitions, ","), host.now());
    host.open(partitions);
  }

  void run_all_bodies() {
    for (const auto& host : dead_) host->run_all_bodies();
    for (const auto& host : hosts_)
      if (host) host->run_all_bodies();
  }

  void crash(const FakeHost* victim) {
    ++result_.crashes;
    note("crash of {}", fmt::join(victim->owned(), ","));
    const auto found = std::find_if(hosts_.begin(), hosts_.end(), [&](const auto& host) { return host.get() == victim; });
    (*found)->die();
    dead_.push_back(std::move(*found));
    *found = nullptr;
  }

  void run_late_request() {
    for (const auto& host : dead_) {
      if (host->queued_jobs() == 0 || chance(50)) continue;
      ++result_.late_requests;
      return host->run_job(pick(host->queued_jobs()));
    }
  }

  void move_partition(FakeHost& host) {
    const auto owned = host.owned();
    if (owned.empty()) return;
    const int partition = owned[pick(owned.size())];
    note("close {}", partition);
    host.close({partition}, chance(50));
    auto& other = *hosts_[pick(hosts_.size())];
    open(other, {partition});
  }

  // ---- the end

  void drain() {
    fault_percent_ = 0;
    note("drain");
    bool flushed = false;
    for (int round = 0; round < kDrainRounds; ++round) {
      ++result_.steps;
      ensure_hosts();
      bool done = true;
      for (const auto& host : hosts_) {
        check_tick(*host);
        host->run_jobs();
        for (const int partition : host->owned()) host->deliver(partition, 20);
        for (const int partition : host->with_requests()) host->send(partition);
        for (const int partition : host->in_flight()) {
          store(*host, partition);
          host->answer(partition, true);
        }
        done = done && host->sink().pending() == 0;
      }
      for (const auto& partition : broker_.partitions) done = done && partition.committed.offset == partition.end;
      if (done || (options_.lie == Lie::commits_not_stored && round > 200)) return;
      if (!flushed && round == 40 && options_.seed % 2 == 0 && all_delivered()) {
        for (const auto& host : hosts_) host->sink().flush();
        flushed = true;
      }
      broker_.clock_ms += 100 + static_cast<std::int64_t>(pick(900));
    }
    for (const auto& partition : broker_.partitions)
      complain(fmt::format("not drained: {} committed {} of {} with {}", partition.number, partition.committed.offset, partition.end,
                           partition.committed.state));
    for (const auto& host : hosts_)
      for (const auto& [partition, told] : host->interruptions) complain(fmt::format("{}: {} {}", partition, told.reason, told.message));
  }

  bool all_delivered() const {
    return std::all_of(broker_.partitions.begin(), broker_.partitions.end(), [&](const TopicPartition& partition) {
      const auto* host = owner(partition.number);
      return host->resumed(partition.number) &&
             (partition.records.empty() || host->position(partition.number) > partition.records.back().offset);
    });
  }

  SimulationOptions options_;
  std::mt19937_64 random_;
  Broker broker_;
  std::shared_ptr<FakeCos> cos_;
  TaskInfo task_;
  int fault_percent_ = 0;
  bool keep_history_ = false;
  std::set<std::string> intents_;
  std::deque<std::uint64_t> leaked_;
  std::vector<std::unique_ptr<FakeHost>> hosts_, dead_;
  SimulationResult result_;
};

}  // namespace

SimulationResult simulate(const SimulationOptions& options) { return Simulation(options).run(); }

}  // namespace ch::cos_test
