#include "inspection.hpp"

#include "bench.hpp"
#include "state.hpp"

namespace ch::cos_test {
namespace {

using Kind = Finding::Kind;

constexpr std::int64_t kHourMs = 3600'000;

Inspection look(Bench& bench, InspectQuery query = {}) {
  if (query.topic.empty()) query.topic = "orders";
  return cos::inspect(cos::make_settings(bench.task), *bench.cos, query, 10 * kHourMs);
}

std::vector<std::string> told(const Inspection& inspection, Kind kind) {
  std::vector<std::string> out;
  for (const auto& found : inspection.findings)
    if (found.kind == kind) out.push_back(found.object.key + ": " + found.message);
  return out;
}

OpenPartition committed(std::int64_t offset, const cos::State& state) {
  OpenPartition out;
  out.topic = "orders";
  out.committed_offset = offset;
  out.state = cos::encode(state);
  out.series = 3;
  return out;
}

}  // namespace

TEST_CASE("inspect: every object of the topic with its range and series, over pages") {
  Bench bench(Config{}, 1 << 20, 2);
  bench.cos->page_size = 3;
  for (int i = 0; i < 200; ++i) bench.put_object(key_at(100 + i), 100 + i, 101 + i, {{"series", "7"}});
  bench.put_object(key_at(100, 1), 100, 105, {}, 1);
  bench.put_object("orders/not-ours", 1, 2);
  InspectQuery query;
  query.timeout = std::chrono::milliseconds(0);  // a page ends with the first look at the clock
  std::size_t objects = 0, pages = 0;
  do {
    const auto page = look(bench, query);
    for (const auto& found : page.findings) {
      CHECK(found.kind == Kind::object);
      if (found.object.partition == 0) CHECK(found.series == 7);
      CHECK(found.object.end_offset > found.object.start_offset);
    }
    objects += page.findings.size();
    query.after = page.next;
    ++pages;
  } while (!query.after.empty());
  CHECK(objects == 201);
  CHECK(pages > 3);
  query.partition = 1;
  query.timeout = std::chrono::seconds(10);
  CHECK(look(bench, query).findings.size() == 1);
}

TEST_CASE("inspect: objects that contradict themselves, and those of others") {
  Bench bench;
  bench.put_object(key_at(100), 101, 110);
  bench.put_object(key_at(200), 200, 210, {{"partition", "4"}});
  bench.put_object(key_at(300), 300, 310, {{"records", "11"}});
  bench.put_object(key_at(400), 400, 410, {{"end-offset", "399"}});
  bench.put_object(key_at(500), 500, 510, {{"task", "other"}});
  bench.cos->objects[key_at(600)] = {"somebody's", {}};
  for (auto& [key, object] : bench.cos->objects) object.body.append(20, '\n');
  const auto found = look(bench);
  const auto wrong = told(found, Kind::wrong);
  REQUIRE(wrong.size() == 4);
  CHECK_THAT(wrong[0], Catch::Contains("start offset 100, its metadata 101"));
  CHECK_THAT(wrong[1], Catch::Contains("partition 0, its metadata 4"));
  CHECK_THAT(wrong[2], Catch::Contains("11 records"));
  CHECK_THAT(wrong[3], Catch::Contains("no range"));
  const auto foreign = told(found, Kind::foreign);
  REQUIRE(foreign.size() == 2);
  CHECK_THAT(foreign[0], Catch::Contains("of task other"));
  CHECK_THAT(foreign[1], Catch::Contains("no metadata of ours"));
}

TEST_CASE("inspect deep: lines against records, for the configuration that made the object") {
  Bench bench;
  const auto fingerprint = cos::make_settings(bench.task).fingerprint;
  bench.put_object(key_at(100), 100, 103, {{"records", "3"}, {"fingerprint", fingerprint}});
  bench.put_object(key_at(200), 200, 203, {{"records", "3"}, {"fingerprint", fingerprint}});
  bench.put_object(key_at(300), 300, 303, {{"records", "3"}, {"fingerprint", "of another format"}});
  bench.cos->objects[key_at(100)].body = "a\n\nb\nc\n";  // a value may hold newlines
  bench.cos->objects[key_at(200)].body = "a\nbbbb\n";
  bench.cos->objects[key_at(300)].body = "a";
  InspectQuery query;
  CHECK(told(look(bench, query), Kind::wrong).empty());
  query.deep = true;
  const auto wrong = told(look(bench, query), Kind::wrong);
  REQUIRE(wrong.size() == 1);
  CHECK_THAT(wrong[0], Catch::Contains(key_at(200)) && Catch::Contains("2 lines"));
}

TEST_CASE("inspect: where the chain should have come to, by the committed state") {
  Bench bench;
  InspectQuery query;
  cos::Intent intent;
  intent.key = key_at(100);
  intent.start = 100;
  intent.end = 110;
  intent.bytes = intent.records = 1;
  intent.time_ms = 1;
  query.committed = {committed(107, cos::Idle{"last", 105, 1}), committed(100, intent)};
  query.committed.push_back(query.committed.back());
  query.committed.back().state = "garbage";
  const auto found = look(bench, query);
  REQUIRE(found.findings.size() == 3);
  CHECK(found.findings[0].kind == Kind::position);
  CHECK(found.findings[0].object.end_offset == 105);
  CHECK(found.findings[0].object.key == "last");
  CHECK(found.findings[1].object.end_offset == 100);
  CHECK(found.findings[1].object.key.empty());
  CHECK(found.findings[2].kind == Kind::wrong);
}

TEST_CASE("inspect: an upload is an orphan if no intent names it and it is not young") {
  Bench bench;
  bench.cos->page_size = 1;
  bench.cos->uploads["old"] = {key_at(100), {}, {}, 8 * kHourMs};
  bench.cos->uploads["young"] = {key_at(200), {}, {}, 10 * kHourMs - 1000};
  bench.cos->uploads["named"] = {key_at(300), {}, {}, 8 * kHourMs};
  bench.cos->uploads["of another"] = {"elsewhere", {}, {}, 8 * kHourMs};
  cos::Intent intent;
  intent.key = key_at(300);
  intent.start = 300;
  intent.end = 310;
  intent.upload_id = "named";
  intent.parts = 1;
  intent.bytes = intent.records = 1;
  intent.time_ms = 1;
  InspectQuery query;
  query.committed = {committed(300, intent)};
  std::vector<std::string> orphans;
  do {
    const auto page = look(bench, query);
    for (auto& one : told(page, Kind::upload)) orphans.push_back(std::move(one));
    query.after = page.next;
  } while (!query.after.empty());
  REQUIRE(orphans.size() == 1);
  CHECK_THAT(orphans[0], Catch::Contains("upload old") && Catch::Contains(key_at(100)));
}

TEST_CASE("inspect: COS's refusal says why, a token that is none is refused") {
  Bench bench;
  bench.cos->fault = [](const std::string& verb, const std::string&) {
    return verb == "list" ? FakeCos::Fault{FakeCos::Effect::fail_before, failure(cos::Outcome::interrupt, "access_denied")}
                          : FakeCos::Fault{};
  };
  CHECK_THROWS_WITH(look(bench), Catch::Contains("the test says so"));
  InspectQuery query;
  query.after = "nonsense";
  CHECK_THROWS_WITH(look(bench, query), Catch::Contains("no token"));
}

}  // namespace ch::cos_test
