// So many at once may do a thing, such as wait or ask a broker; others are told to come again. Any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace ch {

class Semaphore {
 public:
  explicit Semaphore(std::size_t most) : most_(most), taken_(std::make_shared<std::atomic<std::size_t>>(0)) {}

  // A place, given back with its last copy, which may outlive this; null: all are taken.
  std::shared_ptr<void> take() const {
    if (taken_->fetch_add(1) >= most_) {
      taken_->fetch_sub(1);
      return nullptr;
    }
    return {taken_.get(), [taken = taken_](void*) { taken->fetch_sub(1); }};
  }

 private:
  const std::size_t most_;
  const std::shared_ptr<std::atomic<std::size_t>> taken_;
};

}  // namespace ch
