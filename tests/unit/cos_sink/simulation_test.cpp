#include "simulation.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>

namespace ch::cos_test {
namespace {

constexpr std::uint64_t kSeedsInAQuarter = 600;

// CH_SIMULATION_SEEDS runs another number in each quarter, CH_SIMULATION_SEED only this one.
std::pair<std::uint64_t, std::uint64_t> seeds(std::uint64_t quarter) {
  if (const char* one = std::getenv("CH_SIMULATION_SEED")) return {std::stoull(one), std::stoull(one) + (quarter == 0 ? 1 : 0)};
  const char* given = std::getenv("CH_SIMULATION_SEEDS");
  const auto count = given == nullptr ? kSeedsInAQuarter : std::stoull(given);
  return {quarter * count + 1, (quarter + 1) * count + 1};
}

void run_quarter(std::uint64_t quarter) {
  SimulationResult sum;
  const auto [first, end] = seeds(quarter);
  for (auto seed = first; seed < end; ++seed) {
    const auto result = simulate({seed});
    if (!result.complaints.empty()) {
      std::string all = result.history + "seed " + std::to_string(seed) + "\n";
      for (const auto& complaint : result.complaints) all += complaint + "\n";
      FAIL_CHECK(all);
    }
    sum.steps += result.steps;
    sum.crashes += result.crashes;
    sum.undone += result.undone;
    sum.objects += result.objects;
    sum.multipart += result.multipart;
    sum.intents += result.intents;
    sum.faults += result.faults;
    sum.late_requests += result.late_requests;
  }
  std::cout << end - first << " seeds, " << sum.steps << " steps: " << sum.objects << " objects (" << sum.multipart
            << " of several parts), " << sum.crashes << " crashes, " << sum.undone << " commits undone, " << sum.intents
            << " intents found, " << sum.faults << " faults, " << sum.late_requests << " late requests\n";
  if (end - first < 100) return;
  CHECK(sum.crashes > 0);
  CHECK(sum.undone > 0);
  CHECK(sum.multipart > 0);
  CHECK(sum.intents > 0);
  CHECK(sum.late_requests > 0);
}

// Seeds with a complaint that contains `what`.
int complaining(Lie lie, int only_template, const std::string& what, std::uint64_t count) {
  int complaints = 0;
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    const auto result = simulate({seed, lie, only_template});
    for (const auto& complaint : result.complaints) {
      if (complaint.find(what) == std::string::npos) continue;
      ++complaints;
      break;
    }
  }
  return complaints;
}

}  // namespace

// In several test cases, so that they can run side by side.
TEST_CASE("whatever happens, every record is in exactly one object (1)") { run_quarter(0); }
TEST_CASE("whatever happens, every record is in exactly one object (2)") { run_quarter(1); }
TEST_CASE("whatever happens, every record is in exactly one object (3)") { run_quarter(2); }
TEST_CASE("whatever happens, every record is in exactly one object (4)") { run_quarter(3); }

TEST_CASE("the oracle sees intents that were answered but not stored") {
  CHECK(complaining(Lie::commits_not_stored, 1, " times", 200) > 0);
}

TEST_CASE("the oracle sees that the audit was deceived") { CHECK(complaining(Lie::objects_not_listed, 1, " times", 200) > 0); }

TEST_CASE("the oracle sees what was believed to be stored and is not") {
  CHECK(complaining(Lie::believed_of_anybody, 1, "is missing", 200) > 0);
}

TEST_CASE("a commit undone under a request on its way is what only a key without time survives") {
  CHECK(complaining(Lie::undone_under_requests, 1, " times", 600) > 0);
  CHECK(complaining(Lie::undone_under_requests, 0, "", 600) == 0);
}

}  // namespace ch::cos_test
