// What the report of a verification makes of what a connector finds.
#include "tasks/bucket/verification.hpp"

#include <catch2/catch.hpp>

using namespace ch::tasks;
using namespace ch::runner;
using ch::Finding;
using Kind = VerifyFinding::Kind;
using Ranges = std::map<std::int64_t, std::int64_t>;

namespace {

Finding object(std::int64_t start, std::int64_t end, std::uint64_t series = 1, std::int32_t partition = 0) {
  Finding found;
  found.object = {"k" + std::to_string(start), "t", partition, start, end, static_cast<std::uint64_t>(end - start), 7, 0, {}, 0};
  found.series = series;
  return found;
}

Finding position(std::int64_t end, const std::string& key = "k") {
  auto found = object(0, end);
  found.kind = Finding::Kind::position;
  found.object.key = key;
  return found;
}

VerifyReport report(const std::vector<Finding>& found, std::uint64_t series = 1, std::int64_t committed = -1) {
  VerifyReport out;
  out.partitions[{"t", 0}].series = series;
  out.partitions[{"t", 0}].committed = committed;
  for (const auto& one : found) out.add(one);
  out.finish();
  return out;
}

std::uint64_t count(const VerifyReport& report, Kind kind) {
  const auto found = report.counts.find(kind);
  return found == report.counts.end() ? 0 : found->second;
}

bool explains(const VerifyReport& report, const std::string& word) {
  return std::any_of(report.explained.begin(), report.explained.end(),
                     [&](const auto& note) { return note.message.find(word) != std::string::npos; });
}

}  // namespace

TEST_CASE("ranges join in any order, and what is there twice is told") {
  VerifyChain chain;
  CHECK_FALSE(chain.add(10, 20));
  CHECK_FALSE(chain.add(30, 40));
  CHECK_FALSE(chain.add(0, 10));
  CHECK(chain.ranges == Ranges{{0, 20}, {30, 40}});
  CHECK_FALSE(chain.add(20, 30));
  CHECK(chain.ranges == Ranges{{0, 40}});
  CHECK(chain.add(5, 8) == std::pair<std::int64_t, std::int64_t>(5, 8));
  CHECK(chain.add(35, 50) == std::pair<std::int64_t, std::int64_t>(35, 40));
  CHECK_FALSE(chain.add(60, 70));
  CHECK(chain.add(45, 65) == std::pair<std::int64_t, std::int64_t>(45, 65));
  CHECK(chain.ranges == Ranges{{0, 70}});
  CHECK(chain.offsets() == 70);
}

TEST_CASE("a whole chain is ok, and memory does not grow with its objects") {
  std::vector<Finding> found{position(100000)};
  for (int i = 0; i < 100000; i += 10) found.push_back(object(i, i + 10));
  const auto whole = report(found, 1, 100000);
  CHECK(whole.ok());
  CHECK(whole.partitions.at({"t", 0}).chains.at(1).ranges.size() == 1);
  CHECK(whole.explained.empty());
}

TEST_CASE("gaps, overlaps and duplicates are told with their offsets") {
  const auto gap = report({position(30), object(0, 10), object(20, 30)});
  REQUIRE(count(gap, Kind::gap) == 1);
  CHECK(gap.findings[0].start == 10);
  CHECK(gap.findings[0].end == 20);
  CHECK_FALSE(gap.ok());

  const auto overlap = report({object(0, 10), object(5, 15)});
  REQUIRE(count(overlap, Kind::overlap) == 1);
  CHECK(overlap.findings[0].start == 5);
  CHECK(overlap.findings[0].end == 10);
  CHECK(overlap.findings[0].key == "k5");
  CHECK_FALSE(overlap.ok());

  CHECK(count(report({object(0, 10), object(0, 10)}), Kind::duplicate) == 1);
  CHECK(count(report({object(0, 10), object(2, 4)}), Kind::duplicate) == 1);
}

TEST_CASE("what Kafka knows to be stored and is not there is a gap") {
  const auto end = report({position(30), object(0, 20)});
  REQUIRE(count(end, Kind::gap) == 1);
  CHECK(end.findings[0].start == 20);
  CHECK(end.findings[0].end == 30);
  CHECK(count(report({position(30)}), Kind::gap) == 1);
  CHECK(report({position(30, "")}).ok());  // nothing has been stored yet
}

TEST_CASE("what came after the walk began is not missed") { CHECK(report({position(10), object(0, 10), object(20, 30)}).ok()); }

TEST_CASE("what looks odd and is not is explained") {
  auto compacted = object(0, 100);
  compacted.object.records = 40;
  const auto holes = report({position(100), compacted});
  CHECK(holes.ok());
  CHECK(explains(holes, "60 offsets"));
  const auto markers = report({position(100), object(0, 100)}, 1, 104);
  CHECK(markers.ok());
  CHECK(explains(markers, "104"));
  const auto rewound = report({position(100), object(0, 50, 1), object(0, 100, 2)}, 2);
  CHECK(rewound.ok());
  CHECK(explains(rewound, "2 series"));
  auto expired = report({position(10), object(0, 10)}, 1, 10);
  expired.partitions[{"t", 0}].low = 15;
  expired.finish();
  CHECK(explains(expired, "retention"));
}

TEST_CASE("an older series must be whole as well") {
  CHECK(count(report({position(100), object(0, 10, 1), object(20, 50, 1), object(0, 100, 2)}, 2), Kind::gap) == 1);
}

TEST_CASE("foreign objects and orphaned uploads are told, and are no fault of what is stored, and wrong objects are") {
  auto foreign = object(0, 0);
  foreign.kind = Finding::Kind::foreign;
  auto upload = object(0, 0);
  upload.kind = Finding::Kind::upload;
  CHECK(report({position(10), object(0, 10), foreign, upload}).ok());
  auto wrong = object(0, 10);
  wrong.kind = Finding::Kind::wrong;
  CHECK_FALSE(report({position(10), object(0, 10), wrong}).ok());
}

TEST_CASE("findings are bounded, their counts complete") {
  std::vector<Finding> found;
  for (int i = 0; i < 1000; ++i) found.push_back(object(i * 10, i * 10 + 5));
  const auto many = report(found);
  CHECK(count(many, Kind::gap) == 999);
  CHECK(many.findings.size() == kMaxFindings);
}

namespace {

// 100 offsets are in the topic, `committed` of them stored.
VerifyReport with_end(std::int64_t committed, const TaskStatus& status) {
  std::vector<Finding> found{position(committed, committed > 0 ? "k" : "")};
  if (committed > 0) found.push_back(object(0, committed));
  auto out = report(found, 1, committed);
  auto& partition = out.partitions[{"t", 0}];
  partition.low = 0;
  partition.high = partition.due = 100;
  out.tell_waiting(status);
  return out;
}

TaskStatus task_with(const PartitionStatus& partition) {
  TaskStatus status;
  status.enabled = true;
  status.state = State::running;
  status.runners.resize(1);
  status.runners[0].partitions = {partition};
  return status;
}

PartitionStatus own_partition() {
  PartitionStatus partition;
  partition.topic = "t";
  partition.runner = 0;
  return partition;
}

}  // namespace

TEST_CASE("everything that should be stored is: nothing waits") {
  const auto all = with_end(100, task_with(own_partition()));
  CHECK(all.ok());
  CHECK(all.all_stored());
  CHECK(all.not_stored() == 0U);
}

TEST_CASE("what should be stored and is not is told with its number and its cause, and what is stored is right all the same") {
  const auto expect = [](const TaskStatus& status, const std::string& reason, std::int64_t committed = 40) {
    INFO(reason);
    const auto some = with_end(committed, status);
    CHECK(some.ok());
    CHECK_FALSE(some.all_stored());
    CHECK(some.not_stored() == static_cast<std::uint64_t>(100 - committed));
    REQUIRE(some.waiting.size() == 1);
    CHECK(some.waiting[0].reason == reason);
    CHECK(some.waiting[0].partitions == 1);
    CHECK_FALSE(some.waiting[0].message.empty());
    return some.waiting[0].message;
  };
  auto status = task_with(own_partition());
  expect(status, "reading");
  expect(status, "reading", 0);  // nothing at all is stored
  status.paused = true;
  expect(status, "paused");
  expect({}, "disabled");
  status = task_with(own_partition());
  status.state = State::failed;
  status.runners[0].trace = "the sky fell";
  CHECK(expect(status, "failed") == "the sky fell");

  auto rejected = own_partition();
  rejected.interruption = InterruptionStatus{{"record_rejected", "the record at offset 40 of t-0 cannot be stored", "", 0}, 0};
  CHECK(expect(task_with(rejected), "record_rejected") == rejected.interruption->message);
  status = task_with(own_partition());
  status.runners[0].partitions.clear();
  status.runners[0].interruption = InterruptionStatus{{"broker_unreachable", "no broker", "", 0}, 0};
  expect(status, "broker_unreachable");
  status.runners[0].interruption.reset();
  expect(status, "starting");

  auto open = own_partition();
  open.open = OpenObjectStatus{40, 60, 1, 1'700'000'000'000};
  CHECK(expect(task_with(open), "not_due").find("2023-11-14T22:13:20") != std::string::npos);
}

TEST_CASE("what came after a moment that is named need not be stored") {
  auto some = with_end(40, task_with(own_partition()));
  some.partitions[{"t", 0}].due = 40;
  some.tell_waiting({});
  CHECK(some.all_stored());
}

TEST_CASE("records that the broker has removed are not waited for, and those whose start nobody knows are not counted") {
  auto some = with_end(40, {});
  some.partitions[{"t", 0}].low = 100;
  some.tell_waiting({});
  CHECK(some.all_stored());
  some.partitions[{"t", 0}].low = 0;
  some.partitions[{"t", 0}].committed = -1;
  some.tell_waiting({});
  CHECK_FALSE(some.all_stored());
  CHECK_FALSE(some.not_stored());
  CHECK(some.waiting.at(0).reason == "not_begun");
}

TEST_CASE("a topic that is not there is never all stored, and whether it ever was is told apart") {
  VerifyReport never;
  never.missing = {"t"};
  never.finish();
  never.tell_waiting({});
  CHECK_FALSE(never.all_stored());
  REQUIRE(never.waiting.size() == 1);
  CHECK(never.waiting[0].message == "topic t does not exist, and nothing of it is stored");
  CHECK(never.explained.empty());
  auto gone = report({object(0, 10)});
  gone.missing = {"t"};
  gone.finish();
  gone.tell_waiting({});
  CHECK_FALSE(gone.all_stored());
  CHECK(gone.waiting.at(0).message.find("any more") != std::string::npos);
}

TEST_CASE("one cause is one line, however many partitions, and causes are bounded") {
  VerifyReport many;
  for (int i = 0; i < 300; ++i) {
    auto& partition = many.partitions[{"t", i}];
    partition.committed = partition.low = 0;
    partition.high = partition.due = 2;
  }
  many.tell_waiting({});
  REQUIRE(many.waiting.size() == 1);
  CHECK(many.waiting[0].partitions == 300);
  CHECK(many.waiting[0].records == 600U);

  TaskStatus status;
  status.enabled = true;
  status.runners.resize(1);
  for (int i = 0; i < 300; ++i) {
    auto partition = own_partition();
    partition.partition = i;
    partition.interruption = InterruptionStatus{{"record_rejected", "offset " + std::to_string(i), "", 0}, 0};
    status.runners[0].partitions.push_back(partition);
  }
  many.tell_waiting(status);
  CHECK(many.waiting.size() == kMaxNotes);
  CHECK(many.not_stored() == 600U);
}

TEST_CASE("what may lie where nobody looked is unknown, and no gap") {
  auto one = position(40);
  one.object.key = "k30";
  VerifyReport known;
  for (const auto& found : {one, object(0, 10), object(20, 30)}) known.add(found);
  known.partitions[{"t", 0}].series = 1;
  auto not_known = known, told = known;
  known.finish();
  CHECK(count(known, Kind::gap) == 2);
  not_known.finish(false);
  CHECK(count(not_known, Kind::gap) == 0);
  CHECK(count(not_known, Kind::unknown) == 2);
  CHECK_FALSE(not_known.ok());
  auto elsewhere = object(0, 0);
  elsewhere.kind = Finding::Kind::unknown;
  elsewhere.object.key.clear();
  told.add(elsewhere);
  told.finish();
  CHECK(count(told, Kind::gap) == 0);
  CHECK(count(told, Kind::unknown) == 3);
  CHECK(told.findings.front().where.partition == -1);
}

TEST_CASE("objects of others are counted, and a few named") {
  VerifyReport many;
  for (int i = 0; i < 1000; ++i) {
    auto foreign = object(i, i);
    foreign.kind = Finding::Kind::foreign;
    many.add(foreign);
  }
  CHECK(count(many, Kind::foreign) == 1000);
  CHECK(many.findings.size() == kMaxForeign);
  CHECK(many.ok());
}
