#include "listing.hpp"

#include "bench.hpp"

namespace ch::cos_test {
namespace {

ObjectPage page(Bench& bench, ObjectQuery query) {
  return cos::list_objects(bench.task, cos::make_settings(bench.task), *bench.cos, query);
}

std::vector<std::int64_t> starts(const ObjectPage& page) {
  std::vector<std::int64_t> list;
  for (const auto& object : page.objects) list.push_back(object.start_offset);
  return list;
}

}  // namespace

TEST_CASE("objects are listed in key order with what they say about themselves") {
  Bench bench(Config{}, 1 << 20, 2);
  bench.cos->page_size = 2;
  bench.put_object(key_at(110), 110, 120);
  bench.put_object(key_at(100), 100, 110);
  bench.put_object(key_at(100, 1), 100, 105, {}, 1);
  bench.put_object(key_at(130), 130, 140, {{"task", "other"}});
  bench.put_object("orders/not-ours", 1, 2);

  ObjectQuery query;
  query.url_life = std::chrono::seconds(60);
  const auto all = page(bench, query);
  CHECK(starts(all) == std::vector<std::int64_t>{100, 110, 100});
  CHECK(all.next.empty());
  const auto& first = all.objects[0];
  CHECK(first.key == key_at(100));
  CHECK(first.topic == "orders");
  CHECK(first.partition == 0);
  CHECK(first.end_offset == 110);
  CHECK(first.records == 10);
  CHECK(first.bytes == 6);
  CHECK(first.stored_ms == 1234);
  CHECK(first.url == "https://b/" + key_at(100) + "?s=60");
  CHECK(first.url_expires_ms == 1000 * (FakeCos::kNow + 60));
}

TEST_CASE("pages follow one another without a gap") {
  Bench bench;
  bench.cos->page_size = 3;
  for (int i = 0; i < 10; ++i) bench.put_object(key_at(100 + i), 100 + i, 101 + i);
  ObjectQuery query;
  query.limit = 4;
  std::vector<std::int64_t> seen;
  int pages = 0;
  do {
    const auto one = page(bench, query);
    for (const auto start : starts(one)) seen.push_back(start);
    query.after = one.next;
    ++pages;
  } while (!query.after.empty());
  CHECK(pages == 3);
  CHECK(seen == std::vector<std::int64_t>{100, 101, 102, 103, 104, 105, 106, 107, 108, 109});
  CHECK(bench.cos->objects.size() == 10);
}

TEST_CASE("one partition, one topic") {
  Bench bench(Config{{"object.key.template", "{topic}/{partition}/{start_offset}"}}, 1 << 20, 2);
  bench.put_object("orders/0/100", 100, 110);
  bench.put_object("orders/1/100", 100, 110, {}, 1);
  bench.put_object("orders/10/100", 100, 110, {{"partition", "10"}});
  ObjectQuery query;
  query.partition = 1;
  bench.cos->calls.clear();
  CHECK(page(bench, query).objects.at(0).key == "orders/1/100");
  CHECK(bench.cos->calls.front() == "list orders/1/ after ");
  query.topic = "other";
  CHECK(page(bench, query).objects.empty());
}

TEST_CASE("what COS refuses is said") {
  Bench bench;
  bench.fail("list", Effect::fail_before, failure(Outcome::interrupt, "access_denied"));
  CHECK_THROWS_WITH(page(bench, {}), Catch::Contains("the test says so") && Catch::Contains("wait for the test"));
  bench.cos->fault = nullptr;
  bench.task.config["topics"] = "";
  CHECK_THROWS_WITH(page(bench, {}), Catch::Contains("name a topic"));
}

}  // namespace ch::cos_test
