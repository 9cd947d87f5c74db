// Bytes of records in flight: one bound for the process (`memory.limit`), one for each task's runner (`buffer.memory`).
// Any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace ch::runner {

// Of a task's `buffer.memory`: for what was fetched and the connector has not taken yet. The rest is the connector's.
constexpr std::uint64_t fetch_share(std::uint64_t buffer_memory) { return buffer_memory / 8; }

class Budget {
 public:
  explicit Budget(std::uint64_t limit, Budget* parent = nullptr) : limit_(limit), parent_(parent) {}

  bool reserve(std::uint64_t bytes) {
    const auto before = used_.fetch_add(bytes, std::memory_order_relaxed);
    // A task may always have a little, or it would stand still while the others have everything.
    const bool small = before + bytes <= kAlwaysGranted;
    if (before + bytes <= limit_ && (parent_ == nullptr || parent_->reserve_from_parent(bytes, small))) return true;
    used_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  void release(std::uint64_t bytes) {
    used_.fetch_sub(bytes, std::memory_order_relaxed);
    if (parent_ != nullptr) parent_->release(bytes);
  }
  std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  std::uint64_t limit() const { return limit_; }

 private:
  static constexpr std::uint64_t kAlwaysGranted = 1 << 20;

  bool reserve_from_parent(std::uint64_t bytes, bool regardless) {
    const auto before = used_.fetch_add(bytes, std::memory_order_relaxed);
    if (regardless || before + bytes <= limit_) return true;
    used_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }

  std::uint64_t limit_;
  Budget* parent_;
  std::atomic<std::uint64_t> used_ = 0;
};

}  // namespace ch::runner
