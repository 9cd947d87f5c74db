#include "cloud/clock.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cstdlib>

namespace ch::cloud {
namespace {

constexpr std::int64_t kSecondMs = 1000;
constexpr std::int64_t kDoubtMs = 5000;
constexpr std::int64_t kLargestMs = 10 * 366LL * 86400 * kSecondMs;  // what a clock without a battery may be off by; more is nonsense

}  // namespace

std::int64_t ServerClock::skew_ms() const { return measured_ms().value_or(0); }

std::optional<std::int64_t> ServerClock::measured_ms() const {
  const std::lock_guard lock(mutex_);
  return skew_ms_;
}

void ServerClock::observe(const std::string& date, std::int64_t sent_ms, bool refused) {
  const std::int64_t seconds = date.empty() ? -1 : curl_getdate(date.c_str(), nullptr);
  if (seconds <= 0) return;
  const std::int64_t low = seconds * kSecondMs - now_ms_();
  const std::int64_t high = seconds * kSecondMs + kSecondMs - 1 - sent_ms;
  if (low > high || low > kLargestMs || high < -kLargestMs) return;  // our clock was set back meanwhile, or nonsense
  const std::lock_guard lock(mutex_);
  const std::int64_t known = skew_ms_.value_or(0);
  const std::int64_t next = std::clamp(known, low, high);
  if (!refused && std::abs(next - known) > kDoubtMs) {
    const bool agrees = doubted_ms_ && std::abs(next - *doubted_ms_) <= kDoubtMs;
    if (!agrees) {
      doubted_ms_ = next;
      return;
    }
  }
  doubted_ms_.reset();
  skew_ms_ = next;
}

}  // namespace ch::cloud
