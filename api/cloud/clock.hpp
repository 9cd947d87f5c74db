// A server's clock, measured by the Date of its answers, so that requests are signed with its time whatever ours is.
// Any thread.
//
// A Date tells whole seconds, and was written some time between the request and its answer: each answer bounds the
// difference from both sides. What was known before is kept as long as it lies within these bounds and moved to the nearer
// one else, so that many answers together are better than a second, and no slow one spoils it.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

namespace ch::cloud {

class ServerClock {
 public:
  explicit ServerClock(std::function<std::int64_t()> now_ms) : now_ms_(std::move(now_ms)) {}

  std::int64_t own_ms() const { return now_ms_(); }
  std::int64_t now_ms() const { return now_ms_() + skew_ms(); }
  std::int64_t skew_ms() const;  // the server's clock minus ours; 0 before the first answer
  std::optional<std::int64_t> measured_ms() const;

  // `date`: the header of an answer to a request that was sent at `sent_ms` of our clock. A difference that is far from
  // what was known is believed when two answers agree, or at once when the server `refused` the request, perhaps for its
  // time: one wrong Date on the way must not move the clock.
  void observe(const std::string& date, std::int64_t sent_ms, bool refused);

 private:
  const std::function<std::int64_t()> now_ms_;
  mutable std::mutex mutex_;
  std::optional<std::int64_t> skew_ms_;
  std::optional<std::int64_t> doubted_ms_;  // the last difference that was not believed
};

// So far apart, a request that was refused deserves to be signed anew.
constexpr std::int64_t kSignedWrongMs = 30000;

}  // namespace ch::cloud
