// Writes lines to a file descriptor by a thread of its own: who has something to say never waits for whoever reads it. The
// queue is bounded; when it is full, lines are dropped and counted, and their number is said as soon as there is room.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.hpp"
#include "base/mutex.hpp"

namespace ch::log {

class LineWriter {
 public:
  static constexpr std::size_t kMaxQueuedBytes = std::size_t{1} << 20;

  // `dropped_line` makes the line that says how many are missing; on the writer's thread. The thread is never joined, as it
  // may hang in a write for good: the object must not be destroyed.
  LineWriter(int fd, std::function<std::string(std::uint64_t count)> dropped_line);
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  void add(std::string line);        // without its newline. Any thread; does not wait
  bool flush(milliseconds at_most);  // waits until all that was added is written; false: not in time. Any thread
  std::uint64_t dropped() const { return dropped_; }
  // For a signal handler: whether something waits to be written.
  bool busy() const { return waiting_bytes_ > 0; }

 private:
  void run();
  void write_all(const std::string& text) const;

  const int fd_;
  const std::function<std::string(std::uint64_t)> dropped_line_;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::atomic<std::size_t> waiting_bytes_ = 0;  // queued, or being written
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::string queued_ CH_GUARDED_BY(mutex_);
  std::uint64_t untold_ CH_GUARDED_BY(mutex_) = 0;  // dropped behind what is queued
};

}  // namespace ch::log
