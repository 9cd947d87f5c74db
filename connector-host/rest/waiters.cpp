#include "rest/waiters.hpp"

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

Waiters::Waiters(std::size_t limit) : places_(limit), thread_([this] { run(); }) {}

Waiters::~Waiters() { stop(); }

void Waiters::add(Wait wait, Reply reply, std::shared_ptr<const std::atomic<bool>> gone) {
  Waiter waiter{std::move(wait), std::move(reply), std::move(gone)};
  if (settle(waiter, false)) return;  // often it is so already
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) {
      waiters_.push_back(std::move(waiter));
      changed_.notify_all();
      return;
    }
  }
  settle(waiter, true);
}

// True: it has its answer, or nobody wants one.
bool Waiters::settle(const Waiter& waiter, bool last_chance) {
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

void Waiters::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiters_.empty(); });
    const bool last = stopping_;
    auto present = std::exchange(waiters_, {});
    lock.unlock();
    present.erase(std::remove_if(present.begin(), present.end(), [last](const Waiter& waiter) { return settle(waiter, last); }),
                  present.end());
    lock.lock();
    waiters_.insert(waiters_.end(), std::make_move_iterator(present.begin()), std::make_move_iterator(present.end()));
    if (last) return;
    if (!waiters_.empty()) changed_.wait_for(lock, kWaitPoll, [this] { return stopping_; });
  }
}

void Waiters::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace ch::rest
