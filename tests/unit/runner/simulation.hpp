// A seeded random history of one runner's sessions: a consumer that does whatever kafka/consumer.hpp allows, a connector
// with moods, another member of the group, retention, crashes. Then everything heals, what was produced must be stored and
// committed, the task is stopped, and the oracle judges.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ch::runner_test {

struct SimulationResult {
  std::vector<std::string> complaints;  // empty: all is well
  std::uint64_t turns = 0, sessions = 0, crashes = 0, stops = 0, rejoins = 0, objects = 0, letters = 0, rejects = 0, faults = 0;
  std::uint64_t assignments = 0, revocations = 0, losses = 0, doubts = 0, refusals = 0, parks = 0, seeks_failed = 0, late_puts = 0;
  std::uint64_t late_copies = 0, expired = 0, rereads = 0, blocked = 0, leaderless = 0;
  std::string history;  // with the environment variable CH_SIMULATION_HISTORY
};

SimulationResult simulate(std::uint64_t seed);

}  // namespace ch::runner_test
