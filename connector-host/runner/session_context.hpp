// What the parts of a session share: what outlives it, how it ends, and when the connector is called next. Each part has its
// own fields beside that and sees the assigned partitions; none sees the session itself. Poll thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "kafka/consumer.hpp"
#include "kafka/dead_letters.hpp"
#include "plugins/connector.hpp"
#include "runner/host_table.hpp"
#include "runner/runner.hpp"
#include "runner/runner_control.hpp"

namespace ch::runner {

struct SessionOutcome {
  enum class End {
    stopped,  // as asked; the group has been left
    rejoin,   // the consumer must be made anew: `why`
    failed,   // the connector broke its contract, or the settings are refused: `why`
  };
  End end = End::stopped;
  std::string why;
  bool worked = false;  // it was RUNNING for a while
};

struct SessionContext {
  const RunnerSpec& spec;
  const kafka::Properties& cluster;
  RunnerControl& control;
  HostTable& host_table;
  UploadPool& pool;
  Budget& budget;
  plugins::ConnectorTask& connector;
  kafka::Consumer& consumer;  // new, for this session alone
  kafka::DeadLettersMaker make_dead_letters;
  Totals& totals;
  std::uint64_t series = 1;
  kafka::Subscription subscription = {};

  Instant now() const { return spec.clock->steady(); }
  std::int64_t date_ms(Instant moment) const { return spec.clock->date_ms(moment); }
  std::int64_t wall_ms() const { return spec.clock->wall_ms(); }
};

// That a session ends, and why: what is said first.
class SessionEnd {
 public:
  explicit SessionEnd(const Clock& clock) : clock_(clock) {}

  bool said() const { return outcome_.has_value(); }
  const SessionOutcome& outcome() const { return *outcome_; }
  void stop() { say(SessionOutcome::End::stopped, ""); }
  void rejoin(const std::string& why) { say(SessionOutcome::End::rejoin, why); }
  void check(const Status& status) {  // of the connector
    if (!status) say(SessionOutcome::End::failed, status.error().message);
  }
  void runs() {  // the session is RUNNING
    if (!running_since_) running_since_ = clock_.steady();
  }

 private:
  static constexpr milliseconds kWorked{10000};

  // A session that ends soon after its start is not taken for one that worked: what ends it may end the next one as well.
  void say(SessionOutcome::End end, const std::string& why) {
    if (!outcome_) outcome_ = SessionOutcome{end, why, running_since_ && clock_.steady() - *running_since_ >= kWorked};
  }

  const Clock& clock_;
  std::optional<SessionOutcome> outcome_;
  std::optional<Instant> running_since_;  // the first time
};

// When the connector is to be called: at the time that it names, at once when something has happened, at least once a second.
class Ticks {
 public:
  static constexpr milliseconds kLongest{1000};

  Ticks(const SessionContext& context, SessionEnd& end) : context_(context), end_(end) {}
  void soon() { next_ = {}; }
  Instant next() const { return next_; }
  // A connector names the next moment by the wall clock. Taken as a distance from what it was told, no setting of that clock
  // moves it.
  void run() {
    const auto now = context_.now();
    if (now < next_) return;
    const auto date = context_.wall_ms();
    const auto next = context_.connector.tick(date);
    if (!next) return end_.check(tl::unexpected(next.error()));
    next_ = now + std::min(milliseconds(*next - date), kLongest);
  }

 private:
  const SessionContext& context_;
  SessionEnd& end_;
  Instant next_;
};

}  // namespace ch::runner
