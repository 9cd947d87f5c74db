#include <algorithm>
#include <atomic>
#include <thread>

#include "unit/store/store_fixture.hpp"

using namespace ch::store;
using namespace store_test;

TEST_CASE("tasks are kept as they were given") {
  const Folder folder;
  auto record = task("orders \xe2\x82\xac 'x'; DROP TABLE tasks");
  record.config = {{"a", ""}, {"cos.secret.key", "${env:X}"}, {"quote\"", "\xc3\xbc\\n"}};
  record.target = Target::paused;
  record.series = 7;
  record.start_position = "earliest";
  record.enabled_ms = 1700000000000;
  {
    const auto store = opened(folder / "store.db");
    CHECK(store->tasks()->empty());
    CHECK_FALSE(kept(*store, record.name));
    REQUIRE(put(*store, record));
    REQUIRE(put(*store, task("a")));
  }
  const auto store = opened(folder / "store.db");
  const auto all = store->tasks();
  REQUIRE(all);
  REQUIRE(all->size() == 2);
  CHECK((*all)[0].name == "a");
  const auto one = kept(*store, record.name);
  REQUIRE(one);
  CHECK(one->name == record.name);
  CHECK(one->config == record.config);
  CHECK(one->target == Target::paused);
  CHECK(one->series == 7);
  CHECK(one->start_position == "earliest");
  CHECK(one->enabled_ms == 1700000000000);
  CHECK(one->created_ms == 1);
  CHECK(one->updated_ms == 2);
  for (const auto target : {Target::enabled, Target::paused, Target::disabled, Target::deleted}) {
    record.target = target;
    REQUIRE(put(*store, record));
    CHECK(kept(*store, record.name)->target == target);
  }
}

TEST_CASE("a configuration that is no UTF-8 is refused and changes nothing") {
  const Folder folder;
  const auto store = opened(folder / "store.db");
  auto record = task("a");
  record.config["x"] = "\xff";
  const auto answer = put(*store, record);
  REQUIRE_FALSE(answer);
  CHECK_THAT(answer.error().message, Catch::Contains("UTF-8"));
  CHECK(store->tasks()->empty());
}

TEST_CASE("offsets belong to their task") {
  const Folder folder;
  const auto store = opened(folder / "store.db");
  const auto orphan = store->save_offsets("nobody", {{"t", 0, 1, ""}});
  REQUIRE_FALSE(orphan);
  CHECK(orphan.error().code == ch::ErrorCode::not_found);
  REQUIRE(put(*store, task("a")));
  REQUIRE(put(*store, task("b")));
  REQUIRE(store->save_offsets("a", {{"t", 1, 10, "one"}, {"t", 0, 5, ""}, {"s", 0, 1, ""}}));
  REQUIRE(store->save_offsets("b", {{"t", 0, 99, ""}}));
  REQUIRE(store->save_offsets("a", {{"t", 1, 11, "two"}}));
  REQUIRE(put(*store, task("a")));  // a replaced task keeps them
  auto offsets = store->offsets("a");
  REQUIRE(offsets);
  REQUIRE(offsets->size() == 3);
  CHECK((*offsets)[0].topic == "s");
  CHECK((*offsets)[2].partition == 1);
  CHECK((*offsets)[2].offset == 11);
  CHECK((*offsets)[2].state == "two");
  REQUIRE(store->remove_task("a"));
  CHECK(store->offsets("a")->empty());
  CHECK(store->offsets("b")->size() == 1);
  REQUIRE(store->forget_offsets("b"));
  CHECK(store->offsets("b")->empty());
  CHECK(kept(*store, "b"));
}

TEST_CASE("events come back in order, after an id, up to a limit") {
  const Folder folder;
  const auto store = opened(folder / "store.db");
  Event full{0, "a", 123, "interrupted", "INTERRUPTED", "role_deleted", "gone", "make it", "h:1"};
  REQUIRE(store->add_event(full));
  for (int i = 0; i < 9; ++i) REQUIRE(store->add_event(event("a", i)));
  REQUIRE(store->add_event(event("b")));
  const auto all = store->events("a", 0, 100);
  REQUIRE(all);
  REQUIRE(all->size() == 10);
  const auto& first = all->front();
  CHECK(first.id > 0);
  CHECK(first.task == "a");
  CHECK(first.time_ms == 123);
  CHECK(first.kind == "interrupted");
  CHECK(first.state == "INTERRUPTED");
  CHECK(first.reason == "role_deleted");
  CHECK(first.message == "gone");
  CHECK(first.remedy == "make it");
  CHECK(first.host == "h:1");
  const auto page = store->events("a", (*all)[3].id, 2);
  REQUIRE(page->size() == 2);
  CHECK((*page)[0].id == (*all)[4].id);
  CHECK(store->events("a", all->back().id, 10)->empty());
  const auto latest = store->latest_events("a", INT64_MAX, 2);
  REQUIRE(latest->size() == 2);
  CHECK((*latest)[0].id == all->back().id);
  CHECK((*latest)[1].id == (*all)[all->size() - 2].id);
  CHECK(store->latest_events("a", (*latest)[1].id, 1)->front().id == (*all)[all->size() - 3].id);
  CHECK(store->latest_events("a", all->front().id, 10)->empty());
  CHECK(store->latest_events("", INT64_MAX, 1)->front().id == store->newest_event());
  REQUIRE(store->remove_task("a"));
  CHECK(store->events("a", 0, 100)->size() == 10);
  CHECK(store->all_events(0, 100)->size() == static_cast<std::size_t>(*store->newest_event()));
  CHECK(store->all_events(*store->newest_event() - 1, 100)->size() == 1);
}

TEST_CASE("what happens again and again is one event that counts, and keeps what else happened from being pushed out") {
  const Folder folder;
  const auto store = opened(folder / "store.db");
  auto made = event("a", 0);
  made.message = "created";
  REQUIRE(store->add_event(made));
  constexpr int kFlaps = 400;  // each four events, a minute apart
  std::int64_t now = 1'700'000'000'000;
  for (int i = 0; i < kFlaps; ++i, now += 60'000) {
    REQUIRE(store->add_event({0, "a", now, "interrupted", "INTERRUPTED", "bucket_missing", "try " + std::to_string(i), "make it", "h:1"}));
    REQUIRE(store->add_event({0, "a", now + 1, "state", "INTERRUPTED", "", "", "", "h:1"}));
    REQUIRE(store->add_event({0, "a", now + 2, "recovered", "RUNNING", "bucket_missing", "recovered from bucket_missing", "", "h:1"}));
    REQUIRE(store->add_event({0, "a", now + 3, "state", "RUNNING", "", "", "", "h:1"}));
  }
  const auto all = store->events("a", 0, 100);
  REQUIRE(all->size() == 5);
  CHECK(all->front().message == "created");
  CHECK(all->front().count == 1);
  const auto& flapping = (*all)[1];
  CHECK(flapping.kind == "interrupted");
  CHECK(flapping.count == kFlaps);
  CHECK(flapping.first_ms == 1'700'000'000'000);
  CHECK(flapping.time_ms == now - 60'000);
  CHECK(flapping.message == "try 399");
  CHECK(all->back().state == "RUNNING");  // the last one is what it came to
  CHECK(flapping.id < all->back().id);
  CHECK(flapping.id > 1600 - 4);  // who follows by ids is told of each

  SECTION("after more than an hour it is another one") {
    REQUIRE(store->add_event({0, "a", now - 60'000 + kRepeatMs + 1, "interrupted", "INTERRUPTED", "bucket_missing", "again", "", "h:1"}));
    CHECK(store->events("a", 0, 100)->size() == 6);
    CHECK(store->events("a", 0, 100)->back().count == 1);
  }
  SECTION("another reason, host or task is another one; what a human does is told each time") {
    REQUIRE(store->add_event({0, "a", now, "interrupted", "INTERRUPTED", "arrears", "", "", "h:1"}));
    REQUIRE(store->add_event({0, "a", now, "interrupted", "INTERRUPTED", "bucket_missing", "", "", "h:2"}));
    REQUIRE(store->add_event({0, "b", now, "interrupted", "INTERRUPTED", "bucket_missing", "", "", "h:1"}));
    for (int i = 0; i < 2; ++i) REQUIRE(store->add_event({0, "a", now, "config", "", "", "enabled", "", "h:1"}));
    CHECK(store->events("a", 0, 100)->size() == 9);
    CHECK(store->events("b", 0, 100)->size() == 1);
  }
  SECTION("of events without a reason the message counts") {
    for (const char* why : {"one", "one", "other"}) REQUIRE(store->add_event({0, "a", now, "failed", "FAILED", "", why, "", "h:1"}));
    CHECK(store->events("a", 0, 100)->size() == 7);
  }
}

TEST_CASE("a long text of an event is cut between characters") {
  const Folder folder;
  const auto store = opened(folder / "store.db");
  auto long_one = event("a");
  long_one.message = std::string(kMaxEventText - 1, 'x') + "\xe2\x82\xac and more";
  REQUIRE(store->add_event(long_one));
  CHECK(store->events("a", 0, 1)->front().message == std::string(kMaxEventText - 1, 'x'));
}

TEST_CASE("ten thousand events of a task stay bounded, those of others untouched") {
  const Folder folder;
  const auto file = folder / "store.db";
  const auto store = opened(file);
  REQUIRE(store->add_event(event("quiet")));
  // The first 8500 in one transaction, which no bound has seen: each of ours is one, with its wait for the disk.
  run_sql(file,
          "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 8499) "
          "INSERT INTO events (task, time_ms, kind, state, reason, message, remedy, host) "
          "SELECT 'noisy', i, 'state', 'RUNNING', '', '', '', '' FROM n");
  REQUIRE(store->add_event(event("noisy", 8500)));
  auto kept = store->events("noisy", 0, 100000);
  REQUIRE(kept);
  CHECK(kept->size() == kEventsKeptPerTask);
  for (int i = 8501; i < 10000; ++i) {
    if (!store->add_event(event("noisy", i))) FAIL("event " << i << " was not added");
  }
  kept = store->events("noisy", 0, 100000);
  REQUIRE(kept);
  REQUIRE(kept->size() == kEventsKeptPerTask);
  CHECK(kept->front().time_ms == 9000);
  CHECK(kept->back().time_ms == 9999);
  CHECK(store->events("quiet", 0, 10)->size() == 1);
}

TEST_CASE("events of removed tasks stay bounded") {
  const Folder folder;
  const auto file = folder / "store.db";
  const auto store = opened(file);
  REQUIRE(put(*store, task("kept")));
  REQUIRE(put(*store, task("last")));
  REQUIRE(store->add_event(event("kept")));
  // 15 tasks with 1000 events each that are gone already: one transaction instead of 15000.
  run_sql(file,
          "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 14999) "
          "INSERT INTO events (task, time_ms, kind, state, reason, message, remedy, host) "
          "SELECT 'removed-' || (i / 1000), i, 'state', 'RUNNING', '', '', '', '' FROM n");
  REQUIRE(store->add_event(event("last")));
  REQUIRE(store->remove_task("last"));
  std::size_t total = store->events("last", 0, kEventsKeptPerTask)->size();
  CHECK(total == 1);
  for (int name = 0; name < 15; ++name) total += store->events("removed-" + std::to_string(name), 0, kEventsKeptPerTask)->size();
  CHECK(total == kEventsKeptOfRemovedTasks);
  CHECK(store->events("removed-0", 0, kEventsKeptPerTask)->empty());
  CHECK(store->events("removed-14", 0, kEventsKeptPerTask)->size() == kEventsKeptPerTask);
  CHECK(store->events("kept", 0, 10)->size() == 1);
}

TEST_CASE("a task is changed by who knows it as it is, and by nobody else") {
  const Folder folder;
  const auto store = opened(folder / "store.db");
  const auto refused = [&](const TaskRecord& record, const std::string& why) {
    const auto answer = store->put_task(record);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == ch::ErrorCode::conflict);
    CHECK_THAT(answer.error().message, Catch::Contains(why));
  };
  REQUIRE(store->put_task(task("a")));
  refused(task("a"), "exists already");
  auto mine = *kept(*store, "a");
  auto theirs = mine;
  theirs.series = 2;
  REQUIRE(store->put_task(theirs));
  mine.series = 3;
  refused(mine, "changed or removed");
  CHECK(kept(*store, "a")->series == 2);
  // Not even where the name is used again.
  const auto before = *kept(*store, "a");
  REQUIRE(store->remove_task("a"));
  refused(before, "changed or removed");
  REQUIRE(store->put_task(task("a")));
  refused(before, "changed or removed");
  CHECK(kept(*store, "a")->series == 1);
}

TEST_CASE("the listener is told of each change of a task, in their order, and not of what has changed nothing") {
  struct Told final : Listener {
    void task_changed(const TaskRecord& task) override {
      versions.push_back(task.version);
      calls.push_back(task.name + " " + std::to_string(task.series));
    }
    void task_removed(const std::string& name) override { calls.push_back(name + " is gone"); }
    std::vector<std::uint64_t> versions;
    std::vector<std::string> calls;
  };
  const Folder folder;
  const auto store = opened(folder / "store.db");
  Told told;
  store->listen(&told);
  REQUIRE(put(*store, task("a")));
  CHECK(kept(*store, "a")->version == told.versions.back());
  REQUIRE_FALSE(store->put_task(task("a")));
  REQUIRE(store->remove_task("nobody"));
  REQUIRE(store->remove_task("a"));
  CHECK(told.calls == std::vector<std::string>{"a 1", "a is gone"});
  told.calls.clear();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        auto record = kept(*store, "b").value_or(task("b"));
        ++record.series;
        (void)store->put_task(record);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  // Each change was made to what the one before had left.
  const auto last = kept(*store, "b")->series;
  REQUIRE(told.calls.size() == last - 1);
  for (std::size_t i = 0; i < told.calls.size(); ++i) CHECK(told.calls[i] == "b " + std::to_string(i + 2));
  CHECK(std::is_sorted(told.versions.begin(), told.versions.end()));
  store->listen(nullptr);
  REQUIRE(put(*store, task("c")));
  CHECK(told.calls.back() == "b " + std::to_string(last));
}

TEST_CASE("four threads write and read at once") {
  constexpr int kThreads = 4, kRounds = 100;
  const Folder folder;
  const auto store = opened(folder / "store.db");
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const auto name = "task-" + std::to_string(t);
      for (int i = 0; i < kRounds; ++i) {
        auto record = task(name);
        record.updated_ms = i;
        const bool written =
            put(*store, record) && store->save_offsets(name, {{"t", 0, i, ""}, {"t", 1, i, ""}}) && store->add_event(event(name, i));
        const auto offsets = store->offsets(name);
        const auto read = kept(*store, name);
        const bool right = written && offsets && offsets->size() == 2 && (*offsets)[0].offset == i && (*offsets)[1].offset == i && read &&
                           read->updated_ms == i;
        failures += right ? 0 : 1;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(failures == 0);
  for (int t = 0; t < kThreads; ++t) CHECK(store->events("task-" + std::to_string(t), 0, 1000)->size() == kRounds);
}

TEST_CASE("a start that was not finished is known until it is, and goes with its task") {
  const Folder folder;
  {
    const auto store = opened(folder / "store.db");
    REQUIRE(put(*store, task("a")));
    REQUIRE(put(*store, task("b")));
    REQUIRE(store->begin_start({"a", 1, 2}));
    REQUIRE(store->begin_start({"a", 2, 1}));
    REQUIRE(store->begin_start({"b", 1, 1}));
    CHECK(store->begin_start({"nobody", 1, 1}).error().code == ch::ErrorCode::not_found);
    REQUIRE(store->finish_start("b"));
    REQUIRE(store->finish_start("nobody"));
  }
  const auto store = opened(folder / "store.db");
  const auto left = store->unfinished_starts();
  REQUIRE(left);
  REQUIRE(left->size() == 1);
  CHECK((*left)[0].task == "a");
  CHECK((*left)[0].begun == 2);
  CHECK((*left)[0].together == 1);
  REQUIRE(put(*store, task("a")));
  CHECK(store->unfinished_starts()->size() == 1);
  REQUIRE(store->remove_task("a"));
  CHECK(store->unfinished_starts()->empty());
}
