// How many files and connections the process may have open, and who may open many more. Any thread.
#pragma once

#include <cstddef>
#include <deque>

#include "base/clock.hpp"
#include "base/mutex.hpp"

namespace ch::descriptors {

// Raises the soft limit to the hard one, which is as much as a process may do by itself: services and shells have a soft limit
// of 1024 by tradition. The limit that holds then.
std::size_t raise_limit();
std::size_t limit();
std::size_t open_now();

// Lets in who will open many soon, as long as enough are left for everybody else: for the API first, without which nothing could
// be mended.
class Gate {
 public:
  static constexpr std::size_t kEach = 24;        // sockets and wake-up pipes of a consumer with a few brokers, and of its uploads
  static constexpr std::size_t kReserve = 64;     // at the most a quarter of the limit
  static constexpr milliseconds kOpening{15000};  // until what one opens shows in the number of open ones

  // False: there are too few, as `open` of `limit` are open.
  bool admit(Instant now, std::size_t open, std::size_t limit);
  std::size_t needed(Instant now, std::size_t open) const;  // the limit that would let one in

 private:
  std::size_t opening(Instant now) const CH_REQUIRES(mutex_);
  mutable Mutex mutex_;
  std::deque<Instant> admitted_ CH_GUARDED_BY(mutex_);
};

}  // namespace ch::descriptors
