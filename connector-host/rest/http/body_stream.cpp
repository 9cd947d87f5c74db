#include "rest/http/body_stream.hpp"

#include <utility>

namespace ch::rest {

bool BodyStream::push(Piece piece) {
  const MutexLock lock(mutex_);
  if (closed_ || dropped_) return false;
  // A single piece may be larger than the bound: a client that has read all before it does keep up.
  if (!waiting_.empty() && bytes_ + piece->size() > kMaxFeedBacklog) {
    dropped_ = true;
    waiting_.clear();
  } else {
    bytes_ += piece->size();
    waiting_.push_back(std::move(piece));
  }
  if (wake_) wake_();
  return !dropped_;
}

void BodyStream::close() {
  const MutexLock lock(mutex_);
  closed_ = true;
  if (wake_) wake_();
}

bool BodyStream::over() const {
  const MutexLock lock(mutex_);
  return closed_ || dropped_;
}

bool BodyStream::cut() const {
  const MutexLock lock(mutex_);
  return dropped_;
}

void BodyStream::attach(std::function<void()> wake) {
  const MutexLock lock(mutex_);
  wake_ = std::move(wake);
  wake_();
}

BodyStream::Taken BodyStream::take() {
  const MutexLock lock(mutex_);
  bytes_ = 0;
  return {std::exchange(waiting_, {}), closed_};
}

void BodyStream::drop() {
  std::function<void()> released;  // may own the last reference to the connection: destroyed after the lock
  const MutexLock lock(mutex_);
  dropped_ = true;
  waiting_.clear();
  released.swap(wake_);
}

}  // namespace ch::rest
