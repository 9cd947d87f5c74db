// What the writers of one task share. Owned by the sink, used on the poll thread; only job bodies run elsewhere, and
// they touch nothing but their own data.
#pragma once

#include <chrono>
#include <connector_host/connector.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "buffer.hpp"
#include "client.hpp"
#include "settings.hpp"

namespace ch::cos {

constexpr ch::PartitionId kWholeTask = 0;

struct Context {
  ch::Host host;
  Settings settings;
  std::shared_ptr<Client> client;
  std::shared_ptr<ChunkPool> pool;  // from the first open on

  std::function<void(ch::PartitionId)> job_done;  // step this partition, or all if it is kWholeTask
  bool flushing = false;
  bool wake_all = false;          // somebody's wait may be over: step every writer
  bool job_refused = false;       // the pool's queue was full
  ch::PartitionId replaying = 0;  // whose turn it is to re-read an intent's range; 0 nobody's
  unsigned parts_under_way = 0;
  bool may_overwrite = true;  // x-cos-forbid-overwrite has no effect, or that is not known
  std::string defect = {};    // what only a new start of the task can mend

  unsigned max_parts_under_way() const { return 2 * settings.upload_threads; }
  std::uint64_t chunks_of(std::uint64_t bytes) const { return (bytes + pool->chunk_bytes() - 1) / pool->chunk_bytes(); }

  template <class Job>
  static void timed_run(Job& job, const ch::Host& host) {
    const auto begin = std::chrono::steady_clock::now();
    job.run();
    host.observe("upload_job_seconds", std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }

  // Runs job->run() on the pool, then machine.done(*job) here unless the machine is gone by then. False: not now.
  template <class Machine, class Job>
  bool submit(ch::PartitionId owner, const std::shared_ptr<Machine>& machine, std::shared_ptr<Job> job, void (Machine::*done)(Job&)) {
    const bool taken = host.submit([job, timed = host] { timed_run(*job, timed); },
                                   [this, owner, job, weak = std::weak_ptr<Machine>(machine), done] {
                                     job->over(*this);
                                     if (const auto alive = weak.lock()) (*alive.*done)(*job);
                                     job_done(owner);
                                   });
    if (!taken) job_refused = true;
    return taken;
  }
};

}  // namespace ch::cos
