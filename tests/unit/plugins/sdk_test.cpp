// The C++ side of the contract: what an author's class does, and what becomes of what it throws.
#include <catch2/catch.hpp>
#include <stdexcept>

#include "plugins/connector.hpp"
#include "plugins/library.hpp"
#include "unit/plugins/fake_host.hpp"

using namespace ch;
using Catch::Contains;
using tests::FakeHost;
using tests::TestBatch;

namespace {

class ThrowingSink : public SinkTask {
 public:
  void open(std::span<const OpenPartition>) override { throw std::runtime_error("from open"); }
  std::size_t put(PartitionId, const Batch&) override { throw std::runtime_error("from put"); }
  void end_of_partition(PartitionId, std::int64_t) override { throw std::runtime_error("from end_of_partition"); }
  std::int64_t tick(std::int64_t) override { throw std::runtime_error("from tick"); }
  void committed(PartitionId, std::int64_t, bool) override { throw std::runtime_error("from committed"); }
  void flush() override { throw std::runtime_error("from flush"); }
  std::size_t pending() const override { throw std::runtime_error("from pending"); }
  void close(std::span<const PartitionId>, bool) override { throw std::runtime_error("from close"); }
  Progress describe(PartitionId) const override { throw std::runtime_error("from describe"); }
  void retry() override { throw 42; }
};

// Remembers what it was called with.
class RecordingSink : public SinkTask {
 public:
  explicit RecordingSink(Host host) : host_(host) {}
  void open(std::span<const OpenPartition> partitions) override {
    for (const auto& p : partitions) {
      calls += "open " + std::to_string(p.id) + " " + p.topic + " " + p.state + " " + std::to_string(p.series) + ";";
    }
  }
  std::size_t put(PartitionId, const Batch& batch) override {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      calls += "record " + std::to_string(batch[i].offset) + " " + std::string(bytes_view(batch[i].value)) + ";";
      host_.headers(batch[i], [&](std::string_view name, ch_bytes value) {
        if (name == "poison") throw std::runtime_error("a poisonous header");
        calls += "header " + std::string(name) + " " + std::string(bytes_view(value)) + ";";
      });
    }
    return batch.size() - 1;
  }
  std::int64_t tick(std::int64_t now_ms) override { return now_ms + 77; }
  void committed(PartitionId, std::int64_t offset, bool stored) override {
    calls += "committed " + std::to_string(offset) + (stored ? " yes;" : " no;");
  }
  void flush() override { calls += "flush;"; }
  std::size_t pending() const override { return 5; }
  void close(std::span<const PartitionId> ids, bool lost) override { calls += "close " + std::to_string(ids[1]) + (lost ? " lost;" : ";"); }
  Progress describe(PartitionId) const override { return {1, 2, 3, 4}; }

  static inline std::string calls;

 private:
  Host host_;
};

struct Connector {
  static constexpr const char* name = "sdk-test";
  static constexpr const char* version = "1.2.3";
  static const char* config_schema() { return "{}"; }
  static void validate(const TaskInfo& task, Problems& problems) {
    if (task["mode"] == "throw") throw std::runtime_error("from validate");
    if (task["mode"] == "bad") problems.add("mode", "bad", "must be good");
  }
  static void preflight(const TaskInfo&, std::chrono::milliseconds timeout, Problems& problems) {
    problems.add("", "", "within " + std::to_string(timeout.count()));
  }
  static ObjectPage objects(const TaskInfo& task, const ObjectQuery& query) {
    if (task["mode"] == "throw") throw std::runtime_error("from objects");
    StoredObject object;
    object.key = (query.newest ? "newest after " : "after ") + query.after +
                 (query.partition ? " of " + std::to_string(*query.partition) : " of all");
    return {{object}, "token"};
  }
  static std::unique_ptr<SinkTask> create(Host host, const TaskInfo& task) {
    if (task["mode"] == "null") return nullptr;
    if (task["mode"] == "throw") throw std::runtime_error("from create");
    if (task["mode"] == "throwing") return std::make_unique<ThrowingSink>();
    return std::make_unique<RecordingSink>(host);
  }
};

struct BareConnector : Connector {
  static ObjectPage objects() = delete;
  static void preflight() = delete;
};

plugins::Connector connector() {
  return plugins::Connector(plugins::checked_table(detail::Glue<Connector>::table()).value(), "in-this-program");
}

TaskInfo mode(const std::string& mode) {
  TaskInfo task;
  task.config["mode"] = mode;
  return task;
}

}  // namespace

TEST_CASE("what a SinkTask throws becomes CH_FAILED, with its text in the log") {
  FakeHost host;
  const auto c = connector();
  auto made = c.create(host.c, mode("throwing"));
  REQUIRE(made);
  auto& task = **made;
  const std::vector<std::string> values = {"a"};
  const TestBatch batch(values, 0);

  const auto check = [&](const auto& result, const std::string& call, const std::string& text) {
    INFO(call);
    REQUIRE_FALSE(result);
    CHECK(result.error().message == "connector sdk-test: " + call + " failed; its log says why");
    REQUIRE(host.logged.size() == 1);
    CHECK(host.logged[0] == std::pair<std::int32_t, std::string>{CH_LOG_ERROR, call + ": " + text});
    host.logged.clear();
  };
  check(task.open(std::vector{OpenPartition{}}), "open", "from open");
  check(task.put(1, batch.c()), "put", "from put");
  check(task.end_of_partition(1, 2), "end_of_partition", "from end_of_partition");
  check(task.tick(1), "tick", "from tick");
  check(task.committed(1, 2, true), "committed", "from committed");
  check(task.flush(), "flush", "from flush");
  check(task.pending(), "pending", "from pending");
  check(task.close(std::vector<PartitionId>{1}, true), "close", "from close");
  check(task.describe(1), "describe", "from describe");
  check(task.retry(), "retry", "unknown exception");
}

TEST_CASE("what the connector's own functions throw is a problem") {
  FakeHost host;
  const auto c = connector();
  CHECK(c.validate(mode("good")).empty());
  CHECK(c.validate(mode("bad")).at(0).key == "mode");
  CHECK(c.validate(mode("throw")).at(0).message == "from validate");
  CHECK(c.preflight(mode(""), std::chrono::seconds(2)).at(0).message == "within 2000");
  CHECK(c.objects(mode("throw"), ObjectQuery{}).error().message == "from objects");
  CHECK(c.create(host.c, mode("throw")).error().message == "connector sdk-test refuses the task: from create");
  CHECK(c.create(host.c, mode("null")).error().message == "connector sdk-test refuses the task: the connector made no task");
}

TEST_CASE("calls reach the class with all that belongs to them") {
  FakeHost host;
  const auto c = connector();
  auto made = c.create(host.c, mode(""));
  REQUIRE(made);
  auto& task = **made;
  RecordingSink::calls.clear();

  OpenPartition first;
  first.id = 7;
  first.topic = "t";
  first.state = "s";
  first.series = 3;
  OpenPartition second = first;
  second.id = 8;
  REQUIRE(task.open(std::vector{first, second}));
  CHECK(RecordingSink::calls == "open 7 t s 3;open 8 t s 3;");

  RecordingSink::calls.clear();
  host.headers = {{"h", "v"}};
  const std::vector<std::string> values = {"a", "b"};
  const TestBatch batch(values, 40);
  CHECK(task.put(7, batch.c()).value() == 1);
  CHECK(RecordingSink::calls == "record 40 a;header h v;record 41 b;header h v;");

  CHECK(task.tick(1000).value() == 1077);
  CHECK(task.pending().value() == 5);
  CHECK(task.describe(7)->due_ms == 4);
  CHECK(task.end_of_partition(7, 1));
  CHECK(task.retry());
  RecordingSink::calls.clear();
  REQUIRE(task.committed(7, 41, true));
  REQUIRE(task.committed(7, 42, false));
  REQUIRE(task.close(std::vector<PartitionId>{7, 8}, true));
  CHECK(RecordingSink::calls == "committed 41 yes;committed 42 no;close 8 lost;");

  ObjectQuery query;
  query.after = "k";
  query.partition = 0;
  CHECK(c.objects(mode(""), query)->objects.at(0).key == "after k of 0");
  query.partition.reset();
  CHECK(c.objects(mode(""), query)->objects.at(0).key == "after k of all");
  CHECK(c.objects(mode(""), query)->next == "token");
  query.newest = true;
  CHECK(c.objects(mode(""), query)->objects.at(0).key == "newest after k of all");
}

TEST_CASE("records and partitions of a later host may be longer than ours") {
  struct LongRecord {
    ch_record record;
    std::uint64_t added_later;
  };
  FakeHost host;
  auto made = connector().create(host.c, mode(""));
  REQUIRE(made);
  const std::string value = "x";
  std::vector<LongRecord> records(3);
  for (std::size_t i = 0; i < records.size(); ++i) {
    records[i].record.offset = static_cast<std::int64_t>(i);
    records[i].record.value = {reinterpret_cast<const unsigned char*>(value.data()), value.size()};
    records[i].added_later = ~std::uint64_t{0};
  }
  RecordingSink::calls.clear();
  const ch_batch batch{sizeof(ch_batch), sizeof(LongRecord), &records[0].record, records.size()};
  CHECK((*made)->put(1, batch).value() == 2);
  CHECK(RecordingSink::calls == "record 0 x;record 1 x;record 2 x;");
}

TEST_CASE("an exception of a header callback does not pass through the host") {
  FakeHost host;
  host.headers = {{"poison", ""}, {"poison", ""}};
  auto made = connector().create(host.c, mode(""));
  REQUIRE(made);
  const std::vector<std::string> values = {"a"};
  const TestBatch batch(values, 0);
  CHECK_FALSE((*made)->put(1, batch.c()));
  CHECK(host.logged.at(0).second == "put: a poisonous header");
}

TEST_CASE("a job runs once, its exceptions end in the log, and a refused one is not kept") {
  FakeHost host;
  const Host sdk(&host.c);
  const auto token = std::make_shared<int>(0);
  int runs = 0;
  REQUIRE(sdk.submit([&, token] { ++runs; }, [&, token] { throw std::runtime_error("done"); }));
  REQUIRE(sdk.submit([] { throw 1; }, [&] { ++runs; }));
  host.job_slots = 2;
  CHECK_FALSE(sdk.submit([token] {}, [token] {}));
  CHECK(token.use_count() == 3);
  host.run_jobs();
  CHECK(token.use_count() == 1);
  CHECK(runs == 2);
  REQUIRE(host.logged.size() == 2);
  CHECK(host.logged[0].second == "exception in a job: done");
  CHECK(host.logged[1].second == "exception in a job: unknown");
}

TEST_CASE("optional functions are in the table only if the class has them, and another ABI version gets none") {
  const auto* with = detail::Glue<Connector>::table();
  CHECK(with->preflight != nullptr);
  CHECK(with->objects != nullptr);
  const auto* without = detail::Glue<BareConnector>::table();
  CHECK(without->preflight == nullptr);
  CHECK(without->objects == nullptr);
}
