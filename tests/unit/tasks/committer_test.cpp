#include "tasks/committer.hpp"

#include <catch2/catch.hpp>

#include "tasks/frame.hpp"

using namespace ch::tasks;
using ch::kafka::CommitResult;

namespace {

struct Fixture {
  Committer committer;
  std::int64_t now = 1'000'000;

  Fixture() {
    committer.open(1, {"t", 0}, 3, 10, "old", now);
    committer.open(2, {"t", 1}, 3, 20, "old", now);
  }
  std::vector<Committer::Acknowledged> answer(const std::vector<ch::kafka::CommitRequest>& sent, const std::string& error = "") {
    std::vector<CommitResult> results;
    for (const auto& s : sent) results.push_back({s.id, error, false});
    return committer.answered(results, now);
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "committer: an urgent request goes at once, a lazy one waits for company") {
  committer.request(1, 10, "lazy", false, now);
  CHECK(committer.due(now, false).empty());
  CHECK(committer.next_ms(now) == now + Committer::kLazyMs);
  committer.request(2, 20, "intent", true, now);
  const auto sent = committer.due(now, false);
  REQUIRE(sent.size() == 2);  // one commit for both
  CHECK(sent[0].metadata == encode_frame({3, "lazy"}));
  CHECK(sent[1].metadata == encode_frame({3, "intent"}));
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
  CHECK(second[0].metadata == encode_frame({3, "intent of the next"}));
  const auto acks = answer(second);
  REQUIRE(acks.size() == 1);
  CHECK(acks[0].offset == 30);
  CHECK(committer.committed_offset(1) == 30);
}

TEST_CASE_METHOD(Fixture, "committer: what was refused is sent again unchanged, and after long enough it gives up") {
  committer.request(1, 11, "intent", true, now);
  const auto first = committer.due(now, false);
  CHECK(answer(first, "ILLEGAL_GENERATION").empty());
  CHECK(committer.due(now, false).empty());
  now += Committer::kRetryMs;
  const auto again = committer.due(now, false);
  REQUIRE(again.size() == 1);
  CHECK(again[0].offset == 11);
  CHECK(again[0].metadata == first[0].metadata);
  CHECK(answer(again, "ILLEGAL_GENERATION").empty());
  CHECK_FALSE(committer.gave_up(now));
  now += Committer::kGiveUpMs;
  CHECK(committer.gave_up(now));
  CHECK(answer(committer.due(now, false)).size() == 1);
  CHECK_FALSE(committer.gave_up(now));
}

TEST_CASE_METHOD(Fixture, "committer: one partition's refusal does not touch the other's success") {
  committer.request(1, 11, "a", true, now);
  committer.request(2, 21, "b", true, now);
  const auto sent = committer.due(now, false);
  const auto acks = committer.answered({{1, "OFFSET_METADATA_TOO_LARGE", false}, {2, "", false}}, now);
  REQUIRE(acks.size() == 1);
  CHECK(acks[0].id == 2);
  CHECK(committer.committed_offset(1) == 10);
  CHECK(committer.committed_offset(2) == 21);
}

TEST_CASE_METHOD(Fixture, "committer: states at rest are committed again once a minute, without an answer to the connector") {
  CHECK(committer.due(now + Committer::kRefreshMs - 1, false).empty());
  now += Committer::kRefreshMs;
  const auto sent = committer.due(now, false);
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].offset == 10);
  CHECK(sent[0].metadata == encode_frame({3, "old"}));
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
  CHECK(changed[0].state == encode_frame({3, "not yet acknowledged"}));
  CHECK(committer.take_changed().empty());
}
