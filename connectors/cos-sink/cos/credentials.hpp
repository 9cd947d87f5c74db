// Where the keys that sign requests come from, behind one interface. Whoever signs asks for the ones that live now and is
// answered at once; temporary ones are renewed in time by a thread of the source's own. A renewal that fails is no
// failure as long as the old ones live. Every function may be called from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "cos/outcome.hpp"
#include "cos/signer.hpp"

namespace ch::cos {

using Steady = std::chrono::steady_clock;

// Keys to sign with, or why there are none.
struct Keys {
  Failure failure;  // ok(): the rest is valid
  Credentials credentials = {};
  std::optional<Steady::time_point> expire = {};  // nothing: never
};

class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // Waits only for the very first ones, and at most kFirstKeysMs.
  virtual Keys current() = 0;
  // COS does not take the keys with this id any more. True: others are being fetched, try again soon.
  virtual bool refused(const std::string& secret_id) = 0;
  virtual void renew() = 0;  // an operator asked: fetch at once what waits for a next try
  // What went wrong while the old keys still live, for the log: nothing if `seen` says that it was told before.
  virtual std::string warning(std::uint64_t& seen) = 0;
};

constexpr std::chrono::milliseconds kFirstKeysMs{5000};

std::shared_ptr<CredentialSource> fixed_credentials(Credentials credentials);

// Gets keys from somewhere: blocking, but not for longer than a request may take. On the source's thread only.
class KeyFetcher {
 public:
  struct Fetched {
    Failure failure;
    Credentials credentials = {};
    std::optional<std::chrono::milliseconds> life = {};  // nothing: for ever
  };
  virtual ~KeyFetcher() = default;
  virtual Fetched fetch() = 0;
  // True: what fetch() gave is out of date. Asked once a second of sources that can tell.
  virtual bool changed() { return false; }
  virtual bool can_tell_changes() const { return false; }
};

struct Renewal {
  std::chrono::milliseconds first_retry{1000};
  std::chrono::milliseconds longest_retry{30000};
};

class RenewingCredentials final : public CredentialSource {
 public:
  explicit RenewingCredentials(std::unique_ptr<KeyFetcher> fetcher, Renewal renewal = {});
  RenewingCredentials(const RenewingCredentials&) = delete;
  RenewingCredentials& operator=(const RenewingCredentials&) = delete;
  ~RenewingCredentials() override;

  Keys current() override;
  bool refused(const std::string& secret_id) override;
  void renew() override;
  std::string warning(std::uint64_t& seen) override;

 private:
  void run(const std::stop_token& stop);
  bool wait_until_due(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  void take(KeyFetcher::Fetched fetched);
  bool alive() const;

  const std::unique_ptr<KeyFetcher> fetcher_;  // of the thread alone
  const Renewal renewal_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::optional<Keys> keys_;        // the last that came
  std::optional<Failure> failure_;  // of the last fetch, if it failed
  std::uint64_t failures_ = 0;      // all there ever were
  bool refused_ = false;            // COS does not take `keys_`
  bool asked_ = false;
  Steady::time_point next_{};
  std::chrono::milliseconds backoff_{};
  std::minstd_rand random_{std::random_device{}()};
  std::jthread thread_;
};

}  // namespace ch::cos
