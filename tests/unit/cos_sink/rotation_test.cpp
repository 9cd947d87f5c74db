// When an object ends, what it holds, and in which order intent, object and offset come.
#include <cstdlib>

#include "bench.hpp"

namespace ch::cos_test {

TEST_CASE("the object becomes visible only after its intent is stored") {
  Bench bench(Config{{"rotate.records", "3"}});
  bench.open();
  CHECK(bench.host->position(0) == 100);
  bench.produce(3, 0, "value");
  CHECK(bench.host->deliver(0) == 3);
  bench.host->run_jobs();
  CHECK(bench.cos->count("put") == 0);

  REQUIRE(bench.host->with_requests() == std::vector<int>{0});
  bench.host->send(0);
  bench.host->run_jobs();
  CHECK(bench.cos->count("put") == 0);
  bench.host->store(0);
  CHECK(bench.intent().key == key_at(100));
  CHECK(bench.intent().start == 100);
  CHECK(bench.intent().end == 103);
  CHECK(bench.intent().records == 3);
  CHECK(bench.intent().bytes == 18);
  CHECK(bench.intent().upload_id.empty());
  bench.host->run_jobs();
  CHECK(bench.cos->count("put") == 0);
  bench.host->answer(0, true);
  bench.host->run_jobs();

  const auto& object = bench.object(key_at(100));
  CHECK(object.body == "value\nvalue\nvalue\n");
  CHECK(object.options.content_type == "text/plain; charset=utf-8");
  const cos::Metadata metadata{{"cluster", "cluster-1"}, {"task", "archive"},
                               {"topic", "orders"},      {"partition", "0"},
                               {"start-offset", "100"},  {"end-offset", "103"},
                               {"records", "3"},         {"format", "string"},
                               {"series", "0"},          {"fingerprint", cos::make_settings(bench.task).fingerprint}};
  CHECK(object.options.metadata == metadata);
  REQUIRE(bench.host->stored.size() == 1);
  CHECK(bench.host->stored[0].end_offset == 103);
  CHECK(bench.host->stored[0].records == 3);
  CHECK(bench.host->stored[0].bytes == 18);

  bench.host->commit_all();
  CHECK(bench.partition().committed.offset == 103);
  CHECK(bench.idle().last_key == key_at(100));
  CHECK(bench.idle().position == 103);
  CHECK(bench.host->sink().pending() == 0);
}

TEST_CASE("a refused intent is repeated, and nothing is stored meanwhile") {
  Bench bench(Config{{"rotate.records", "1"}});
  bench.open();
  bench.produce(1);
  bench.host->deliver(0);
  for (int i = 0; i < 3; ++i) {
    bench.host->send(0);
    bench.host->answer(0, false);
    bench.host->run_jobs();
    CHECK(bench.cos->count("put") == 0);
  }
  bench.host->settle();
  CHECK(bench.cos->objects.contains(key_at(100)));
  CHECK(bench.partition().committed.offset == 101);
}

TEST_CASE("a null value is an empty line and counts as a record") {
  Bench bench(Config{{"rotate.records", "3"}});
  bench.open();
  bench.partition().append("a");
  bench.partition().records.push_back({bench.partition().end++, "", true});
  bench.partition().append("");
  bench.host->settle();
  CHECK(bench.only_object().body == "a\n\n\n");
  CHECK(bench.only_object().options.metadata.at("records") == "3");
}

TEST_CASE("objects end by bytes, time, idleness and flush") {
  SECTION("bytes") {
    Bench bench(Config{{"rotate.bytes", "20"}});
    bench.open();
    bench.produce(3, 0, "123456789");
    bench.host->settle();
    CHECK(bench.only_object().body.size() == 20);
  }
  SECTION("time since the first record") {
    Bench bench(Config{{"rotate.interval.ms", "1000"}});
    bench.open();
    bench.produce(1);
    bench.host->settle();
    CHECK(bench.host->tick() == bench.host->now() + 1000);
    bench.pass(600);
    bench.produce(1);
    bench.host->settle();
    CHECK(bench.host->tick() == bench.host->now() + 400);
    CHECK(bench.host->sink().describe(bench.host->id(0)).due_ms == bench.host->now() + 400);
    bench.pass(399);
    bench.host->settle();
    CHECK(bench.cos->objects.empty());
    bench.pass(1);
    bench.host->settle();
    CHECK(bench.only_object().options.metadata.at("records") == "2");
  }
  SECTION("idleness") {
    Bench bench(Config{{"rotate.idle.ms", "300"}});
    bench.open();
    for (int i = 0; i < 3; ++i) {
      bench.produce(1);
      bench.host->settle();
      bench.pass(299);
      bench.host->settle();
    }
    CHECK(bench.cos->objects.empty());
    bench.pass(1);
    bench.host->settle();
    CHECK(bench.only_object().options.metadata.at("records") == "3");
  }
  SECTION("flush, after which nothing more is taken") {
    Bench bench;
    bench.open();
    bench.produce(2);
    bench.host->settle();
    CHECK(bench.host->sink().pending() == 1);
    bench.flush();
    CHECK(bench.only_object().options.metadata.at("records") == "2");
    CHECK(bench.host->sink().pending() == 0);
    CHECK(bench.partition().committed.offset == 102);
    bench.produce(1);
    CHECK(bench.host->deliver(0) == 0);
    CHECK(bench.host->sink().pending() == 0);
  }
}

TEST_CASE("one object is stored while the next fills, and then the partition is busy") {
  Bench bench(Config{{"rotate.records", "2"}});
  bench.open();
  bench.produce(7);
  CHECK(bench.host->deliver(0) == 4);
  CHECK(bench.host->deliver(0) == 0);
  CHECK(bench.host->sink().describe(bench.host->id(0)).records == 2);
  bench.host->commit_all();
  bench.host->run_jobs();
  // The next object's intent takes the place of the commit of the first one's end.
  REQUIRE(bench.host->with_requests() == std::vector<int>{0});
  bench.host->commit_all();
  CHECK(bench.intent().start == 102);
  CHECK(bench.partition().sent.size() == 2);
  bench.host->settle();
  CHECK(bench.cos->objects.size() == 3);
  CHECK(bench.partition().committed.offset == 106);
  CHECK(bench.host->sink().describe(bench.host->id(0)).records == 1);
}

TEST_CASE("an intent waits for the answer to the commit before it, which has the same offset") {
  Bench bench(Config{{"rotate.records", "1"}});
  bench.open();
  bench.produce(1);
  bench.host->deliver(0);
  bench.host->commit_all();
  bench.host->run_jobs();
  bench.host->send(0);  // the end of the first object, not answered
  bench.produce(1);
  bench.host->deliver(0);
  bench.host->store(0);
  bench.host->answer(0, true);
  bench.host->run_jobs();
  CHECK(bench.cos->objects.size() == 1);
  bench.host->settle();
  CHECK(bench.cos->objects.size() == 2);
}

TEST_CASE("behind control records the committed offset follows the end, and the chain does not") {
  Bench bench(Config{{"rotate.records", "2"}});
  bench.open();
  bench.produce(2);
  bench.partition().end += 5;  // 102 to 106
  bench.host->settle();
  CHECK(bench.partition().committed.offset == 107);
  CHECK(bench.idle().position == 102);

  bench.restart();
  bench.host->run_jobs();
  CHECK(bench.host->position(0) == 107);
  bench.produce(2);
  bench.host->settle();
  CHECK(bench.object(key_at(102)).options.metadata.at("end-offset") == "109");
}

TEST_CASE("an idle partition commits what end_of_partition says, but not over an open object") {
  Bench bench;
  bench.open();
  bench.partition().end += 3;
  bench.host->settle();
  CHECK(bench.partition().committed.offset == 103);
  CHECK(bench.idle().position == 100);
  bench.produce(1);
  bench.partition().end += 3;
  bench.host->settle();
  CHECK(bench.partition().committed.offset == 103);
  CHECK(bench.host->sink().pending() == 1);
}

TEST_CASE("records that were taken already are skipped") {
  Bench bench;
  bench.open();
  bench.produce(2);
  bench.host->settle();
  const std::string text = "again";
  const ch_record record{{nullptr, 0}, {reinterpret_cast<const unsigned char*>(text.data()), text.size()}, 101, 0, nullptr};
  const ch_batch batch{sizeof(ch_batch), sizeof(ch_record), &record, 1};
  CHECK(bench.host->sink().put(bench.host->id(0), Batch(batch)) == 1);
  CHECK(bench.host->sink().describe(bench.host->id(0)).records == 2);
}

TEST_CASE("after close nothing is requested, and late results are dropped") {
  Bench bench(Config{{"rotate.records", "1"}});
  bench.open();
  bench.produce(1);
  bench.host->deliver(0);
  bench.host->commit_all();
  REQUIRE(bench.host->queued_jobs() == 1);  // the PUT
  const auto closed = bench.host->id(0);
  bench.host->close({0}, true);
  bench.host->run_jobs();
  CHECK(bench.cos->objects.size() == 1);
  CHECK(bench.host->stored.empty());
  bench.host->sink().committed(closed, 100, true);
  bench.host->sink().end_of_partition(closed, 500);
  CHECK(bench.host->sink().pending() == 0);
  CHECK(bench.host->sink().describe(closed).records == 0);
  CHECK(bench.cos->count("abort") == 0);

  bench.open();  // the same host has it again
  CHECK(bench.host->position(0) == 101);
}

TEST_CASE("a wall clock that is set, by whatever, neither stops nor floods: objects, retries and what is told of them") {
  const std::int64_t step = GENERATE(-30'000, -600'000, -28'800'000, 600'000, 400LL * 86'400'000);
  INFO(step);
  Bench bench(Config{{"rotate.interval.ms", "1000"}});
  bench.open();
  const auto archive = [&](int seconds) {
    const auto before = bench.host->stored.size();
    for (int i = 0; i < 10 * seconds; ++i) {
      bench.produce(1);
      bench.host->settle();
      bench.pass(100);
      const auto next = bench.host->tick();
      CHECK(next > bench.host->now());
      CHECK(next <= bench.host->now() + 1000);
      bench.host->settle();
    }
    return static_cast<int>(bench.host->stored.size() - before);
  };
  const auto is_steady = [&] {
    const auto objects = archive(30);
    CHECK(objects >= 26);
    CHECK(objects <= 31);
    CHECK(bench.host->interruptions.empty());
    bench.produce(1);
    bench.host->settle();
    const auto due = bench.host->sink().describe(bench.host->id(0)).due_ms;
    CHECK(due >= bench.host->now());
    CHECK(due <= bench.host->now() + 1000);
    CHECK(std::abs(bench.host->stored.back().stored_ms - bench.host->now()) <= 3000);
  };
  is_steady();
  bench.broker.wall_step_ms = step;
  is_steady();
  bench.broker.wall_step_ms = 0;
  is_steady();

  bench.fail("put", Effect::fail_before);
  archive(8);
  CHECK(bench.reason() == "cos_unreachable");
  for (const auto set : {step, std::int64_t{0}}) {
    bench.broker.wall_step_ms = set;
    const auto before = bench.cos->count("put");
    archive(61);
    const auto tries = bench.cos->count("put") - before;  // every 30 s at the latest, and no more often than that
    CHECK(tries >= 1);
    CHECK(tries <= 6);
    const auto next_try = bench.host->interruptions.at(0).next_try_ms;
    CHECK(next_try > bench.host->now() - 31'000);
    CHECK(next_try <= bench.host->now() + 37'000);
  }
  bench.cos->fault = {};
  archive(40);
  CHECK(bench.reason().empty());
  is_steady();
}

TEST_CASE("what was stored after the clock was set back is found behind what was named while it was ahead") {
  Bench bench(Config{{"rotate.records", "1"}});
  bench.open();
  bench.broker.wall_step_ms = 400LL * 86'400'000;
  bench.produce(1);
  bench.host->settle();
  const auto late = bench.partition().committed;
  bench.broker.wall_step_ms = 0;
  bench.produce(1);
  bench.host->settle();
  REQUIRE(bench.cos->objects.size() == 2);
  bench.partition().committed = late;  // a late copy of that commit
  bench.restart();
  bench.host->settle();
  CHECK(bench.cos->objects.size() == 2);
  CHECK(bench.partition().committed.offset == 102);
}

}  // namespace ch::cos_test
