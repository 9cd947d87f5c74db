// What a status says of lag, delay and ends: unknown is never 0, and the delay of what stands grows.
#include "tasks/status/outlook.hpp"

#include <catch2/catch.hpp>

using namespace ch::tasks;
using namespace ch::runner;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kWall = 1'700'000'000'000;
const Outlook::Now kNow{Moment() + 100h, kWall};

Outlook::Now later(std::chrono::milliseconds time) { return {kNow.moment + time, kNow.wall_ms + time.count()}; }

// A task with one runner that owns partition 0 of topic t: committed 10, end as given.
TaskStatus running(std::int64_t end, Moment seen) {
  PartitionStatus partition;
  partition.topic = "t";
  partition.runner = 0;
  partition.committed_offset = 10;
  partition.position = 10;
  partition.end_offset = end;
  partition.end_seen = seen;
  RunnerStatus runner;
  runner.state = State::running;
  runner.since_ms = kWall - 3'600'000;
  runner.partitions = {partition};
  TaskStatus status;
  status.enabled = true;
  status.state = State::running;
  status.since_ms = kWall - 3'600'000;
  status.runners = {runner};
  return status;
}

InterruptionStatus interruption(const std::string& reason, std::int64_t since_ms) { return {{reason, "m", "r"}, since_ms}; }

PartitionStatus completed(Outlook& outlook, TaskStatus& status, const Outlook::Now& now, const SavedOffsets& saved = {}) {
  outlook.complete(status, saved, now);
  return status.at_rest.empty() ? status.runners.at(0).partitions.at(0) : status.at_rest.at(0);
}

SavedOffsets saved_at(std::int64_t offset) { return {{{"t", 0}, {"t", 0, offset, ""}}}; }

}  // namespace

TEST_CASE("all is stored: 0, and records wait: their number, and since when they do") {
  Outlook outlook;
  auto status = running(10, kNow.moment);
  const auto& whole = completed(outlook, status, kNow);
  CHECK(whole.lag == 0);
  CHECK(whole.delay_ms == 0);
  CHECK(status.lag == 0);
  CHECK(status.delay_ms == 0);

  status = running(15, kNow.moment);
  status.runners[0].partitions[0].waits_since = kNow.moment - 7s;
  CHECK(completed(outlook, status, kNow).lag == 5);
  CHECK(status.delay_ms == 7000);

  // Nobody has seen the record yet: since when it is known that there is one.
  Outlook other;
  status = running(15, kNow.moment);
  CHECK(completed(other, status, kNow).delay_ms == 0);
  status = running(15, kNow.moment + 3s);
  CHECK(completed(other, status, later(3s)).delay_ms == 3000);
}

TEST_CASE("nothing is known: nothing is said") {
  Outlook outlook;
  auto status = running(-1, Moment());
  const auto& partition = completed(outlook, status, kNow);
  CHECK_FALSE(partition.lag);
  CHECK_FALSE(partition.delay_ms);
  CHECK_FALSE(status.lag);
  CHECK_FALSE(status.delay_ms);
  TaskStatus empty;
  outlook.complete(empty, {}, kNow);
  CHECK_FALSE(empty.lag);
  CHECK_FALSE(empty.delay_ms);
}

TEST_CASE("one partition of two is not known: no sum is told, but that the delay is at least so long") {
  Outlook outlook;
  auto status = running(15, kNow.moment);
  status.runners[0].partitions[0].waits_since = kNow.moment - 7s;
  auto second = status.runners[0].partitions[0];
  second.partition = 1;
  second.end_offset = -1;
  second.waits_since.reset();
  status.runners[0].partitions.push_back(second);
  outlook.complete(status, {}, kNow);
  CHECK_FALSE(status.lag);
  CHECK(status.delay_ms == 7000);
}

TEST_CASE("brokers that are away: the last end is kept with its date, the lag is not known, the delay grows") {
  Outlook outlook;
  const auto gone = [&](const Outlook::Now& now) {
    auto status = running(16, kNow.moment - 1s);  // as the session saw it last
    status.state = status.runners[0].state = State::interrupted;
    status.runners[0].interruption = status.interruption = interruption("broker_unreachable", kWall);
    status.runners[0].stands = true;
    outlook.complete(status, {}, now);
    return status;
  };
  const auto status = gone(later(60s));
  const auto& partition = status.runners[0].partitions[0];
  CHECK(partition.end_offset == 16);
  CHECK(partition.end_offset_at_ms == kWall - 1000);
  CHECK_FALSE(partition.lag);
  CHECK_FALSE(status.lag);
  CHECK(status.delay_ms == 60000);
  CHECK(gone(later(90s)).delay_ms == 90000);
  CHECK_FALSE(gone(later(1s)).lag);  // not even at once

  // The session is gone as well: what it knew stays known.
  auto without = gone(later(60s));
  without.runners[0].partitions.clear();
  const auto& kept = completed(outlook, without, later(100s), saved_at(10));
  CHECK(kept.end_offset == 16);
  CHECK(kept.committed_offset == 10);
  CHECK_FALSE(kept.lag);
  CHECK(without.delay_ms == 100000);
}

TEST_CASE("a broker that answers others although it refuses the task is believed") {
  Outlook outlook;
  auto status = running(16, kNow.moment - 1s);
  status.state = status.runners[0].state = State::interrupted;
  status.runners[0].interruption = interruption("broker_auth", kWall);
  status.runners[0].stands = true;
  outlook.see({{{"t", 0}, 30, std::nullopt}}, kNow.moment + 50s);
  CHECK(completed(outlook, status, later(60s)).lag == 20);
}

TEST_CASE("an end that was seen long ago is the last known one, whatever the state") {
  Outlook outlook;
  auto status = running(16, kNow.moment);
  CHECK(completed(outlook, status, later(29s)).lag == 6);
  status = running(16, kNow.moment);
  const auto& old = completed(outlook, status, later(31s));
  CHECK_FALSE(old.lag);
  CHECK(old.end_offset == 16);
}

TEST_CASE("a disabled task: lag and delay of what waits, by the time of the first record") {
  Outlook outlook;
  TaskStatus status;
  status.since_ms = kWall - 500'000;
  outlook.see({{{"t", 0}, 70, 10}, {{"t", 1}, 5, std::nullopt}}, kNow.moment);
  const auto& partition = completed(outlook, status, kNow, saved_at(4));
  REQUIRE(status.at_rest.size() == 1);  // nothing is known of where the other one would begin
  CHECK_FALSE(partition.runner);
  CHECK(partition.committed_offset == 10);  // the broker's, not the one that the host kept
  CHECK(partition.lag == 60);
  CHECK(status.lag == 60);
  CHECK(status.delay_ms == 500'000);
  REQUIRE(outlook.to_look_up(10).size() == 1);
  CHECK(outlook.to_look_up(10)[0].offset == 10);
  CHECK(outlook.to_look_up(0).empty());

  outlook.see_first({"t", 0}, 10, kWall - 90'000, kNow);
  TaskStatus again;
  again.since_ms = kWall - 500'000;
  outlook.complete(again, saved_at(4), later(10s));
  CHECK(again.delay_ms == 100'000);
  CHECK(outlook.to_look_up(10).empty());
}

TEST_CASE("a disabled task without anything that waits has no delay, and none from before") {
  Outlook outlook;
  const auto at = [&](const Outlook::Now& now, std::int64_t end) {
    TaskStatus status;
    status.since_ms = kWall - 500'000'000;  // for days
    outlook.see({{{"t", 0}, end, 10}}, now.moment);
    outlook.complete(status, {}, now);
    return status;
  };
  CHECK(at(kNow, 10).delay_ms == 0);
  CHECK(at(kNow, 10).lag == 0);
  CHECK(at(later(20s), 12).delay_ms == 20'000);  // not since it was disabled: it was whole 20 s ago
}

TEST_CASE("a paused task, and a partition that is interrupted beside others that are not") {
  Outlook outlook;
  auto status = running(16, kNow.moment);
  status.paused = true;
  status.state = status.runners[0].state = State::paused;
  status.runners[0].since_ms = kWall - 30'000;
  CHECK(completed(outlook, status, kNow).lag == 6);
  CHECK(status.delay_ms == 30'000);

  Outlook other;
  status = running(16, kNow.moment);
  auto second = status.runners[0].partitions[0];
  second.partition = 1;
  second.interruption = interruption("bucket_missing", kWall - 40'000);
  status.runners[0].partitions.push_back(second);
  status.runners[0].interruption = second.interruption;  // what the task shows
  other.complete(status, {}, kNow);
  CHECK(status.runners[0].partitions[0].delay_ms == 0);
  CHECK(status.runners[0].partitions[1].delay_ms == 40'000);
  CHECK(status.delay_ms == 40'000);
  CHECK(status.lag == 12);
}

TEST_CASE("a time is that of the record at the committed offset, and goes with it") {
  Outlook outlook;
  auto status = running(16, kNow.moment);
  status.runners[0].partitions[0].waits_since = kNow.moment - 100s;
  CHECK(completed(outlook, status, kNow).delay_ms == 100'000);
  status = running(16, kNow.moment);
  status.runners[0].partitions[0].committed_offset = 12;
  CHECK(*completed(outlook, status, kNow).delay_ms < 100'000);
}

TEST_CASE("which topics there are is told once somebody has asked") {
  Outlook outlook;
  auto status = running(16, kNow.moment);
  outlook.complete(status, {}, kNow);
  CHECK_FALSE(status.topics);
  outlook.see({{{"a", 0}, 1, {}}, {{"a", 1}, 1, {}}, {{"b", 0}, 1, {}}}, kNow.moment);
  outlook.complete(status, {}, kNow);
  CHECK(status.topics == std::vector<std::string>{"a", "b"});
  outlook.see({}, kNow.moment);
  outlook.complete(status, {}, kNow);
  CHECK(status.topics == std::vector<std::string>{});
}

TEST_CASE("a task that runs, but whose partitions other hosts have, says nothing of them") {
  Outlook outlook;
  auto status = running(16, kNow.moment);
  status.runners[0].partitions.clear();
  outlook.see({{{"t", 0}, 70, 10}}, kNow.moment);
  outlook.complete(status, saved_at(4), kNow);
  CHECK(status.at_rest.empty());
  CHECK_FALSE(status.lag);
}
