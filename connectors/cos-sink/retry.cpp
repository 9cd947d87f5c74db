#include "retry.hpp"

#include <algorithm>
#include <utility>

namespace ch::cos {
namespace {

constexpr std::int64_t kFirstWaitMs = 200;
constexpr std::int64_t kLongestWaitMs = 30000;
constexpr std::int64_t kLongestRetryAfterMs = 60000;
constexpr int kDoublings = 8;
constexpr int kQuietFailures = 2;  // may pass by themselves, if they are not slow as well
constexpr std::int64_t kQuietMs = 5000;

}  // namespace

Retry::Retry(ch::Host host, std::vector<ch::PartitionId> owners)
    : host_(host), owners_(std::move(owners)), random_(static_cast<std::uint32_t>(owners_.empty() ? 1 : owners_.front())) {}

void Retry::failed(const Failure& failure) {
  host_.count("retries/" + (failure.reason.empty() ? std::string("cos_error") : failure.reason), 1);
  if (failures_ == 0) failing_since_ms_ = host_.now_ms();
  wait(std::min(failure.retry_after_ms, kLongestRetryAfterMs));
  const bool may_pass = failure.outcome != Outcome::interrupt && failure.outcome != Outcome::bug;
  if (may_pass && failures_ <= kQuietFailures && host_.now_ms() - failing_since_ms_ < kQuietMs) return;
  report(failure.reason.empty() ? "cos_error" : failure.reason, failure.message, failure.remedy);
}

void Retry::blocked(const std::string& reason, const std::string& message, const std::string& remedy) {
  wait(0);
  report(reason, message, remedy);
}

void Retry::stand(const std::string& reason, const std::string& message, const std::string& remedy) {
  next_ms_ = 0;
  report(reason, message, remedy);
}

void Retry::succeeded() {
  failures_ = 0;
  next_ms_ = 0;
  if (!std::exchange(reported_, false)) return;
  for (const auto owner : owners_) host_.recovered(owner);
}

void Retry::wait(std::int64_t at_least) {
  const auto doubled = std::min(kFirstWaitMs << std::min(failures_, kDoublings), kLongestWaitMs);
  const auto jittered = doubled * std::uniform_int_distribution<std::int64_t>(80, 120)(random_) / 100;
  ++failures_;
  next_ms_ = host_.now_ms() + std::max(jittered, at_least);
}

void Retry::report(const std::string& reason, const std::string& message, const std::string& remedy) {
  reported_ = true;
  for (const auto owner : owners_) host_.interrupted(owner, {reason, message, remedy, next_ms_});
}

}  // namespace ch::cos
