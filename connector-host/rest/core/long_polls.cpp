#include "rest/core/long_polls.hpp"

#include <algorithm>
#include <random>

#include "base/log.hpp"

namespace ch::rest {

namespace {

Response defect(const std::string& what, const char* why) {
  const auto id = fmt::format("{:08x}", std::random_device{}());
  log::error("", "{} failed, id {}: {}", what, id, why);
  return plain_error(500, "a defect of connector-host; its log says more at id " + id);
}

}  // namespace

Response guarded(const std::string& what, const std::function<Response()>& make) {
  try {
    return make();
  } catch (const std::exception& error) {
    return defect(what, error.what());
  } catch (...) {
    return defect(what, "unknown exception");
  }
}

LongPolls::LongPolls(std::size_t limit) : places_(limit), thread_([this] { run(); }) {}

LongPolls::~LongPolls() { stop(); }

void LongPolls::add(Wait wait, Reply reply, std::shared_ptr<const std::atomic<bool>> gone) {
  Waiter waiter{std::move(wait), std::move(reply), std::move(gone)};
  if (settle(waiter, false)) return;  // often it is so already
  {
    const MutexLock lock(mutex_);
    if (!stopping_) {
      long_polls_.push_back(std::move(waiter));
      changed_.notify_all();
      return;
    }
  }
  settle(waiter, true);
}

// True: it has its answer, or nobody wants one.
bool LongPolls::settle(const Waiter& waiter, bool last_chance) {
  if (waiter.gone && waiter.gone->load()) {
    waiter.reply(plain_error(503, "the client has gone"));
    return true;
  }
  bool done = false;
  const auto answer = guarded("a waiting request", [&] {
    const bool reached = waiter.wait.reached();
    done = reached || last_chance || std::chrono::steady_clock::now() >= waiter.wait.deadline;
    return done ? waiter.wait.finish(reached) : Response{};
  });
  done = done || answer.status == 500;
  if (done) waiter.reply(answer);
  return done;
}

void LongPolls::run() {
  MutexLock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this]() CH_REQUIRES(mutex_) { return stopping_ || !long_polls_.empty(); });
    const bool last = stopping_;
    auto present = std::exchange(long_polls_, {});
    lock.unlock();
    present.erase(std::remove_if(present.begin(), present.end(), [last](const Waiter& waiter) { return settle(waiter, last); }),
                  present.end());
    lock.lock();
    long_polls_.insert(long_polls_.end(), std::make_move_iterator(present.begin()), std::make_move_iterator(present.end()));
    if (last) return;
    if (!long_polls_.empty()) changed_.wait_for(lock, kWaitPoll, [this]() CH_REQUIRES(mutex_) { return stopping_; });
  }
}

void LongPolls::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace ch::rest
