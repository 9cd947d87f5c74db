#include "base/clock.hpp"

namespace ch {
namespace {

class SystemClock final : public Clock {
 public:
  Instant steady() const override { return std::chrono::floor<milliseconds>(std::chrono::steady_clock::now()); }
  std::int64_t wall_ms() const override {
    return std::chrono::floor<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace ch
