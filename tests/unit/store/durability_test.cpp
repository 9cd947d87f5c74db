// What was acknowledged is there after the process was killed.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/store/store_fixture.hpp"

using namespace ch::store;
using namespace store_test;

namespace {

// In the child: writes until it is killed, and tells each write's number once it is acknowledged.
[[noreturn]] void write_until_killed(const std::filesystem::path& file, int pipe) {
  const auto opened = open_sqlite_store(file);
  if (!opened) ::_exit(1);
  auto& store = **opened;
  const auto last = store.offsets("a");
  if (!last) ::_exit(2);
  for (std::int32_t i = last->empty() ? 0 : static_cast<std::int32_t>(last->front().offset) + 1;; ++i) {
    auto record = task("a");
    record.updated_ms = i;
    if (!put(store, record) || !store.add_event(event("a", i)) || !store.save_offsets("a", {{"t", 0, i, ""}, {"t", 1, i, ""}})) ::_exit(3);
    if (::write(pipe, &i, sizeof i) != sizeof i) ::_exit(4);
  }
}

// Kills it after so many acknowledgements; the number of the last one.
std::int32_t run_and_kill(const std::filesystem::path& file, int acknowledgements) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(ends[0]);
    write_until_killed(file, ends[1]);
  }
  ::close(ends[1]);
  std::int32_t last = -1;
  for (int i = 0; i < acknowledgements && ::read(ends[0], &last, sizeof last) == sizeof last; ++i) {
  }
  ::kill(child, SIGKILL);
  while (::read(ends[0], &last, sizeof last) == sizeof last) {  // what it wrote before it died
  }
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  return last;
}

}  // namespace

TEST_CASE("every acknowledged write survives SIGKILL") {
  const Folder folder;
  const auto file = folder / "store.db";
  for (const int acknowledgements : {1, 40, 150, 7}) {
    const auto last = run_and_kill(file, acknowledgements);
    REQUIRE(last >= 0);
    const auto store = opened(file);
    const auto record = kept(*store, "a");
    REQUIRE(record);
    CHECK(record->updated_ms >= last);
    CHECK(record->updated_ms <= last + 1);
    const auto offsets = store->offsets("a");
    REQUIRE(offsets);
    REQUIRE(offsets->size() == 2);
    CHECK((*offsets)[0].offset >= last);
    CHECK((*offsets)[0].offset == (*offsets)[1].offset);  // one transaction
    const auto events = store->events("a", 0, kEventsKeptPerTask);
    REQUIRE(events);
    std::int64_t next = 0;  // all of them; a kill between two writes may repeat one
    for (const auto& each : *events) {
      CHECK((each.time_ms == next || each.time_ms == next - 1));
      next = each.time_ms + 1;
    }
    CHECK(next >= last + 1);
  }
}
