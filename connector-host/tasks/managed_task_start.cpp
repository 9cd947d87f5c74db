// Whether a task may start, whether its start is survived, and whether its runners hold what is refused.
#include <fmt/format.h>

#include <algorithm>
#include <connector_host/reasons.hpp>

#include "base/log.hpp"
#include "base/time.hpp"
#include "tasks/managed_task.hpp"

namespace ch::tasks {
namespace {

// A start is survived when the task has left STARTING and so much time has passed, or when it cannot leave it for so long.
constexpr std::chrono::seconds kStartSurvived{5}, kLongestStart{60};

constexpr milliseconds kCompareValues{15000};

constexpr const char* kEndsTheProcess =
    "connector-host ended while this task, and no other, was starting: it is not started by itself. What the log says before the last "
    "start may tell why. Mend the task or its connector, then restart it, disable and enable it, or change its configuration";

}  // namespace

// False: not now, or not at all; see Starts.
bool ManagedTask::may_start() {
  const auto verdict = services_.starts.ask(name_);
  if (verdict == Starts::Verdict::go) {
    begun_ = std::chrono::steady_clock::now();
  } else if (verdict == Starts::Verdict::refused && std::exchange(refusal_, kEndsTheProcess) != kEndsTheProcess) {
    log::error(name_, "{}", refusal_);
    store::Event event;
    event.task = name_;
    event.time_ms = wall_ms();
    event.kind = "failed";
    event.state = to_string(runner::State::failed);
    event.message = refusal_;
    event.host = services_.advertised;
    services_.add_event(std::move(event));
  }
  return verdict == Starts::Verdict::go;
}

void ManagedTask::watch_start() {
  if (!begun_) return;
  const auto passed = std::chrono::steady_clock::now() - *begun_;
  if (passed < kStartSurvived) return;
  const bool starting =
      std::any_of(runners_.begin(), runners_.end(), [](const auto& r) { return r->status().state == runner::State::starting; });
  if (starting && passed < kLongestStart) return;
  begun_.reset();
  services_.starts.survived(name_);
}

// The configuration was valid when it was accepted: the host's, or the connector, has changed since.
bool ManagedTask::no_longer_valid() {
  const auto problems = services_.validation.check(record_.name, record_.config);
  invalid_ = !problems.empty();
  if (!invalid_) return false;
  const auto refusal = fmt::format("the configuration is no longer valid: {}: {}", problems.front().key, problems.front().message);
  if (refusal != std::exchange(refusal_, refusal)) log::error(name_, "cannot run: {}", refusal);
  return true;
}

// Where keys are refused somebody writes new ones to where the placeholders point. A running task has what they stood for when
// its runners were made.
bool ManagedTask::holds_refused_values() {
  const auto& config = record_.config;
  const auto placed = [](const auto& value) { return value.second.find("${") != std::string::npos; };
  if (runners_.empty() || steady_now() - compared_ < kCompareValues || std::none_of(config.begin(), config.end(), placed)) return false;
  compared_ = steady_now();
  const bool refused = std::any_of(runners_.begin(), runners_.end(), [](const auto& runner) {
    const auto what = runner->status().interruption;
    return what && (what->reason == reasons::kCredentialsRefused || what->reason == reasons::kCredentialsExpired);
  });
  return refused && services_.validation.check(name_, config).empty() &&
         services_.validation.resolve(name_, config).info.config != made_of_;
}

}  // namespace ch::tasks
