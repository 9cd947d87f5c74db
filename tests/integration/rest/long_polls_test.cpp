#include "rest/core/long_polls.hpp"

#include <catch2/catch.hpp>
#include <future>

using namespace ch::rest;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds kDeadline{20};

struct Waiting {
  std::shared_ptr<std::promise<Response>> promise = std::make_shared<std::promise<Response>>();
  std::future<Response> answer = promise->get_future();
  Reply reply() const {
    return [to = promise](Response response) { to->set_value(std::move(response)); };
  }
  Response get() {
    REQUIRE(answer.wait_for(kDeadline) == std::future_status::ready);
    return answer.get();
  }
};

Wait wait_for(std::shared_ptr<void> slot, milliseconds time, std::function<bool()> reached) {
  return {std::move(slot), steady_clock::now() + time, std::move(reached), [](bool there) {
            return Response{there ? 200U : 504U, {}, {}};
          }};
}

}  // namespace

TEST_CASE("long polls are answered when it has come true, or when their time is over") {
  LongPolls long_polls;
  std::atomic<bool> there{false};
  Waiting patient, hasty, at_once;
  long_polls.add(wait_for(long_polls.reserve(), std::chrono::minutes(5), [&] { return there.load(); }), patient.reply(), nullptr);
  long_polls.add(wait_for(long_polls.reserve(), milliseconds(0), [] { return false; }), hasty.reply(), nullptr);
  long_polls.add(wait_for(long_polls.reserve(), milliseconds(0), [] { return true; }), at_once.reply(), nullptr);
  REQUIRE(hasty.get().status == 504);
  REQUIRE(at_once.get().status == 200);
  REQUIRE(patient.answer.wait_for(milliseconds(0)) == std::future_status::timeout);
  there = true;
  REQUIRE(patient.get().status == 200);
}

TEST_CASE("places are limited and become free again") {
  LongPolls long_polls(2);
  auto first = long_polls.reserve();
  auto second = long_polls.reserve();
  REQUIRE(first);
  REQUIRE(second);
  REQUIRE_FALSE(long_polls.reserve());
  first.reset();
  auto third = long_polls.reserve();
  REQUIRE(third);
  REQUIRE_FALSE(long_polls.reserve());

  Waiting waiting;
  long_polls.add(wait_for(std::move(third), milliseconds(0), [] { return true; }), waiting.reply(), nullptr);
  REQUIRE(waiting.get().status == 200);
  const auto begin = steady_clock::now();
  while (!long_polls.reserve()) REQUIRE(steady_clock::now() - begin < kDeadline);
}

TEST_CASE("a client that has gone is not waited for") {
  LongPolls long_polls(1);
  const auto gone = std::make_shared<std::atomic<bool>>(false);
  Waiting waiting;
  long_polls.add(wait_for(long_polls.reserve(), std::chrono::minutes(5), [] { return false; }), waiting.reply(), gone);
  *gone = true;
  waiting.get();
  const auto begin = steady_clock::now();
  while (!long_polls.reserve()) REQUIRE(steady_clock::now() - begin < kDeadline);
}

TEST_CASE("what throws is answered with an id") {
  LongPolls long_polls;
  Waiting waiting;
  long_polls.add(wait_for(long_polls.reserve(), std::chrono::minutes(5), []() -> bool { throw std::runtime_error("hush"); }),
                 waiting.reply(), nullptr);
  const auto answer = waiting.get();
  REQUIRE(answer.status == 500);
  REQUIRE(answer.body.find(" id ") != std::string::npos);
  REQUIRE(answer.body.find("hush") == std::string::npos);
  REQUIRE(guarded("x", []() -> Response { throw 5; }).status == 500);
}

TEST_CASE("stop answers everybody, and later ones at once") {
  LongPolls long_polls;
  Waiting before, after;
  long_polls.add(wait_for(long_polls.reserve(), std::chrono::minutes(5), [] { return false; }), before.reply(), nullptr);
  long_polls.stop();
  REQUIRE(before.get().status == 504);
  long_polls.add(wait_for(long_polls.reserve(), std::chrono::minutes(5), [] { return false; }), after.reply(), nullptr);
  REQUIRE(after.get().status == 504);
}
