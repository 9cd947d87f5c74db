#include "bucket/listing.hpp"

#include <fmt/format.h>

#include "bench.hpp"

namespace ch::cos_test {
namespace {

constexpr std::int64_t kNow = 1'800'000'000'000;  // 2027-01-15 08:00:00

ObjectPage page(Bench& bench, ObjectQuery query) {
  return cos::list_objects(bench.task, cos::make_settings(bench.task), *bench.cos, query, kNow);
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

// Keys of all pages.
std::vector<std::string> walked(Bench& bench, ObjectQuery query) {
  std::vector<std::string> keys;
  do {
    const auto one = page(bench, query);
    CHECK(one.objects.size() <= query.limit);
    for (const auto& object : one.objects) keys.push_back(object.key);
    query.after = one.next;
  } while (!query.after.empty());
  return keys;
}

ObjectQuery newest(std::uint32_t limit) {
  ObjectQuery query;
  query.newest = true;
  query.limit = limit;
  return query;
}

TEST_CASE("the newest first: keys that begin with a time are looked for back from now, and no page repeats or leaves out any") {
  Bench bench(Config{}, 1 << 20, 2);
  const std::vector<std::string> keys = {
      "20270115080001-0-105.txt",  // by a clock that is ahead
      "20270115075959-1-20.txt",  "20270115075959-0-100.txt", "20270115075500-0-99.txt", "20270115074000-1-10.txt",
      "20270115074000-0-90.txt",  "20260701000000-0-50.txt",  "20200101000000-0-1.txt",  "19700101000000-0-0.txt",
  };
  for (const auto& key : keys) bench.put_object("orders/" + key, 1, 2, {}, key[15] == '1' ? 1 : 0);
  bench.cos->page_size = GENERATE(1, 3, 1000);
  const auto limit = static_cast<std::uint32_t>(GENERATE(1, 2, 4, 9, 100));
  INFO("page_size " << bench.cos->page_size << " limit " << limit);
  std::vector<std::string> expected;
  for (const auto& key : keys) expected.push_back("orders/" + key);
  CHECK(walked(bench, newest(limit)) == expected);
}

TEST_CASE("the newest of many objects are found without looking at the others") {
  Bench bench;
  for (int i = 0; i < 5000; ++i)
    bench.put_object(fmt::format("orders/2026{:02}{:02}{:02}0000-0-{}.txt", 1 + i / 500, 1 + i % 28, i % 24, i), i, i + 1);
  bench.put_object("orders/20270115075900-0-5000.txt", 5000, 5001);
  bench.put_object("orders/20270115075800-0-4999.txt", 4999, 5000);
  bench.cos->calls.clear();
  CHECK(starts(page(bench, newest(1))) == std::vector<std::int64_t>{5000});
  CHECK(bench.cos->calls == std::vector<std::string>{"list orders/ after orders/20270115075500", "head orders/20270115075900-0-5000.txt"});
}

TEST_CASE("the newest first where an hour is all that keys say, and where they say nothing: by when they were stored") {
  const auto hourly = GENERATE(true, false);
  Bench bench(Config{{"object.key.template", hourly ? "{topic}/dt={time:%Y-%m-%d}/hour={time:%H}/{partition}-{start_offset}"
                                                    : "{topic}/{partition}/{start_offset}"}},
              1 << 20, 10);
  std::vector<std::string> expected;
  for (int i = 9; i >= 0; --i) {
    const int number = (i * 7) % 10;  // not in the order of their keys
    const auto key =
        hourly ? fmt::format("orders/dt=2027-01-{}/hour=07/{}-100", i < 5 ? 14 : 15, number) : fmt::format("orders/{}/100", number);
    bench.put_object(key, 100, 110, {{"modified-ms", std::to_string(kNow - 3600'000 + i * 1000)}}, number);
    expected.push_back(key);
  }
  bench.cos->page_size = 3;
  CHECK(walked(bench, newest(4)) == expected);
  auto query = newest(100);
  query.partition = 7;
  CHECK(walked(bench, query) == std::vector<std::string>{expected[8]});
}

TEST_CASE("a page is as full as the task has objects, whoever else stores in the same folder") {
  const auto timed = GENERATE(true, false);
  Bench bench(timed ? Config{} : Config{{"object.key.template", "{topic}/{partition}/{start_offset}"}});
  const auto key = [&](int i) {
    return timed ? fmt::format("orders/20270115{:02}{:02}00-0-{}.txt", i / 60, i % 60, i) : fmt::format("orders/0/{}", i);
  };
  std::vector<std::int64_t> own;
  for (int i = 0; i < 400; ++i) {
    cos::Metadata more{{"modified-ms", std::to_string(kNow - 3600'000 + i * 1000)}};
    if (i % 40 == 0)
      own.push_back(i);
    else
      more["task"] = "other";
    bench.put_object(key(i), i, i + 1, more);
  }
  std::sort(own.begin(), own.end(), [&](auto one, auto other) { return key(static_cast<int>(one)) < key(static_cast<int>(other)); });
  ObjectQuery oldest;
  oldest.limit = 4;
  auto found = page(bench, oldest);
  CHECK(starts(found) == std::vector<std::int64_t>(own.begin(), own.begin() + 4));
  CHECK_FALSE(found.next.empty());
  auto query = newest(4);
  CHECK(starts(page(bench, query)) == std::vector<std::int64_t>{360, 320, 280, 240});
  query.after = page(bench, query).next;
  CHECK(starts(page(bench, query)) == std::vector<std::int64_t>{200, 160, 120, 80});
  query.after = page(bench, query).next;
  found = page(bench, query);
  CHECK(starts(found) == std::vector<std::int64_t>{40, 0});
  CHECK(found.next.empty());
}

TEST_CASE("the newest first, of several topics together, without those of others") {
  Bench bench(Config{{"topics", "orders,b"}});
  bench.put_object("b/20270115075958-0-100.txt", 100, 101, {{"topic", "b"}});
  bench.put_object("orders/20270115075959-0-100.txt", 100, 101);
  bench.put_object("b/20270115075957-0-90.txt", 90, 91, {{"topic", "b"}});
  bench.put_object("orders/20270115075956-0-90.txt", 90, 91, {{"task", "other"}});
  bench.put_object("orders/20270115075955-0-80.txt", 80, 81);
  for (const std::uint32_t limit : {1U, 2U, 3U, 100U}) {
    CHECK(walked(bench, newest(limit)) == std::vector<std::string>{"orders/20270115075959-0-100.txt", "b/20270115075958-0-100.txt",
                                                                   "b/20270115075957-0-90.txt", "orders/20270115075955-0-80.txt"});
  }
  auto query = newest(1);
  query.after = "orders/20270115075959-0-100.txt";  // of the other order
  CHECK_THROWS_WITH(page(bench, query), Catch::Contains("`after` must be the `next`"));
}

TEST_CASE("too many names to find the newest among are refused with what to do") {
  Bench bench(Config{{"object.key.template", "{topic}/{partition}/{start_offset}"}});
  const auto key = [](std::size_t i) { return fmt::format("orders/0/{}", 1'000'000 + i); };
  for (std::size_t i = 0; i <= cos::kMaxNames; ++i) bench.cos->objects[key(i)];
  CHECK_THROWS_WITH(page(bench, newest(1)), Catch::Contains("100000 objects") && Catch::Contains("order=oldest"));
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
