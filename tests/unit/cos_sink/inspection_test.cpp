#include "bucket/inspection.hpp"

#include <nlohmann/json.hpp>

#include "bench.hpp"
#include "writer/offset_state.hpp"

namespace ch::cos_test {
namespace {

using Kind = Finding::Kind;

constexpr std::int64_t kHourMs = 3600'000;

Inspection look(Bench& bench, InspectQuery query = {}) {
  if (query.topic.empty()) query.topic = "orders";
  return cos::inspect(cos::places_of(bench.task, [&](const cos::Settings&) { return bench.cos; }), query, 10 * kHourMs);
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
  query.committed = {committed(107, cos::Idle{key_at(90), 105, 1}), committed(100, intent)};
  query.committed.push_back(query.committed.back());
  query.committed.back().state = "garbage";
  const auto found = look(bench, query);
  REQUIRE(found.findings.size() == 3);
  CHECK(found.findings[0].kind == Kind::position);
  CHECK(found.findings[0].object.end_offset == 105);
  CHECK(found.findings[0].object.key == key_at(90));
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

// As the host tells of what the configuration was before.
static void tell_earlier(Bench& bench, const std::vector<Config>& places) {
  bench.task.config["host.earlier.places"] = nlohmann::json(places).dump();
}

TEST_CASE("inspect: what was stored under earlier templates, formats and buckets is found, and once") {
  Bench bench;
  const auto elsewhere = std::make_shared<FakeCos>();
  const std::string present = bench.task["object.key.template"];
  tell_earlier(bench, {{{"object.key.template", "old/{topic}/{partition}/{start_offset}{ext}"}},
                       {{"format", "jsonl"}},
                       {{"compression", "gzip"}, {"object.key.template", "old/{topic}/{partition}/{start_offset}{ext}"}},
                       {{"cos.endpoint", "http://127.0.0.1:9/another"}}});
  const auto lost = [](std::string key, const std::string& what, const std::string& with) {
    return key.replace(key.find(what), what.size(), with);
  };
  bench.put_object(key_at(100), 100, 110);
  bench.put_object("old/orders/0/110.txt", 110, 120);
  bench.put_object(lost(key_at(120), ".txt", ".jsonl"), 120, 130);
  bench.put_object("old/orders/0/130.txt.gz", 130, 140);
  bench.put_object(key_at(140), 140, 150);
  for (auto& [key, object] : bench.cos->objects) object.body.append(20, '\n');
  elsewhere->objects[key_at(150)] = bench.cos->objects[key_at(140)];
  elsewhere->objects[key_at(150)].options.metadata["start-offset"] = "150";
  elsewhere->objects[key_at(150)].options.metadata["end-offset"] = "160";
  elsewhere->objects[key_at(140)] = bench.cos->objects[key_at(140)];  // the bucket was moved, with what it held
  const auto places = cos::places_of(bench.task, [&](const cos::Settings& settings) -> std::shared_ptr<cos::Client> {
    return settings.endpoint.base.ends_with("another") ? elsewhere : bench.cos;
  });
  InspectQuery query;
  query.topic = "orders";
  for (const auto timeout : {10000, 0}) {
    query.timeout = std::chrono::milliseconds(timeout);
    query.after.clear();
    std::vector<std::int64_t> starts;
    do {
      const auto page = cos::inspect(places, query, 10 * kHourMs);
      for (const auto& found : page.findings) {
        INFO(found.object.key << ": " << found.message);
        CHECK(found.kind == Kind::object);
        starts.push_back(found.object.start_offset);
      }
      query.after = page.next;
    } while (!query.after.empty());
    std::sort(starts.begin(), starts.end());
    CHECK(starts == std::vector<std::int64_t>{100, 110, 120, 130, 140, 150});
  }
  CHECK(present == bench.task["object.key.template"]);
}

TEST_CASE("inspect: where nobody can look, what is missing is not known") {
  Bench bench;
  const auto gone = std::make_shared<FakeCos>();
  gone->fault = [](const std::string&, const std::string&) { return FakeCos::Fault{Effect::fail_before, failure(Outcome::retry)}; };
  tell_earlier(bench, {{{"cos.endpoint", "http://127.0.0.1:9/another"}}, {{"object.key.template", "{wrong}"}}});
  bench.put_object(key_at(100), 100, 110);
  const auto places = cos::places_of(bench.task, [&](const cos::Settings& settings) -> std::shared_ptr<cos::Client> {
    return settings.endpoint.base.ends_with("another") ? gone : bench.cos;
  });
  InspectQuery query;
  query.topic = "orders";
  query.committed = {committed(110, cos::Idle{"a/name/of/nobody's", 110, 1})};
  const auto found = cos::inspect(places, query, 10 * kHourMs);
  const auto unknown = told(found, Kind::unknown);
  REQUIRE(unknown.size() == 3);
  CHECK_THAT(unknown[0], Catch::Contains("a/name/of/nobody's: the last object"));
  CHECK_THAT(unknown[1], Catch::Contains("under {wrong}"));
  CHECK_THAT(unknown[2], Catch::Contains("cannot be looked at"));
  CHECK(told(found, Kind::object).size() == 1);
  for (const auto& one : found.findings)
    if (one.kind == Kind::position) CHECK(one.object.key.empty());
}

}  // namespace ch::cos_test
