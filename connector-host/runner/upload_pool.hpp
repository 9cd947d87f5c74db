// A runner's own threads for what blocks. Jobs run here; their second half runs on the poll thread, which therefore
// needs no lock for anything it owns.
#pragma once

#include <connector_host/plugin.h>

#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <functional>
#include <vector>

#include "base/mutex.hpp"

namespace ch::runner {

class UploadPool {
 public:
  static constexpr std::size_t kMaxJobs = 4096;  // accepted and not yet served

  // `wake` is called on a pool thread when a job's second half is due.
  UploadPool(unsigned threads, std::function<void()> wake);
  ~UploadPool();  // after finish()

  bool submit(ch_job_fn run, ch_job_fn done, void* job);      // [poll] false: full
  bool serve();                                               // [poll] runs the second halves that are due; true: there were any
  std::size_t under_way() const { return under_way_; }        // [poll]
  void finish(const std::function<void()>& waiting = [] {});  // [poll] waits for all jobs and serves them

 private:
  struct Done {
    ch_job_fn call;
    void* job;
  };
  std::function<void()> wake_;
  Mutex mutex_;
  std::condition_variable_any some_done_;
  std::vector<Done> done_ CH_GUARDED_BY(mutex_);
  std::size_t under_way_ = 0;
  boost::asio::thread_pool threads_;
};

}  // namespace ch::runner
