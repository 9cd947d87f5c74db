#include "runner/commit_scheduler.hpp"

#include <catch2/catch.hpp>

#include "runner/offset_metadata.hpp"

using namespace ch::runner;
using ch::kafka::CommitResult;

namespace {

struct Fixture {
  CommitScheduler committer;
  ch::Instant now{std::chrono::hours(1)};

  Fixture() {
    committer.open(1, {"t", 0}, 3, 10, "old", now);
    committer.open(2, {"t", 1}, 3, 20, "old", now);
  }
  using Refused = std::optional<ch::Interruption>;
  static Refused because(const std::string& reason) { return ch::Interruption{reason, "what the broker said", "what to do"}; }
  // `anew`: another consumer may fare better.
  std::vector<CommitScheduler::Acknowledged> answer(const std::vector<ch::kafka::CommitRequest>& sent, const Refused& refused = {},
                                                    bool anew = false) {
    std::vector<CommitResult> results;
    for (const auto& s : sent) results.push_back({s.id, refused, anew, false});
    return committer.answered(results, now);
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "committer: an urgent request goes at once, a lazy one waits for company") {
  committer.request(1, 10, "lazy", false, now);
  CHECK(committer.due(now, false).empty());
  CHECK(committer.next(now) == now + CommitScheduler::kLazy);
  committer.request(2, 20, "intent", true, now);
  const auto sent = committer.due(now, false);
  REQUIRE(sent.size() == 2);  // one commit for both
  CHECK(sent[0].metadata == encode_offset_metadata({3, "lazy"}));
  CHECK(sent[1].metadata == encode_offset_metadata({3, "intent"}));
  CHECK(answer(sent).size() == 2);
  CHECK(committer.idle());
}

TEST_CASE_METHOD(Fixture, "committer: an acknowledgement of an overtaken request is not passed on, even for the same offset") {
  committer.request(1, 30, "end of the last object", true, now);
  const auto first = committer.due(now, false);
  committer.request(1, 30, "intent of the next", true, now);
  CHECK(answer(first).empty());
  CHECK_FALSE(committer.idle());
  const auto second = committer.due(now, false);
  REQUIRE(second.size() == 1);
  CHECK(second[0].metadata == encode_offset_metadata({3, "intent of the next"}));
  const auto acks = answer(second);
  REQUIRE(acks.size() == 1);
  CHECK(acks[0].offset == 30);
  CHECK(committer.committed_offset(1) == 30);
}

TEST_CASE_METHOD(Fixture, "committer: what was refused is sent again unchanged, and after long enough it gives up") {
  committer.request(1, 11, "intent", true, now);
  const auto first = committer.due(now, false);
  CHECK(answer(first, because("group_refused"), true).empty());
  CHECK(committer.due(now, false).empty());
  now += CommitScheduler::kRetry;
  const auto again = committer.due(now, false);
  REQUIRE(again.size() == 1);
  CHECK(again[0].offset == 11);
  CHECK(again[0].metadata == first[0].metadata);
  CHECK(answer(again, because("group_refused"), true).empty());
  CHECK_FALSE(committer.gave_up(now));
  now += CommitScheduler::kGiveUp;
  CHECK(committer.gave_up(now));
  CHECK(answer(committer.due(now, false)).size() == 1);
  CHECK_FALSE(committer.gave_up(now));
}

TEST_CASE_METHOD(Fixture, "committer: one partition's refusal does not touch the other's success") {
  committer.request(1, 11, "a", true, now);
  committer.request(2, 21, "b", true, now);
  const auto sent = committer.due(now, false);
  const auto acks = committer.answered({{1, because("group_refused"), false, false}, {2, {}, false, false}}, now);
  REQUIRE(acks.size() == 1);
  CHECK(acks[0].id == 2);
  CHECK(committer.committed_offset(1) == 10);
  CHECK(committer.committed_offset(2) == 21);
}

TEST_CASE_METHOD(Fixture, "committer: a refusal that stays is told at once, asked again less and less often, and no reason to give up") {
  committer.request(1, 11, "too large", true, now);
  std::vector<ch::milliseconds> waits;
  for (int i = 0; i < 8; ++i) {
    auto sent = committer.due(now, true);  // not sooner because it is the last thing to do
    REQUIRE_FALSE(sent.empty());
    CHECK(sent.front().id == 1);
    sent.resize(1);  // the other may go along, being at rest
    CHECK(answer(sent, because("group_refused")).empty());
    const auto refusal = committer.refusal(1, now);
    REQUIRE(refusal);
    CHECK(refusal->why.message == "what the broker said");
    CHECK(committer.next(now) == refusal->next);
    CHECK(committer.due(refusal->next - ch::milliseconds(1), true).empty());
    waits.push_back(refusal->next - now);
    now = refusal->next;
  }
  CHECK(waits.front() == 2 * CommitScheduler::kRetry);
  CHECK(waits.back() == CommitScheduler::kLongestRetry);
  now += CommitScheduler::kGiveUp;
  CHECK_FALSE(committer.gave_up(now));
  CHECK(answer(committer.due(now, false)).size() == 1);
  CHECK_FALSE(committer.refusal(1, now));
  CHECK_FALSE(committer.refusal(2, now));
}

TEST_CASE_METHOD(Fixture, "committer: a refusal that may pass by itself is told when it has not for a while") {
  committer.request(1, 11, "a", true, now);
  (void)answer(committer.due(now, false), because("broker_unreachable"));
  CHECK_FALSE(committer.refusal(1, now));
  now += CommitScheduler::kTell;
  (void)answer(committer.due(now, false), because("broker_unreachable"));
  CHECK(committer.refusal(1, now));
  now += CommitScheduler::kGiveUp;
  CHECK_FALSE(committer.gave_up(now));  // a broker that answers so would answer another consumer so
  (void)answer(committer.due(now, false), because("broker_unreachable"), true);
  CHECK(committer.gave_up(now));
}

TEST_CASE_METHOD(Fixture, "committer: a state at rest that is refused is asked again when it is said, not in a minute") {
  now += CommitScheduler::kRefresh;
  (void)answer(committer.due(now, false), because("broker_auth"));
  const auto refusal = committer.refusal(1, now);
  REQUIRE(refusal);
  CHECK(refusal->next == now + 2 * CommitScheduler::kRetry);
  CHECK(committer.due(refusal->next, false).size() == 2);
}

TEST_CASE_METHOD(Fixture, "committer: states at rest are committed again once a minute, without an answer to the connector") {
  CHECK(committer.due(now + CommitScheduler::kRefresh - std::chrono::milliseconds(1), false).empty());
  now += CommitScheduler::kRefresh;
  const auto sent = committer.due(now, false);
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].offset == 10);
  CHECK(sent[0].metadata == encode_offset_metadata({3, "old"}));
  CHECK(answer(sent).empty());
  CHECK(committer.due(now, false).empty());
}

TEST_CASE_METHOD(Fixture, "committer: what comes for an assignment that has ended is dropped") {
  committer.request(1, 11, "a", true, now);
  const auto sent = committer.due(now, false);
  committer.close(1);
  committer.request(1, 12, "b", true, now);
  CHECK(answer(sent).empty());
  CHECK(committer.due(now, false).empty());
  CHECK(committer.committed_offset(1) == -1);
}

TEST_CASE_METHOD(Fixture, "committer: only what was acknowledged is kept in the store") {
  committer.request(1, 11, "a", true, now);
  CHECK(committer.take_changed().empty());
  const auto sent = committer.due(now, false);
  (void)answer(sent);
  committer.request(1, 12, "not yet acknowledged", true, now);
  CHECK(committer.take_changed().empty());
  (void)answer(committer.due(now, false));
  const auto changed = committer.take_changed();
  REQUIRE(changed.size() == 1);
  CHECK(changed[0].offset == 12);
  CHECK(changed[0].state == encode_offset_metadata({3, "not yet acknowledged"}));
  CHECK(committer.take_changed().empty());
}
