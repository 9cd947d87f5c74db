#include "runner/upload_pool.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace ch::runner {

UploadPool::UploadPool(unsigned threads, std::function<void()> wake) : wake_(std::move(wake)), threads_(threads) {}

UploadPool::~UploadPool() { threads_.join(); }

bool UploadPool::submit(ch_job_fn run, ch_job_fn done, void* job) {
  if (under_way_ >= kMaxJobs) return false;
  ++under_way_;
  boost::asio::post(threads_, [this, run, done, job] {
    run(job);
    {
      const MutexLock lock(mutex_);
      done_.push_back({done, job});
      some_done_.notify_one();
    }
    wake_();
  });
  return true;
}

bool UploadPool::serve() {
  std::vector<Done> ready;
  {
    const MutexLock lock(mutex_);
    ready.swap(done_);
  }
  for (const auto& done : ready) {
    --under_way_;
    done.call(done.job);
  }
  return !ready.empty();
}

void UploadPool::finish(const std::function<void()>& waiting) {
  while (under_way_ > 0) {
    {
      MutexLock lock(mutex_);
      some_done_.wait_for(lock, std::chrono::seconds(1), [this]() CH_REQUIRES(mutex_) { return !done_.empty(); });
    }
    waiting();
    serve();
  }
}

}  // namespace ch::runner
