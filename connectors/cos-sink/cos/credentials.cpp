#include "cos/credentials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <connector_host/reasons.hpp>
#include <utility>

namespace ch::cos {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRenewBefore{600000};  // Tencent's own clients renew ten minutes before the end
constexpr milliseconds kLastMoment{1000};     // keys that die within it are not signed with: the request is still to travel
constexpr milliseconds kChangePoll{1000};
constexpr milliseconds kBetweenFetches{500};  // at least, whoever asks
constexpr int kLastMomentShare = 8;           // of a short life

class Fixed final : public CredentialSource {
 public:
  explicit Fixed(Credentials credentials) : credentials_(std::move(credentials)) {}
  Keys current() override { return {{}, credentials_, {}}; }
  bool refused(const std::string&) override { return false; }
  void renew() override {}
  std::string warning(std::uint64_t&) override { return {}; }

 private:
  const Credentials credentials_;
};

// Ten minutes or a fifth of the life before its end, whichever is earlier, but not before half of a short one.
milliseconds time_to_renewal(milliseconds life) { return life - std::min(std::max(kRenewBefore, life / 5), life / 2); }

Failure not_there(const char* what) {
  Failure failure;
  failure.outcome = Outcome::retry;
  failure.reason = reasons::kCredentialsExpired;
  failure.message = what;
  failure.remedy = "nothing: they are being fetched; if it stays, check the task's credentials settings";
  return failure;
}

// They go into headers.
bool printable(const Credentials& keys) {
  const auto clean = [](const std::string& text) {
    return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  };
  return clean(keys.secret_id) && clean(keys.secret_key) && clean(keys.token);
}

}  // namespace

std::shared_ptr<CredentialSource> fixed_credentials(Credentials credentials) { return std::make_shared<Fixed>(std::move(credentials)); }

RenewingCredentials::RenewingCredentials(std::unique_ptr<KeyFetcher> fetcher, Renewal renewal)
    : fetcher_(std::move(fetcher)),
      renewal_(renewal),
      backoff_(renewal.first_retry),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

RenewingCredentials::~RenewingCredentials() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void RenewingCredentials::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    asked_ = false;
    lock.unlock();
    KeyFetcher::Fetched fetched;
    try {
      fetched = fetcher_->fetch();
    } catch (const std::exception& error) {
      fetched.failure = not_there("no credentials");
      fetched.failure.message = fmt::format("the credentials could not be fetched: {}", error.what());
    }
    if (fetched.failure.ok() && !printable(fetched.credentials))
      fetched.failure = not_there("the keys that came hold a control character, so that no request can be signed with them");
    lock.lock();
    take(std::move(fetched));
    changed_.notify_all();
    if (!wait_until_due(lock, stop)) return;
  }
}

bool RenewingCredentials::wait_until_due(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  const auto not_before = Steady::now() + kBetweenFetches;
  changed_.wait_until(lock, stop, not_before, [] { return false; });
  while (!stop.stop_requested() && !asked_ && Steady::now() < next_) {
    const bool polls = fetcher_->can_tell_changes();
    changed_.wait_until(lock, stop, polls ? std::min(next_, Steady::now() + kChangePoll) : next_, [this] { return asked_; });
    if (!polls || stop.stop_requested()) continue;
    lock.unlock();
    const bool stale = fetcher_->changed();
    lock.lock();
    asked_ = asked_ || stale;
  }
  return !stop.stop_requested();
}

void RenewingCredentials::take(KeyFetcher::Fetched fetched) {
  const auto now = Steady::now();
  const auto jittered = [&](milliseconds time) { return time * std::uniform_int_distribution<int>(80, 100)(random_) / 100; };
  if (fetched.failure.ok()) {
    keys_ = Keys{{}, std::move(fetched.credentials), {}};
    next_ = now + std::chrono::hours(24 * 365);
    if (fetched.life) {
      keys_->expire = now + *fetched.life - std::min(kLastMoment, *fetched.life / kLastMomentShare);
      next_ = now + jittered(time_to_renewal(*fetched.life));
    }
    failure_.reset();
    refused_ = false;
    backoff_ = renewal_.first_retry;
    return;
  }
  next_ = now + std::max(jittered(backoff_),
                         milliseconds(std::min<std::int64_t>(fetched.failure.retry_after_ms, renewal_.longest_retry.count())));
  backoff_ = std::min(backoff_ * 2, renewal_.longest_retry);
  failure_ = std::move(fetched.failure);
  ++failures_;
}

bool RenewingCredentials::alive() const { return keys_ && (!keys_->expire || Steady::now() < *keys_->expire); }

Keys RenewingCredentials::current() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kFirstKeysMs, [this] { return keys_ || failure_; });
  if (alive() && !(refused_ && failure_)) return *keys_;
  if (failure_) return {*failure_};
  return {not_there(keys_ ? "the temporary credentials have expired, and new ones have not come yet"
                          : "the first credentials have not come yet")};
}

bool RenewingCredentials::refused(const std::string& secret_id) {
  const std::lock_guard lock(mutex_);
  if (!keys_ || keys_->credentials.secret_id != secret_id) return true;  // newer ones are there already
  if (std::exchange(refused_, true)) return !failure_;
  asked_ = true;
  changed_.notify_all();
  return true;
}

void RenewingCredentials::renew() {
  const std::lock_guard lock(mutex_);
  if (!failure_ && !refused_) return;
  backoff_ = renewal_.first_retry;
  asked_ = true;
  changed_.notify_all();
}

std::string RenewingCredentials::warning(std::uint64_t& seen) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(seen, failures_) == failures_ || !failure_ || !alive()) return {};
  return fmt::format("the credentials could not be renewed, and the old ones still serve: {}. {}", failure_->message, failure_->remedy);
}

}  // namespace ch::cos
