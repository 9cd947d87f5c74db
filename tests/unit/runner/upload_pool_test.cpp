#include "runner/upload_pool.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <set>
#include <thread>
#include <vector>

using ch::runner::UploadPool;

namespace {

struct Job {
  std::thread::id ran, done;
  std::atomic<int>* runs = nullptr;
  int* dones = nullptr;
  static void run_it(void* self) {
    static_cast<Job*>(self)->ran = std::this_thread::get_id();
    ++*static_cast<Job*>(self)->runs;
  }
  static void done_it(void* self) {
    static_cast<Job*>(self)->done = std::this_thread::get_id();
    ++*static_cast<Job*>(self)->dones;
  }
};

}  // namespace

TEST_CASE("upload pool: each job runs once on the pool and is done once on the poll thread") {
  std::atomic<int> runs = 0, wakes = 0;
  int dones = 0;
  std::vector<Job> jobs(500);
  {
    UploadPool pool(3, [&] { ++wakes; });
    for (auto& job : jobs) {
      job.runs = &runs;
      job.dones = &dones;
      REQUIRE(pool.submit(&Job::run_it, &Job::done_it, &job));
    }
    pool.finish();
    CHECK(runs == 500);
    CHECK(dones == 500);
    CHECK(pool.under_way() == 0);
  }  // the last wakes may come behind finish()
  CHECK(wakes == 500);
  for (const auto& job : jobs) {
    CHECK(job.ran != std::this_thread::get_id());
    CHECK(job.done == std::this_thread::get_id());
  }
}

TEST_CASE("upload pool: the queue is bounded") {
  std::atomic<int> runs = 0;
  int dones = 0;
  UploadPool pool(1, [] {});
  Job job;
  job.runs = &runs;
  job.dones = &dones;
  for (std::size_t i = 0; i < UploadPool::kMaxJobs; ++i) REQUIRE(pool.submit(&Job::run_it, &Job::done_it, &job));
  CHECK_FALSE(pool.submit(&Job::run_it, &Job::done_it, &job));
  pool.finish();
  CHECK(pool.submit(&Job::run_it, &Job::done_it, &job));
  pool.finish();
}
