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

#include "cos/client.hpp"
#include "formats/buffer.hpp"
#include "settings.hpp"
#include "writer/task_state.hpp"

namespace ch::cos {

constexpr ch::PartitionId kWholeTask = 0;

inline std::int64_t steady_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Context {
  ch::Host host;
  Settings settings;
  std::shared_ptr<Client> client;
  std::shared_ptr<ChunkPool> pool;  // from the first open on

  // Milliseconds of a clock that nobody sets: of all durations, deadlines and waits. The host's wall clock is for what people
  // and names are told.
  std::function<std::int64_t()> steady_ms;
  std::function<void(ch::PartitionId)> job_done;  // step this partition, or all if it is kWholeTask
  TaskState state = {};

  // The wall clock's time at that moment of the steady one, as the wall clock stands now.
  std::int64_t wall_ms_at(std::int64_t steady) const { return host.now_ms() + (steady - steady_ms()); }
  unsigned max_parts_under_way() const { return 2 * settings.upload_threads; }
  std::uint64_t chunks_of(std::uint64_t bytes) const { return (bytes + pool->chunk_bytes() - 1) / pool->chunk_bytes(); }

  // run() on the pool, then here done(of what it returned), or of `otherwise` if it threw, and the owner's step. What run() holds
  // is its own. False: not now, and neither is called.
  template <class Result, class Run, class Done>
  bool submit(ch::PartitionId owner, Result otherwise, Run run, Done done) {
    const auto result = std::make_shared<Result>(std::move(otherwise));
    const bool taken = host.submit(
        [result, run = std::move(run), timed = host] {
          const auto begin = std::chrono::steady_clock::now();
          *result = run();
          timed.observe("upload_job_seconds", std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
        },
        [this, owner, result, done = std::move(done)] {
          done(*result);
          job_done(owner);
        });
    if (!taken) state.job_refused();
    return taken;
  }
};

// A member function as submit() calls it when all is done: not at all if the machine is gone by then.
template <class Machine, class Result>
auto if_alive(const std::shared_ptr<Machine>& machine, void (Machine::*done)(const Result&)) {
  return [weak = std::weak_ptr<Machine>(machine), done](const Result& result) {
    if (const auto alive = weak.lock()) (*alive.*done)(result);
  };
}

}  // namespace ch::cos
