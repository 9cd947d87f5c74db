#include "tasks/starts.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "store/sqlite/sqlite_store.hpp"

using namespace ch;
using tasks::Starts;
using Verdict = tasks::Starts::Verdict;
namespace fs = std::filesystem;

namespace {

// Processes that come one after the other over the same store.
class World {
 public:
  explicit World(std::vector<std::string> names) : tasks(std::move(names)) {
    fs::create_directories(folder_);
    auto opened = store::open_sqlite_store(folder_ / "host.db");
    REQUIRE(opened);
    store = std::move(*opened);
    for (const auto& name : tasks) {
      store::TaskRecord record;
      record.name = name;
      record.target = store::Target::enabled;
      REQUIRE(store->put_task(record));
    }
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() {
    starts.reset();
    store.reset();
    fs::remove_all(folder_);
  }
  // The process before has ended as it stood.
  void begin(bool crashed) {
    starts = std::make_unique<Starts>(*store);
    REQUIRE(starts->load(tasks, crashed));
  }
  // Starts what may start and survives it, until the task `bad` has begun, which ends the process. True: it did.
  bool run_into(const std::string& bad) {
    std::set<std::string> done;
    for (std::size_t round = 0; round <= tasks.size(); ++round) {
      std::vector<std::string> begun;
      bool hit = false;
      for (const auto& task : tasks) {
        if (done.contains(task) || starts->ask(task) != Verdict::go) continue;
        begun.push_back(task);
        hit = hit || task == bad;
      }
      if (hit) return true;
      for (const auto& task : begun) starts->survived(task);
      done.insert(begun.begin(), begun.end());
    }
    return false;
  }

  std::vector<std::string> tasks;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Starts> starts;

 private:
  const fs::path folder_ = fs::temp_directory_path() / ("ch-starts-" + std::to_string(::getpid()));
};

std::vector<std::string> numbered(int count) {
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i) out.push_back("t" + std::to_string(100 + i));
  return out;
}

}  // namespace

TEST_CASE("starts: a task that crashed the process alone is not started again, until somebody asks for it") {
  World world({"bad"});
  world.begin(false);
  CHECK(world.starts->ask("bad") == Verdict::go);
  world.begin(true);
  CHECK(world.starts->ask("bad") == Verdict::refused);
  CHECK(world.starts->ask("bad") == Verdict::refused);
  world.begin(false);  // killed, or stopped in order: what is known stays
  CHECK(world.starts->ask("bad") == Verdict::refused);
  world.starts->forgive("bad");
  CHECK(world.starts->ask("bad") == Verdict::go);
  world.starts->survived("bad");
  world.begin(true);
  CHECK(world.starts->ask("bad") == Verdict::go);
}

TEST_CASE("starts: among many tasks the one at fault is found, and no other is refused") {
  for (const int count : {2, 16, 300}) {
    INFO(count);
    World world(numbered(count));
    const auto bad = world.tasks[static_cast<std::size_t>(count) / 2];
    int crashes = 0;
    world.begin(false);
    while (world.run_into(bad)) {
      REQUIRE(++crashes < 6);
      world.begin(true);
    }
    CHECK(crashes == (count <= 16 ? 2 : 4));
    CHECK(world.starts->ask(bad) == Verdict::refused);
    const auto left = world.store->unfinished_starts();
    REQUIRE(left);
    CHECK(left->size() == 1);  // the bad one's: all others run
  }
}

TEST_CASE("starts: suspects begin after the others have, and only when nothing else is starting") {
  World world({"a", "b", "c"});
  world.begin(false);
  for (const auto* task : {"a", "b"}) CHECK(world.starts->ask(task) == Verdict::go);
  world.begin(true);
  CHECK(world.starts->ask("a") == Verdict::wait);  // c has not begun
  CHECK(world.starts->ask("c") == Verdict::go);
  CHECK(world.starts->ask("a") == Verdict::wait);  // c may be at fault
  world.starts->survived("c");
  CHECK(world.starts->ask("a") == Verdict::go);
  CHECK(world.starts->ask("b") == Verdict::wait);
  world.starts->stopped("a");
  CHECK(world.starts->ask("b") == Verdict::go);
}

TEST_CASE("starts: whoever kills the process while tasks start does them no harm, however often") {
  for (const auto& tasks : {std::vector<std::string>{"alone"}, std::vector<std::string>{"a", "b"}}) {
    World world(tasks);
    for (int kill = 0; kill < 20; ++kill) {
      world.begin(false);
      for (const auto& task : tasks) CHECK(world.starts->ask(task) == Verdict::go);
    }
    world.begin(false);
    CHECK(world.run_into("nobody") == false);
    CHECK(world.store->unfinished_starts()->empty());
  }
}

TEST_CASE("starts: what crashed the process stays refused by those that are killed or stopped after it") {
  World world({"bad", "b"});
  world.begin(false);
  int ends = 0;
  while (world.run_into("bad")) {
    REQUIRE(++ends < 10);
    world.begin(true);
  }
  for (int kill = 0; kill < 3; ++kill) {
    world.begin(false);
    CHECK(world.starts->ask("bad") == Verdict::refused);
    CHECK(world.starts->ask("b") == Verdict::go);
  }
}

TEST_CASE("starts: a task that starts while others run is not held to be alone") {
  World world({"old", "new"});
  world.begin(false);
  CHECK(world.starts->ask("old") == Verdict::go);
  CHECK(world.starts->ask("new") == Verdict::go);
  for (const auto* task : {"old", "new"}) world.starts->survived(task);
  world.starts->stopped("new");
  CHECK(world.starts->ask("new") == Verdict::go);  // perhaps it is old that crashes now
  world.begin(true);
  CHECK(world.starts->ask("old") == Verdict::go);
  world.starts->survived("old");
  CHECK(world.starts->ask("new") == Verdict::go);  // once more, and then alone
  world.begin(true);
  CHECK(world.starts->ask("new") == Verdict::refused);
}

TEST_CASE("starts: a task that is not to run any more is forgotten") {
  World world({"bad"});
  world.begin(false);
  CHECK(world.starts->ask("bad") == Verdict::go);
  world.tasks.clear();
  world.begin(true);
  CHECK(world.store->unfinished_starts()->empty());
}

TEST_CASE("starts: a task that was starting when another one began and crashed the process is not held to be alone") {
  World world({"first", "second"});
  world.begin(false);
  CHECK(world.starts->ask("first") == Verdict::go);
  CHECK(world.starts->ask("second") == Verdict::go);
  world.begin(true);
  int ends = 1;
  while (world.run_into("second")) {
    REQUIRE(++ends < 10);
    world.begin(true);
  }
  CHECK(world.starts->ask("second") == Verdict::refused);
  world.begin(false);
  CHECK(world.starts->ask("first") == Verdict::go);
}
