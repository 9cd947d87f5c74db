// Every answer of a connector is checked: tables in this program, each wrong in one call.
#include "plugins/connector.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <stdexcept>

#include "plugins/library.hpp"
#include "plugins/table.h"
#include "unit/plugins/fake_host.hpp"

using namespace ch;
using Catch::Contains;

namespace {

plugins::Connector connector(const ch_connector& table) { return plugins::Connector(table, "in-this-program"); }

plugins::ConnectorTask task_of(const ch_connector& table) { return plugins::ConnectorTask(table, nullptr); }

template <class T>
std::string message(const Result<T>& result) {
  return result ? "no error" : result.error().message;
}

std::int64_t answered = 0;

}  // namespace

TEST_CASE("put and pending give counts or -CH_FAILED") {
  auto table = good_table("test");
  table.put = [](void*, ch_partition_id, const ch_batch*) { return answered; };
  table.pending = [](void*) { return answered; };
  auto task = task_of(table);
  const std::vector<std::string> values = {"a", "b", "c"};
  const tests::TestBatch batch(values, 0);

  answered = 0;
  CHECK(task.put(1, batch.c()).value() == 0);
  CHECK(task.pending().value() == 0);
  answered = 3;
  CHECK(task.put(1, batch.c()).value() == 3);
  CHECK(task.pending().value() == 3);
  answered = -CH_FAILED;
  CHECK(message(task.put(1, batch.c())) == "connector test: put failed; its log says why");
  CHECK(message(task.pending()) == "connector test: pending failed; its log says why");
  for (const std::int64_t garbage :
       {std::int64_t{-1}, std::int64_t{-4}, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    answered = garbage;
    CHECK_THAT(message(task.put(1, batch.c())), Contains("put returned garbage: " + std::to_string(garbage)));
    CHECK_THAT(message(task.pending()), Contains("pending returned garbage: " + std::to_string(garbage)));
  }
}

TEST_CASE("tick's next time is kept within a second") {
  auto table = good_table("test");
  table.tick = [](void*, std::int64_t, std::int64_t* next) {
    *next = answered;
    return std::int32_t{CH_OK};
  };
  auto task = task_of(table);
  constexpr std::int64_t kNow = 1'700'000'000'000;
  const std::pair<std::int64_t, std::int64_t> cases[] = {
      {kNow + 300, kNow + 300},   {kNow + 1000, kNow + 1000},
      {kNow + 1001, kNow + 1000}, {std::numeric_limits<std::int64_t>::max(), kNow + 1000},
      {kNow, kNow + 1},           {kNow - 400, kNow + 1},
      {0, kNow + 1000},           {std::numeric_limits<std::int64_t>::min(), kNow + 1000}};
  for (const auto& [said, used] : cases) {
    answered = said;
    CHECK(task.tick(kNow).value() == used);
  }
  table.tick = [](void*, std::int64_t, std::int64_t*) { return std::int32_t{CH_OK}; };  // forgets to answer
  CHECK(task_of(table).tick(kNow).value() == kNow + 1000);
}

TEST_CASE("status codes are CH_OK or CH_FAILED") {
  auto table = good_table("test");
  table.open = [](void*, const ch_open_partition*, std::size_t) { return static_cast<std::int32_t>(answered); };
  table.committed = [](void*, ch_partition_id, std::int64_t, std::int32_t) { return static_cast<std::int32_t>(answered); };
  table.flush = [](void*) { return static_cast<std::int32_t>(answered); };
  table.close = [](void*, const ch_partition_id*, std::size_t, std::int32_t) { return static_cast<std::int32_t>(answered); };
  table.retry = table.flush;
  table.end_of_partition = [](void*, ch_partition_id, std::int64_t) { return static_cast<std::int32_t>(answered); };
  auto task = task_of(table);
  const auto all = [&] {
    return std::vector<std::string>{message(task.open({})), message(task.committed(1, 2, true)),
                                    message(task.flush()),  message(task.close({}, false)),
                                    message(task.retry()),  message(task.end_of_partition(1, 2))};
  };
  answered = CH_OK;
  CHECK(all() == std::vector<std::string>(6, "no error"));
  answered = CH_FAILED;
  for (const auto& text : all()) CHECK_THAT(text, Contains("failed; its log says why"));
  for (const int garbage : {int{CH_BUSY}, int{CH_INVALID}, 4, -3, 12345}) {
    answered = garbage;
    for (const auto& text : all()) CHECK_THAT(text, Contains("returned garbage: status " + std::to_string(garbage) + " instead of"));
  }
}

TEST_CASE("describe's numbers are those of an object") {
  auto table = good_table("test");
  table.describe = [](void*, ch_partition_id, ch_progress* progress) {
    progress->start_offset = answered;
    progress->records = 7;
    return std::int32_t{CH_OK};
  };
  auto task = task_of(table);
  answered = 5;
  CHECK(task.describe(1).value().start_offset == 5);
  CHECK(task.describe(1).value().records == 7);
  answered = -5;
  CHECK_THAT(message(task.describe(1)), Contains("describe returned garbage: start_offset -5"));
}

TEST_CASE("what is thrown in spite of the contract is caught in every call") {
  auto table = good_table("test");
  table.validate = [](const ch_task_info*, ch_problem_fn, void*) -> std::int32_t { throw std::runtime_error("v"); };
  table.preflight = [](const ch_task_info*, std::int64_t, ch_problem_fn, void*) -> std::int32_t { throw 1; };
  table.objects = [](const ch_task_info*, const ch_object_query*, ch_object_fn, ch_text_fn, ch_problem_fn, void*) -> std::int32_t {
    throw 1;
  };
  table.create = [](const ch_host*, const ch_task_info*, ch_problem_fn, void*) -> void* { throw std::runtime_error("c\nd"); };
  table.flush = [](void*) -> std::int32_t { throw 1; };
  table.destroy = [](void*) { throw std::runtime_error("d"); };
  const auto c = connector(table);
  tests::FakeHost host;
  CHECK(c.validate(TaskInfo{}).at(0).message == "connector test: validate threw an exception (v); a connector must catch all");
  CHECK(c.preflight(TaskInfo{}, std::chrono::seconds(1)).at(0).message ==
        "connector test: preflight threw an exception; a connector must catch all");
  CHECK_THAT(message(c.objects(TaskInfo{}, ObjectQuery{})), Contains("objects threw an exception"));
  CHECK_THAT(message(c.create(host.c, TaskInfo{})), Contains("create threw an exception (c\\nd)") && !Contains("\n"));
  {
    auto task = task_of(table);
    CHECK_THAT(message(task.flush()), Contains("flush threw an exception"));
  }  // and so does destroy
}

TEST_CASE("problems are taken as reported, within bounds") {
  auto table = good_table("test");
  SECTION("a refusal without a reason is one of its own") {
    table.validate = [](const ch_task_info*, ch_problem_fn, void*) { return std::int32_t{CH_INVALID}; };
    CHECK(connector(table).validate(TaskInfo{}).at(0).message ==
          "connector test: validate refused without a reason; it should report a problem");
  }
  SECTION("an unknown status is one more") {
    table.validate = [](const ch_task_info*, ch_problem_fn, void*) { return std::int32_t{17}; };
    CHECK_THAT(connector(table).validate(TaskInfo{}).at(0).message, Contains("validate returned garbage: status 17"));
  }
  SECTION("however many and however long") {
    table.validate = [](const ch_task_info* task, ch_problem_fn problem, void* user) {
      const std::string text(100'000, 'x');
      for (int i = 0; i < 1000; ++i) problem(user, task->config[0].key, {nullptr, 0}, c_string(text));
      return std::int32_t{CH_INVALID};
    };
    TaskInfo task;
    task.config["a.key"] = "";
    const auto problems = connector(table).validate(task);
    CHECK(problems.size() == 200);
    CHECK(problems[0].key == "a.key");
    CHECK(problems[0].message.size() == 4096);
  }
  SECTION("a task made in spite of problems is not used") {
    static int destroyed = 0;
    table.create = [](const ch_host*, const ch_task_info*, ch_problem_fn problem, void* user) -> void* {
      problem(user, c_string("k"), c_string("v"), c_string("is wrong"));
      return &destroyed;
    };
    table.destroy = [](void*) { ++destroyed; };
    tests::FakeHost host;
    CHECK(message(connector(table).create(host.c, TaskInfo{})) == "connector test refuses the task: is wrong");
    CHECK(destroyed == 1);
  }
}

TEST_CASE("objects are checked one by one") {
  static ch_object object;
  static int repeat;
  auto table = good_table("test");
  table.objects = [](const ch_task_info*, const ch_object_query* query, ch_object_fn each, ch_text_fn next, ch_problem_fn, void* user) {
    CHECK(query->partition == 3);
    for (int i = 0; i < repeat; ++i) each(user, &object);
    next(user, c_string("more"));
    return std::int32_t{CH_OK};
  };
  StoredObject good;
  good.key = "k";
  good.partition = 3;
  good.start_offset = 5;
  good.end_offset = 9;
  good.url = "https://example.com/k";
  object = c_object(good);
  repeat = 2;
  ObjectQuery query;
  query.limit = 2;
  query.partition = 3;
  const auto c = connector(table);
  const auto page = c.objects(TaskInfo{}, query);
  REQUIRE(page);
  REQUIRE(page->objects.size() == 2);
  CHECK(page->objects[1].key == "k");
  CHECK(page->objects[1].url == "https://example.com/k");
  CHECK(page->objects[1].end_offset == 9);
  CHECK(page->next == "more");

  SECTION("an older one has no link") {
    object.struct_size = offsetof(ch_object, url);
    CHECK(c.objects(TaskInfo{}, query)->objects[0].url.empty());
  }
  SECTION("too small") {
    object.struct_size = 8;
    CHECK_THAT(message(c.objects(TaskInfo{}, query)), Contains("struct_size is too small"));
  }
  SECTION("ends before it starts") {
    object.end_offset = 4;
    CHECK_THAT(message(c.objects(TaskInfo{}, query)), Contains("objects returned garbage: an object with partition 3 and offsets 5 to 4"));
  }
  SECTION("more than asked for") {
    repeat = 3;
    CHECK_THAT(message(c.objects(TaskInfo{}, query)), Contains("more than the 2 objects asked for"));
  }
}

TEST_CASE("half a pointer at the end of a table is none") {
  auto table = good_table("test");
  table.retry = [](void*) { return std::int32_t{CH_OK}; };
  table.struct_size = offsetof(ch_connector, retry) + 3;
  const auto checked = plugins::checked_table(&table);
  REQUIRE(checked);
  CHECK(checked->retry == nullptr);
}
