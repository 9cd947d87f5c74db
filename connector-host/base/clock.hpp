// What time it is, as two kinds that cannot be mixed by mistake:
//   Instant  a moment of the steady clock, a type of its own: whatever waits, is due, or is measured. Nobody sets that clock.
//   wall_ms  Unix time, a plain number of milliseconds: only what is shown or kept as a date. It may jump by any amount at
//            any time (NTP, a machine that resumes), so that nothing waits for it, and no two of them make a duration.
// Any thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace ch {

using std::chrono::milliseconds;
// Instant() is long past: what is due then is due at once.
using Instant = std::chrono::time_point<std::chrono::steady_clock, milliseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant steady() const = 0;
  virtual std::int64_t wall_ms() const = 0;
  // The date of a moment, near or far, for people: what the wall clock will show then if nobody sets it meanwhile.
  std::int64_t date_ms(Instant moment) const { return wall_ms() + (moment - steady()).count(); }
};

const Clock& system_clock();
inline Instant steady_now() { return system_clock().steady(); }
inline std::int64_t wall_ms() { return system_clock().wall_ms(); }

// Stands still until it is moved. For one thread at a time.
class ManualClock final : public Clock {
 public:
  Instant steady() const override { return steady_; }
  std::int64_t wall_ms() const override { return wall_ms_; }
  void pass(milliseconds time) {
    steady_ += time;
    wall_ms_ += time.count();
  }
  void set_wall(std::int64_t unix_ms) { wall_ms_ = unix_ms; }  // as NTP does

 private:
  Instant steady_{std::chrono::hours(1)};
  std::int64_t wall_ms_ = 1'700'000'000'000;
};

}  // namespace ch
