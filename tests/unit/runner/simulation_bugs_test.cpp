// A check that cannot fail proves nothing: with one deliberate bug of the host after the other, the oracle must object.
#include <catch2/catch.hpp>
#include <connector_host/failpoint.hpp>
#include <iostream>
#include <string>

#include "base/log.hpp"
#include "simulation.hpp"

namespace ch::runner_test {
namespace {

constexpr std::uint64_t kSeeds = 300;

// The first complaint, which has to contain `what`; "" if no seed has one.
std::string complaint(const std::string& bug, const std::string& what) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto result = simulate(seed);
    for (const auto& one : result.complaints) {
      if (one.find(what) == std::string::npos) continue;
      std::cout << bug << ", seed " << seed << ": " << one << "\n";
      return one;
    }
  }
  return "";
}

void is_noticed(const std::string& bug, const std::string& what) {
  REQUIRE(log::set_level("root", "OFF"));
  failpoint::set("bug." + bug + "=on");
  const auto found = complaint(bug, what);
  failpoint::set("");
  INFO(bug);
  CHECK(found != "");
}

}  // namespace

TEST_CASE("the oracle sees that a partition's writer lives on when it is given up") { is_noticed("no_epoch_check", ""); }
TEST_CASE("the oracle sees that the answer of an older commit is believed") {
  is_noticed("older_answer", "visible before its intent was committed");
}
TEST_CASE("the oracle sees that a refused commit is believed") {
  is_noticed("refusal_believed", "visible before its intent was committed");
}
TEST_CASE("the oracle sees that a commit overtakes the dead letter before it") { is_noticed("dead_letter_overtaken", "is nowhere"); }
TEST_CASE("the oracle sees that a commit is answered while a later one waits for a dead letter") { is_noticed("answered_while_held", ""); }
TEST_CASE("the oracle sees that a held commit is forgotten") { is_noticed("held_commit_forgotten", "not drained"); }
TEST_CASE("the oracle sees that a parked partition is never resumed") { is_noticed("parked_for_ever", "not drained"); }
TEST_CASE("the oracle sees that a partition is read before its seek") { is_noticed("read_before_seek", "comes at position"); }
TEST_CASE("the oracle sees that an offset is kept that was not acknowledged") { is_noticed("kept_unacknowledged", "was never committed"); }

}  // namespace ch::runner_test
