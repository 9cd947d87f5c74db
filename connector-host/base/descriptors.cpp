#include "base/descriptors.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>

namespace ch::descriptors {
namespace {

rlimit limits() {
  rlimit out{};
  return ::getrlimit(RLIMIT_NOFILE, &out) == 0 ? out : rlimit{1024, 1024};
}

}  // namespace

std::size_t raise_limit() {
  auto wanted = limits();
  wanted.rlim_cur = wanted.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &wanted);
  return limit();
}

std::size_t limit() { return limits().rlim_cur; }

std::size_t open_now() {
  std::error_code error;
  std::size_t count = 0;
  for (auto entry = std::filesystem::directory_iterator("/proc/self/fd", error); !error && entry != std::filesystem::directory_iterator();
       entry.increment(error))
    ++count;
  // Out of descriptors, nobody can look how many there are.
  return error == std::errc::too_many_files_open ? limit() : count;
}

bool Gate::admit(Instant now, std::size_t open, std::size_t limit) {
  const MutexLock lock(mutex_);
  while (!admitted_.empty() && now - admitted_.front() >= kOpening) admitted_.pop_front();
  const auto reserve = std::min(kReserve, limit / 4);
  if (open + (opening(now) + 1) * kEach + reserve > limit) return false;
  admitted_.push_back(now);
  return true;
}

std::size_t Gate::needed(Instant now, std::size_t open) const {
  const MutexLock lock(mutex_);
  return open + (opening(now) + 1) * kEach + kReserve;
}

std::size_t Gate::opening(Instant now) const {
  return static_cast<std::size_t>(std::count_if(admitted_.begin(), admitted_.end(), [&](Instant one) { return now - one < kOpening; }));
}

}  // namespace ch::descriptors
