// What the report of a verification makes of what a connector finds.
#include "tasks/verify.hpp"

#include <catch2/catch.hpp>

using namespace ch::tasks;
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

TEST_CASE("a whole chain is ok; memory does not grow with its objects") {
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

TEST_CASE("foreign objects and orphaned uploads are told, and are no fault of what is stored; wrong objects are") {
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
