// The host ends, or stops and wakes late, at every step of the protocol; the same host, another one or one that joins
// goes on. Each case has a topic, a task and hosts of its own, on one broker and one bucket; some run side by side. Each
// ends drained, with every record in the bucket once.
#include <fmt/format.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <thread>

#include "world.hpp"

using namespace ch::test;

namespace {

constexpr std::int32_t kPartitions = 2;
constexpr std::size_t kSideBySide = 6;
constexpr std::uint64_t kFew = 160;

enum class Heir { same, other, joiner, zombie };
enum class Rotation { records, bytes, time, disable };

struct Case {
  std::string point;
  Heir heir = Heir::same;
  Rotation rotation = Rotation::time;
  bool large = false;      // objects of several parts
  std::string first = {};  // the host ends here before, so that the case begins with a recovery
};

std::string name_of(const Case& c) {
  static constexpr const char* kHeirs[] = {"same", "other", "joiner", "zombie"};
  static constexpr const char* kRotations[] = {"records", "bytes", "time", "disable"};
  auto name = fmt::format("crash-{}-{}-{}{}", c.point, kHeirs[static_cast<int>(c.heir)], kRotations[static_cast<int>(c.rotation)],
                          c.large ? "-large" : "");
  return c.first.empty() ? name : name + "-after-" + c.first;
}

// Every step × who goes on; how objects are cut changes from one to the next. `whole`: each with each, which takes
// minutes; else each step with the same host and one of the other three.
std::vector<Case> all_cases(bool whole) {
  std::vector<Case> cases;
  int turn = 0;
  const auto add = [&](const std::string& point, Heir heir, bool large, const std::string& first) {
    cases.push_back({point, heir, static_cast<Rotation>(turn++ % 4), large, first});
  };
  for (const auto* point : {"start.after", "assign", "opened", "list.after", "intent.before", "commit.before", "commit.sent",
                            "intent.after", "put.before", "put.after", "end.before", "commit.answered", "end.after"}) {
    add(point, Heir::same, false, "");
    for (const auto heir : {Heir::other, Heir::joiner, Heir::zombie})
      if (whole || static_cast<int>(heir) == 1 + turn / 2 % 3) add(point, heir, false, "");
  }
  for (const auto* point : {"initiate.after", "part.after", "complete.before", "complete.after"}) {
    add(point, Heir::same, true, "");
    add(point, Heir::zombie, true, "");
  }
  for (const auto* point : {"head.before", "recovery.verdict", "recovery.read_again"}) {
    add(point, Heir::same, false, "put.before");
    add(point, Heir::zombie, false, "put.before");
  }
  add("list_parts.before", Heir::same, true, "complete.before");
  add("complete.after", Heir::other, true, "complete.before");
  add("revoke", Heir::joiner, false, "");
  add("revoked", Heir::joiner, false, "");
  return cases;
}

class Trial {
 public:
  Trial(World& world, Case c)
      : world_(world), case_(std::move(c)), name_(name_of(case_)), admin_(world.bootstrap()), producer_(world.bootstrap(), name_) {}

  // What went wrong; empty: nothing.
  std::string run() {
    admin_.create_topic(name_, kPartitions);
    produce(kFew);
    if (!case_.first.empty()) {
      start(*first_, case_.first + "=crash", true);
      if (!over(*first_)) return "the step before was not reached: " + case_.first;
    }
    const bool zombie = case_.heir == Heir::zombie;
    start(*first_, case_.point + (zombie ? "=stop" : "=crash"), case_.first.empty());
    if (case_.heir == Heir::joiner) start(*second_, "", true);
    produce(kFew);
    if (!over(*first_)) return "the step was not reached: " + first_->status(name_).dump() + "\n" + first_->log_end();
    produce(kFew);
    if (case_.heir == Heir::same) start(*first_, "", false);
    if (case_.heir == Heir::other || zombie) start(*second_, "", true);
    if (zombie && !drained()) return "not drained beside a host that is stopped";
    if (zombie) first_->process().signal(SIGCONT);
    produce(kFew);
    if (!drained()) return "not drained: " + heir().status(name_).dump() + "\n" + heir().log_end();
    const auto report = check_bucket({world_.bucket(), name_, {}}, producer_.ledger());
    return report.ok() ? "" : report.summary();
  }
  const std::string& name() const { return name_; }

 private:
  HostProcess& heir() { return case_.heir == Heir::same ? *first_ : *second_; }

  json config() const {
    json rotation;
    switch (case_.rotation) {
      case Rotation::records:
        rotation = {{"rotate.records", "25"}, {"rotate.interval.ms", "1000"}};
        break;
      case Rotation::bytes:
        rotation = {{"rotate.bytes", case_.large ? "3MiB" : "4096"}, {"rotate.interval.ms", "1000"}};
        break;
      case Rotation::time:
      case Rotation::disable:
        rotation = {{"rotate.interval.ms", "300"}};
        break;
    }
    if (case_.large) rotation.merge_patch({{"part.bytes", "1MiB"}, {"rotate.records", nullptr}});
    rotation.merge_patch({{"consumer.override.session.timeout.ms", "1500"}, {"consumer.override.heartbeat.interval.ms", "300"}});
    return world_.config(name_, rotation);
  }

  void produce(std::uint64_t count) {
    const std::string large(700000, 'x');
    for (int i = 0; case_.large && i < 8; ++i) producer_.send(i % kPartitions, large);
    producer_.produce(count, kPartitions);
    producer_.flush();
  }

  void start(HostProcess& host, const std::string& failpoint, bool create) {
    host.set_environment(failpoint.empty() ? std::map<std::string, std::string>{}
                                           : std::map<std::string, std::string>{{"CH_FAILPOINTS", failpoint}});
    if (host.running()) host.kill();
    host.start();
    // With a failpoint in its way the answer may not come: the task is in the store before that.
    if (create) (void)host.post("/v1/tasks", {{"name", name_}, {"config", config()}});
    if (case_.rotation == Rotation::disable && !failpoint.empty() && create) (void)host.post("/v1/tasks/" + name_ + "/disable");
    if (case_.rotation == Rotation::disable) (void)host.post("/v1/tasks/" + name_ + "/enable");
  }

  // Ended, or stopped.
  static bool over(HostProcess& host) {
    return eventually(90s, [&] {
      if (!host.running()) return true;
      std::ifstream stat(fmt::format("/proc/{}/stat", host.process().pid()));
      std::string text;
      std::getline(stat, text);
      return text.find(") T ") != std::string::npos;
    });
  }

  bool drained() {
    return eventually(90s, [&] { return admin_.lag("connect-" + name_, name_, kPartitions) == 0; });
  }

  World& world_;
  Case case_;
  std::string name_;
  KafkaAdmin admin_;
  LedgerProducer producer_;
  std::unique_ptr<HostProcess> first_ = world_.another_host(), second_ = world_.another_host();
};

}  // namespace

TEST_CASE("the host ends or stops at every step, and whoever goes on stores everything once", "[crash]") {
  World world;
  const char* only = std::getenv("CH_TEST_CRASH");  // part of cases' names; "" for all of them
  const auto cases = all_cases(only != nullptr);
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::vector<std::string> failures;
  std::atomic<int> ran = 0;
  const auto begin = std::chrono::steady_clock::now();
  const auto work = [&] {
    for (auto i = next.fetch_add(1); i < cases.size(); i = next.fetch_add(1)) {
      if (only != nullptr && name_of(cases[i]).find(only) == std::string::npos) continue;
      std::string failure;
      try {
        failure = Trial(world, cases[i]).run();
      } catch (const std::exception& error) {
        failure = error.what();
      }
      ++ran;
      const std::lock_guard lock(mutex);
      if (!failure.empty()) failures.push_back(name_of(cases[i]) + ": " + failure);
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kSideBySide; ++i) threads.emplace_back(work);
  }
  for (const auto& failure : failures) UNSCOPED_INFO(failure);
  CHECK(failures.empty());
  figure(fmt::format("crash matrix: {} cases, {} failed, {:.0f} s", ran.load(), failures.size(),
                     std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()));
}
