#include "writer/retry.hpp"

#include <algorithm>
#include <connector_host/reasons.hpp>
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

Retry::Retry(const Context& context, std::vector<ch::PartitionId> owners)
    : context_(context), owners_(std::move(owners)), random_(static_cast<std::uint32_t>(owners_.empty() ? 1 : owners_.front())) {}

void Retry::failed(const Failure& failure) {
  context_.host.count("retries/" + (failure.reason.empty() ? std::string(reasons::kCosError) : failure.reason), 1);
  if (failures_ == 0) failing_since_ms_ = context_.steady_ms();
  wait(std::min(failure.retry_after_ms, kLongestRetryAfterMs));
  const bool may_pass = failure.outcome != Outcome::interrupt && failure.outcome != Outcome::bug;
  if (may_pass && failures_ <= kQuietFailures && context_.steady_ms() - failing_since_ms_ < kQuietMs) return;
  report(failure.reason.empty() ? reasons::kCosError : failure.reason, failure.message, failure.remedy);
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
  for (const auto owner : owners_) context_.host.recovered(owner);
}

void Retry::wait(std::int64_t at_least) {
  const auto doubled = std::min(kFirstWaitMs << std::min(failures_, kDoublings), kLongestWaitMs);
  const auto jittered = doubled * std::uniform_int_distribution<std::int64_t>(80, 120)(random_) / 100;
  ++failures_;
  next_ms_ = context_.steady_ms() + std::max(jittered, at_least);
}

void Retry::report(const std::string& reason, const std::string& message, const std::string& remedy) {
  reported_ = true;
  const auto next_try_ms = next_ms_ == 0 ? 0 : context_.wall_ms_at(next_ms_);
  for (const auto owner : owners_) context_.host.interrupted(owner, {reason, message, remedy, next_try_ms});
}

}  // namespace ch::cos
