// A seeded random history of two hosts, a broker and a bucket: records, rotations, jobs and commits in any order, faults,
// crashes (dead hosts whose requests arrive late), lost partitions, commits that are undone. Then everything heals, the
// topic is drained, and the oracle judges.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ch::cos_test {

// How the world around the sink is falsified, to see that the oracle notices.
enum class Lie {
  none,
  commits_not_stored,     // the host answers "stored" for commits that it threw away
  objects_not_listed,     // COS's listings are empty
  believed_of_anybody,    // a PUT or Complete that never reached COS is answered as stored: what the client must not believe
  undone_under_requests,  // a commit is undone while the object of its intent is still on its way: the known limit
};

struct SimulationOptions {
  std::uint64_t seed = 0;
  Lie lie = Lie::none;
  int only_template = -1;  // index into the simulation's templates; -1 any
};

struct SimulationResult {
  std::vector<std::string> complaints;  // empty: all is well
  std::uint64_t steps = 0;
  std::uint64_t crashes = 0, undone = 0, objects = 0, multipart = 0, intents = 0, faults = 0, late_requests = 0;
  std::string history;  // with the environment variable CH_SIMULATION_HISTORY
};

SimulationResult simulate(const SimulationOptions& options);

}  // namespace ch::cos_test
