// A wall clock that a test may set while a program runs: preloaded into it (LD_PRELOAD). CH_TEST_WALL_CLOCK names a file of
// eight bytes, the milliseconds by which the clock is set forward. The steady clock stays as it is. Waits that go by the wall
// clock see it as the kernel would have it: who waits for a moment of it waits longer when it is set back.
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

constexpr std::int64_t kNanoseconds = 1'000'000'000;
constexpr std::int64_t kLookNs = 100'000'000;  // how soon a wait sees that the clock was set

const std::atomic<std::int64_t>* offset_ms() {
  static const std::atomic<std::int64_t>* const mapped = []() -> const std::atomic<std::int64_t>* {
    const char* path = std::getenv("CH_TEST_WALL_CLOCK");
    const int file = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return nullptr;
    void* memory = ::mmap(nullptr, sizeof(std::atomic<std::int64_t>), PROT_READ, MAP_SHARED, file, 0);
    ::close(file);
    return memory == MAP_FAILED ? nullptr : static_cast<const std::atomic<std::int64_t>*>(memory);
  }();
  return mapped;
}

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

std::int64_t to_ns(const timespec& time) { return time.tv_sec * kNanoseconds + time.tv_nsec; }

timespec from_ns(std::int64_t ns) { return {static_cast<time_t>(ns / kNanoseconds), static_cast<long>(ns % kNanoseconds)}; }

int real_clock(clockid_t clock, timespec* out) {
  static auto* const function = real<int(clockid_t, timespec*)>("clock_gettime");
  return function(clock, out);
}

std::int64_t steady_ns() {
  timespec now{};
  real_clock(CLOCK_MONOTONIC, &now);
  return to_ns(now);
}

std::int64_t wall_ns() {
  timespec now{};
  real_clock(CLOCK_REALTIME, &now);
  const auto* offset = offset_ms();
  return to_ns(now) + (offset == nullptr ? 0 : offset->load() * 1'000'000);
}

// glibc keeps in the condition which clock its deadlines are of.
bool by_steady_clock(const pthread_cond_t& condition) { return (condition.__data.__wrefs & 2U) != 0; }

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* out) noexcept {
  if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE) return real_clock(clock, out);
  *out = from_ns(wall_ns());
  return 0;
}

int gettimeofday(timeval* out, void*) noexcept {
  const auto now = wall_ns();
  *out = {static_cast<time_t>(now / kNanoseconds), static_cast<suseconds_t>(now % kNanoseconds / 1000)};
  return 0;
}

time_t time(time_t* out) noexcept {
  const auto now = static_cast<time_t>(wall_ns() / kNanoseconds);
  if (out != nullptr) *out = now;
  return now;
}

int timespec_get(timespec* out, int base) noexcept {
  if (base != TIME_UTC) return 0;
  *out = from_ns(wall_ns());
  return base;
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* deadline) {
  if (by_steady_clock(*condition)) return ::pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, deadline);
  const auto left = to_ns(*deadline) - wall_ns();
  if (left <= 0) return ETIMEDOUT;
  const auto until = from_ns(steady_ns() + (left < kLookNs ? left : kLookNs));
  const int result = ::pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, &until);
  // Whoever waits looks itself at what it waits for, and at the clock: a wake-up without a reason is allowed.
  return result == ETIMEDOUT && wall_ns() < to_ns(*deadline) ? 0 : result;
}

}  // extern "C"
