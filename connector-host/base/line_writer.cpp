#include "base/line_writer.hpp"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <thread>
#include <utility>

namespace ch::log {

LineWriter::LineWriter(int fd, std::function<std::string(std::uint64_t)> dropped_line) : fd_(fd), dropped_line_(std::move(dropped_line)) {
  std::thread([this] { run(); }).detach();
}

void LineWriter::add(std::string line) {
  line += '\n';
  const MutexLock lock(mutex_);
  // What is being written counts: a reader that hangs holds no more than this.
  if (waiting_bytes_ + line.size() > kMaxQueuedBytes) {
    ++dropped_;
    ++untold_;
    return;
  }
  waiting_bytes_ += line.size();
  queued_ += line;
  changed_.notify_all();
}

bool LineWriter::flush(milliseconds at_most) {
  MutexLock lock(mutex_);
  return changed_.wait_for(lock, at_most, [this] { return waiting_bytes_ == 0; });
}

void LineWriter::run() {
  sigset_t all;  // signals are for the threads that wait for them
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  MutexLock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this]() CH_REQUIRES(mutex_) { return !queued_.empty() || untold_ > 0; });
    auto text = std::exchange(queued_, {});
    const auto size = text.size();
    const auto missing = std::exchange(untold_, 0);
    lock.unlock();
    if (missing > 0) text += dropped_line_(missing) + '\n';
    write_all(text);
    lock.lock();
    waiting_bytes_ -= size;
    changed_.notify_all();
  }
}

// What nobody can take any more is gone: there is nowhere to say so.
void LineWriter::write_all(const std::string& text) const {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto written = ::write(fd_, text.data() + at, text.size() - at);
    if (written >= 0) {
      at += static_cast<std::size_t>(written);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd writable{fd_, POLLOUT, 0};
      ::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return;
    }
  }
}

}  // namespace ch::log
