#include "rest/waiters.hpp"

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

TEST_CASE("waiters are answered when it has come true, or when their time is over") {
  Waiters waiters;
  std::atomic<bool> there{false};
  Waiting patient, hasty, at_once;
  waiters.add(wait_for(waiters.reserve(), std::chrono::minutes(5), [&] { return there.load(); }), patient.reply(), nullptr);
  waiters.add(wait_for(waiters.reserve(), milliseconds(0), [] { return false; }), hasty.reply(), nullptr);
  waiters.add(wait_for(waiters.reserve(), milliseconds(0), [] { return true; }), at_once.reply(), nullptr);
  REQUIRE(hasty.get().status == 504);
  REQUIRE(at_once.get().status == 200);
  REQUIRE(patient.answer.wait_for(milliseconds(0)) == std::future_status::timeout);
  there = true;
  REQUIRE(patient.get().status == 200);
}

TEST_CASE("places are limited and become free again") {
  Waiters waiters(2);
  auto first = waiters.reserve();
  auto second = waiters.reserve();
  REQUIRE(first);
  REQUIRE(second);
  REQUIRE_FALSE(waiters.reserve());
  first.reset();
  auto third = waiters.reserve();
  REQUIRE(third);
  REQUIRE_FALSE(waiters.reserve());

  Waiting waiting;
  waiters.add(wait_for(std::move(third), milliseconds(0), [] { return true; }), waiting.reply(), nullptr);
  REQUIRE(waiting.get().status == 200);
  const auto begin = steady_clock::now();
  while (!waiters.reserve()) REQUIRE(steady_clock::now() - begin < kDeadline);
}

TEST_CASE("a client that has gone is not waited for") {
  Waiters waiters(1);
  const auto gone = std::make_shared<std::atomic<bool>>(false);
  Waiting waiting;
  waiters.add(wait_for(waiters.reserve(), std::chrono::minutes(5), [] { return false; }), waiting.reply(), gone);
  *gone = true;
  waiting.get();
  const auto begin = steady_clock::now();
  while (!waiters.reserve()) REQUIRE(steady_clock::now() - begin < kDeadline);
}

TEST_CASE("what throws is answered with an id") {
  Waiters waiters;
  Waiting waiting;
  waiters.add(wait_for(waiters.reserve(), std::chrono::minutes(5), []() -> bool { throw std::runtime_error("hush"); }), waiting.reply(),
              nullptr);
  const auto answer = waiting.get();
  REQUIRE(answer.status == 500);
  REQUIRE(answer.body.find(" id ") != std::string::npos);
  REQUIRE(answer.body.find("hush") == std::string::npos);
  REQUIRE(guarded("x", []() -> Response { throw 5; }).status == 500);
}

TEST_CASE("stop answers everybody, and later ones at once") {
  Waiters waiters;
  Waiting before, after;
  waiters.add(wait_for(waiters.reserve(), std::chrono::minutes(5), [] { return false; }), before.reply(), nullptr);
  waiters.stop();
  REQUIRE(before.get().status == 504);
  waiters.add(wait_for(waiters.reserve(), std::chrono::minutes(5), [] { return false; }), after.reply(), nullptr);
  REQUIRE(after.get().status == 504);
}
