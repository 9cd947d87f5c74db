#include "simulation.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>

#include "base/log.hpp"

namespace ch::runner_test {
namespace {

constexpr std::uint64_t kSeedsInAShard = 300;

// CH_SIMULATION_SEEDS runs another number in each shard, CH_SIMULATION_SEED only this one.
std::pair<std::uint64_t, std::uint64_t> seeds(std::uint64_t shard) {
  if (const char* one = std::getenv("CH_SIMULATION_SEED")) return {std::stoull(one), std::stoull(one) + (shard == 0 ? 1 : 0)};
  const char* given = std::getenv("CH_SIMULATION_SEEDS");
  const auto count = given == nullptr ? kSeedsInAShard : std::stoull(given);
  return {shard * count + 1, (shard + 1) * count + 1};
}

void run_shard(std::uint64_t shard) {
  REQUIRE(log::set_level("root", "OFF"));
  SimulationResult sum;
  const auto [first, end] = seeds(shard);
  for (auto seed = first; seed < end; ++seed) {
    const auto result = simulate(seed);
    if (!result.complaints.empty()) {
      std::string all = result.history + "seed " + std::to_string(seed) + "\n";
      for (const auto& complaint : result.complaints) all += complaint + "\n";
      FAIL_CHECK(all);
    }
    for (auto counter :
         {&SimulationResult::turns,     &SimulationResult::sessions,    &SimulationResult::crashes,     &SimulationResult::stops,
          &SimulationResult::rejoins,   &SimulationResult::objects,     &SimulationResult::letters,     &SimulationResult::rejects,
          &SimulationResult::faults,    &SimulationResult::assignments, &SimulationResult::revocations, &SimulationResult::losses,
          &SimulationResult::doubts,    &SimulationResult::refusals,    &SimulationResult::parks,       &SimulationResult::seeks_failed,
          &SimulationResult::late_puts, &SimulationResult::late_copies, &SimulationResult::expired,     &SimulationResult::rereads,
          &SimulationResult::blocked,   &SimulationResult::leaderless})
      sum.*counter += result.*counter;
  }
  std::cout << end - first << " seeds, " << sum.turns << " turns, " << sum.sessions << " sessions (" << sum.crashes << " crashes, "
            << sum.rejoins << " rejoins, " << sum.stops << " stops): " << sum.objects << " objects, " << sum.letters << " dead letters of "
            << sum.rejects << " records rejected, " << sum.assignments << " assignments, " << sum.revocations << " revoked, " << sum.losses
            << " lost, " << sum.refusals << " commits refused, " << sum.doubts << " doubtful, " << sum.late_copies << " late copies, "
            << sum.parks << " parked, " << sum.seeks_failed << " seeks failed, " << sum.rereads << " ranges read again, " << sum.late_puts
            << " late requests, " << sum.expired << " offsets expired, " << sum.leaderless << " leaders lost, " << sum.blocked
            << " puts that took nothing, " << sum.faults << " faults\n";
  if (end - first < 100) return;
  // What never happens is not tested.
  for (const auto count : {sum.crashes, sum.stops, sum.letters, sum.losses, sum.doubts, sum.refusals, sum.parks, sum.seeks_failed,
                           sum.rereads, sum.late_puts, sum.late_copies, sum.expired, sum.leaderless})
    CHECK(count > 0);
}

}  // namespace

// In several test cases, so that they can run side by side.
TEST_CASE("whatever happens, a session stores every record once (1)") { run_shard(0); }
TEST_CASE("whatever happens, a session stores every record once (2)") { run_shard(1); }
TEST_CASE("whatever happens, a session stores every record once (3)") { run_shard(2); }
TEST_CASE("whatever happens, a session stores every record once (4)") { run_shard(3); }
TEST_CASE("whatever happens, a session stores every record once (5)") { run_shard(4); }
TEST_CASE("whatever happens, a session stores every record once (6)") { run_shard(5); }
TEST_CASE("whatever happens, a session stores every record once (7)") { run_shard(6); }
TEST_CASE("whatever happens, a session stores every record once (8)") { run_shard(7); }

}  // namespace ch::runner_test
