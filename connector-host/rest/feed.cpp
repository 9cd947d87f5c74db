#include "rest/feed.hpp"

#include <utility>

namespace ch::rest {

bool Feed::push(Piece piece) {
  const std::lock_guard lock(mutex_);
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

void Feed::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  if (wake_) wake_();
}

bool Feed::over() const {
  const std::lock_guard lock(mutex_);
  return closed_ || dropped_;
}

bool Feed::cut() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

void Feed::attach(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
  wake_();
}

Feed::Taken Feed::take() {
  const std::lock_guard lock(mutex_);
  bytes_ = 0;
  return {std::exchange(waiting_, {}), closed_};
}

void Feed::drop() {
  std::function<void()> released;  // may own the last reference to the connection: destroyed after the lock
  const std::lock_guard lock(mutex_);
  dropped_ = true;
  waiting_.clear();
  released.swap(wake_);
}

}  // namespace ch::rest
