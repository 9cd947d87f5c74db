// Where a partition goes on after an assignment: the intent, the audit of the bucket, the second reading of a range.
#include <algorithm>

#include "bench.hpp"

namespace ch::cos_test {
namespace {

void recover(Bench& bench, const std::vector<int>& partitions = {0}) {
  bench.host->open(partitions);
  bench.host->run_jobs();
}

std::vector<std::string> calls_of(const Bench& bench, const std::string& verb) {
  std::vector<std::string> found;
  std::copy_if(bench.cos->calls.begin(), bench.cos->calls.end(), std::back_inserter(found),
               [&](const std::string& call) { return call.starts_with(verb + " "); });
  return found;
}

}  // namespace

TEST_CASE("an intent whose object is there is done") {
  Bench bench;
  bench.commit_intent(100, 110, key_at(100));
  bench.put_object(key_at(100), 100, 110);
  bench.produce(12);
  recover(bench);
  CHECK(bench.host->position(0) == 110);
  bench.host->commit_all();
  CHECK(bench.partition().committed.offset == 110);
  CHECK(bench.idle().last_key == key_at(100));
  CHECK(bench.idle().time_ms != 0);
}

TEST_CASE("an intent whose object is absent is carried out: same range, same key, no new intent") {
  Bench bench(Config{{"rotate.records", "3"}});
  bench.commit_intent(100, 110, key_at(100));
  bench.produce(15);
  bench.broker.clock_ms += 60000;
  recover(bench);
  CHECK(bench.host->position(0) == 100);
  CHECK(bench.host->sink().pending() == 1);
  CHECK(bench.host->deliver(0) == 10);
  CHECK(bench.partition().sent.empty());
  bench.host->run_jobs();
  CHECK(bench.object(key_at(100)).options.metadata.at("end-offset") == "110");
  CHECK(bench.object(key_at(100)).options.metadata.at("records") == "10");
  bench.host->settle();
  CHECK(bench.partition().committed.offset == 113);
}

TEST_CASE("a second reading ends with the last offset, an offset behind it, or the end of the partition") {
  Bench bench;
  bench.commit_intent(100, 110, key_at(100));
  SECTION("an offset behind it") {
    bench.produce(20);
    auto& records = bench.partition().records;
    records.erase(records.begin() + 8, records.begin() + 13);  // 108 to 112
    recover(bench);
    CHECK(bench.host->deliver(0) == 8);
    bench.host->run_jobs();
  }
  SECTION("the end of the partition") {
    bench.produce(8);
    bench.partition().end = 115;
    recover(bench);
    CHECK(bench.host->deliver(0) == 8);
    bench.host->run_jobs();
    CHECK(bench.cos->objects.empty());
    bench.host->deliver(0);
    bench.host->run_jobs();
  }
  CHECK(bench.object(key_at(100)).options.metadata.at("end-offset") == "110");
  CHECK(bench.object(key_at(100)).options.metadata.at("records") == "8");
}

TEST_CASE("of a range with nothing left an empty object keeps the chain and the key") {
  Bench bench;
  bench.commit_intent(100, 110, key_at(100));
  bench.partition().end = 112;
  recover(bench);
  bench.host->settle();
  CHECK(bench.object(key_at(100)).body.empty());
  CHECK(bench.object(key_at(100)).options.metadata.at("records") == "0");
  CHECK(bench.partition().committed.offset == 112);
  CHECK(bench.idle().position == 110);
  CHECK(bench.host->sink().pending() == 0);
}

TEST_CASE("a late request of the intent's first owner and a second reading make one object") {
  Bench bench;
  bench.commit_intent(100, 110, key_at(100));
  bench.produce(10);
  bench.partition().records.erase(bench.partition().records.begin());  // compacted since
  recover(bench);
  SECTION("the same content") { bench.put_object(key_at(100), 100, 110, {{"records", "10"}}); }
  SECTION("another task's") { bench.put_object(key_at(100), 100, 110, {{"task", "other"}}); }
  const bool ours = bench.object(key_at(100)).options.metadata.at("task") == "archive";
  bench.host->settle();
  bench.pass(300);
  bench.host->settle();
  CHECK(bench.object(key_at(100)).body == "there\n");
  CHECK(bench.reason() == (ours ? "" : "object_conflict"));
  CHECK(bench.partition().committed.offset == (ours ? 110 : 100));
}

TEST_CASE("only absent is absent") {
  for (const auto& what : {failure(Outcome::interrupt, "access_denied"), failure(Outcome::retry), failure(Outcome::bug, "cos_error")}) {
    Bench bench;
    bench.commit_intent(100, 110, key_at(100));
    bench.produce(10);
    bench.fail("head", Effect::fail_before, what);
    recover(bench);
    for (int i = 0; i < 10; ++i) {
      bench.pass(1000);
      bench.host->settle();
    }
    CHECK_FALSE(bench.host->resumed(0));
    CHECK(bench.reason() == what.reason);
    CHECK(bench.cos->count("put") == 0);
    bench.cos->fault = nullptr;
    bench.host->sink().retry();
    bench.host->settle();
    CHECK(bench.reason().empty());
    CHECK(bench.cos->objects.contains(key_at(100)));
  }
}

TEST_CASE("another object under the intent's key stands until it is gone") {
  for (const auto& [name, value] :
       cos::Metadata{{"task", "x"}, {"cluster", "x"}, {"topic", "x"}, {"partition", "7"}, {"series", "9"}, {"start-offset", "99"}}) {
    Bench bench;
    bench.commit_intent(100, 110, key_at(100));
    bench.put_object(key_at(100), 100, 110, {{name, value}});
    bench.produce(10);
    recover(bench);
    CAPTURE(name);
    CHECK(bench.reason() == "object_conflict");
    CHECK_FALSE(bench.host->resumed(0));
    CHECK(bench.host->interruptions.at(0).next_try_ms > bench.host->now());
    bench.cos->objects.clear();
    bench.host->sink().retry();
    bench.host->settle();
    CHECK(bench.reason().empty());
    CHECK(bench.only_object().options.metadata.at("end-offset") == "110");
  }
}

TEST_CASE("an upload that has all its parts is completed, otherwise the range is read again") {
  Bench bench(Config{{"part.bytes", "10"}});
  auto intent = bench.commit_intent(100, 110, key_at(100));
  bench.produce(10);
  const cos::Identity identity{"cluster-1", "archive", "orders", 0, 0};
  intent.upload_id = bench.cos->initiate(intent.key, cos::object_options(cos::make_settings(bench.task), identity, {100, 110, 10})).value;
  intent.parts = 2;
  bench.partition().committed.state = cos::encode(intent);
  auto& parts = bench.cos->uploads.at(intent.upload_id).parts;
  parts[1] = "v\nv\nv\nv\nv\n";
  parts[2] = "v\nv\nv\nv\nv\n";
  bench.cos->calls.clear();

  SECTION("all there") {
    recover(bench);
    CHECK(bench.only_object().body == "v\nv\nv\nv\nv\nv\nv\nv\nv\nv\n");
    CHECK(bench.cos->count("initiate") == 0);
    CHECK(bench.host->position(0) == 110);
  }
  SECTION("completed, and the answer was lost") {
    bench.fail_once("complete", Effect::fail_after);
    recover(bench);
    bench.pass(300);
    bench.host->run_jobs();
    CHECK(bench.cos->count("complete") == 1);
    CHECK(bench.host->position(0) == 110);
  }
  SECTION("one is missing") { parts.erase(2); }
  SECTION("one is short") { parts[2] = "v\n"; }
  SECTION("the upload is gone") { bench.cos->uploads.clear(); }
  bench.host->settle();
  recover(bench);
  bench.host->settle();
  CHECK(bench.only_object().body.size() == 20);
  CHECK(bench.partition().committed.offset == 110);
  CHECK(bench.cos->count("abort") == 0);
}

TEST_CASE("under another configuration an intent stands, but only if its range is not stored yet") {
  Bench bench;
  auto intent = bench.commit_intent(100, 110, key_at(100));
  intent.fingerprint = "ffffffffffffffff";
  bench.partition().committed.state = cos::encode(intent);
  bench.produce(10);
  SECTION("absent") {
    recover(bench);
    CHECK(bench.reason() == "object_conflict");
    CHECK_THAT(bench.host->interruptions.at(0).message, Catch::Contains("configuration was changed"));
    CHECK_THAT(bench.host->interruptions.at(0).remedy, Catch::Contains("restore the old"));
    CHECK_FALSE(bench.host->resumed(0));
    CHECK(bench.host->sink().pending() == 0);
  }
  SECTION("there") {
    bench.put_object(key_at(100), 100, 110);
    recover(bench);
    CHECK(bench.host->position(0) == 110);
  }
}

TEST_CASE("a state that cannot be used stops its partition and no other") {
  Bench bench(Config{}, 1 << 20, 2);
  bench.partition(0).committed.state = "what is this";
  recover(bench, {0, 1});
  CHECK(bench.reason(0) == "offset_lost");
  CHECK_THAT(bench.host->interruptions.at(0).message, Catch::Contains("what is this"));
  CHECK_FALSE(bench.host->resumed(0));
  CHECK(bench.host->resumed(1));
  CHECK(bench.host->sink().pending() == 0);
}

TEST_CASE("a commit that was undone is found out by the audit") {
  Bench bench;
  bench.partition().committed = {100, cos::encode(cos::Idle{key_at(90), 100, bench.broker.clock_ms})};
  bench.put_object(key_at(100), 100, 110);
  bench.put_object(key_at(110), 110, 120);
  bench.put_object(key_at(120), 120, 130, {{"task", "other"}});
  bench.put_object(key_at(125), 120, 130, {{"series", "3"}});
  bench.put_object(key_at(130), 130, 140);
  bench.put_object("orders/no-key-of-the-template", 120, 130);
  bench.produce(50);
  recover(bench);
  CHECK(bench.host->position(0) == 120);
  bench.host->commit_all();
  CHECK(bench.idle().last_key == key_at(110));
  CHECK(bench.partition().committed.offset == 120);
}

TEST_CASE("an intent that the bucket has overtaken is forgotten") {
  Bench bench;
  bench.commit_intent(100, 110, "orders/20231114221300-0-100.txt");
  bench.put_object(key_at(100), 100, 104);
  bench.produce(10);
  recover(bench);
  CHECK(bench.host->position(0) == 104);
  CHECK(bench.cos->count("put") == 0);
}

TEST_CASE("one listing serves all partitions, from an hour before the oldest last key") {
  Bench bench(Config{}, 1 << 20, 3);
  for (int i = 0; i < 3; ++i)
    bench.partition(i).committed = {100, cos::encode(cos::Idle{key_at(90, i), 100, bench.broker.clock_ms + i * 1000})};
  bench.put_object(key_at(100, 1), 100, 150, {}, 1);
  recover(bench, {0, 1, 2});
  CHECK(calls_of(bench, "list") == std::vector<std::string>{"list orders/ after orders/20231114211320-0-"});
  CHECK(bench.host->position(0) == 100);
  CHECK(bench.host->position(1) == 150);
  CHECK(calls_of(bench, "head") == std::vector<std::string>{"head " + key_at(100, 1)});
}

TEST_CASE("a partition with no last key is looked for from the beginning, page by page") {
  Bench bench(Config{}, 1 << 20, 2);
  bench.cos->page_size = 2;
  bench.partition(0).committed = {100, cos::encode(cos::Idle{key_at(90), 100, bench.broker.clock_ms})};
  for (int i = 0; i < 5; ++i) bench.put_object(key_at(100 + i, 1), 100 + i, 101 + i, {}, 1);
  recover(bench, {0, 1});
  CHECK(calls_of(bench, "list").size() == 3);
  CHECK(calls_of(bench, "list").front() == "list orders/ after ");
  CHECK(bench.host->position(1) == 105);
}

TEST_CASE("keys that do not grow with time are listed from the beginning") {
  Bench bench(Config{{"object.key.template", "{topic}/{time:%d%m%Y}-{partition}-{start_offset}"}});
  bench.partition().committed = {100, cos::encode(cos::Idle{"orders/14112023-0-90", 100, bench.broker.clock_ms})};
  recover(bench);
  CHECK(calls_of(bench, "list") == std::vector<std::string>{"list orders/ after "});
}

TEST_CASE("a template without time needs no listing") {
  Bench bench(Config{{"object.key.template", "{topic}/{partition}/{start_offset}"}});
  bench.put_object("orders/0/100", 100, 110);
  recover(bench);
  CHECK(bench.host->position(0) == 110);
  CHECK(bench.cos->count("list") == 0);
  CHECK(calls_of(bench, "head") == std::vector<std::string>{"head orders/0/100", "head orders/0/110"});
}

TEST_CASE("where listing is denied nothing is written") {
  Bench bench(Config{}, 1 << 20, 2);
  bench.fail("list", Effect::fail_before, failure(Outcome::interrupt, "access_denied"));
  recover(bench, {0, 1});
  for (int i = 0; i < 2; ++i) {
    CHECK(bench.reason(i) == "access_denied");
    CHECK_THAT(bench.host->interruptions.at(i).remedy, Catch::Contains("cos:GetBucket"));
    CHECK_FALSE(bench.host->resumed(i));
  }
  bench.cos->fault = nullptr;
  bench.host->sink().retry();
  bench.host->run_jobs();
  for (int i = 0; i < 2; ++i) {
    CHECK(bench.reason(i).empty());
    CHECK(bench.host->resumed(i));
  }
}

TEST_CASE("a very long chain is followed with bounded memory") {
  Bench bench(Config{}, 1 << 20, 2);
  constexpr int kObjects = 60000;  // more than one listing keeps for one of two partitions
  for (int i = 0; i < kObjects; ++i) bench.cos->objects[key_at(100 + i)] = {};
  bench.cos->page_size = 1000;
  auto& at = bench.cos->objects;
  for (int i = 0; i < 3; ++i) bench.put_object(key_at(100 + i * 20000), 100 + i * 20000, 100 + (i + 1) * 20000);
  REQUIRE(at.size() == kObjects);
  recover(bench, {0, 1});
  CHECK(bench.host->position(0) == 100 + kObjects);
  CHECK(bench.cos->count("list") > 60);
}

TEST_CASE("a deliberate rewind begins a series that does not see the one before") {
  Bench bench(Config{{"rotate.records", "5"}});
  bench.open();
  bench.produce(10);
  bench.host->settle();
  CHECK(bench.partition().committed.offset == 110);
  bench.partition().committed = {100, ""};
  bench.partition().series = 1;
  bench.broker.clock_ms += 5000;
  bench.restart();
  bench.host->settle();
  CHECK(bench.cos->objects.size() == 4);
  CHECK(bench.partition().committed.offset == 110);
}

TEST_CASE("ranges are read again one partition at a time") {
  Bench bench(Config{}, 1 << 20, 3);
  for (int i = 0; i < 3; ++i) {
    bench.commit_intent(100, 110, key_at(100, i), i);
    bench.produce(10, i);
  }
  recover(bench, {0, 1, 2});
  const auto reading = [&] {
    int count = 0;
    for (const int i : bench.host->owned()) count += bench.host->resumed(i) ? 1 : 0;
    return count;
  };
  CHECK(reading() == 1);
  CHECK(bench.host->sink().pending() == 3);
  int first = 0;
  while (!bench.host->resumed(first)) ++first;
  SECTION("the next begins when the first has been read") {
    bench.host->deliver(first, 5);
    CHECK(reading() == 1);
    bench.host->deliver(first);
    CHECK(reading() == 2);
  }
  SECTION("or when it has been closed") {
    bench.host->close({first}, true);
    CHECK(reading() == 1);
  }
  bench.flush();  // finishes intents too
  CHECK(bench.host->sink().pending() == 0);
}

TEST_CASE("a range that memory has no room for stands and says what is needed") {
  Bench bench;
  auto intent = bench.commit_intent(100, 110, key_at(100));
  intent.bytes = 2 << 20;
  bench.partition().committed.state = cos::encode(intent);
  recover(bench);
  CHECK(bench.reason() == "cos_error");
  CHECK_THAT(bench.host->interruptions.at(0).remedy, Catch::Contains("raise buffer.memory"));
}

TEST_CASE("a partition whose keys would be too long stands from the start") {
  Bench bench(Config{{"object.key.template", std::string(300, 'a') + "{task}-{task}-{task}/{partition}/{start_offset}"}});
  bench.host.reset();
  bench.task.name = std::string(200, 't');
  bench.start();
  bench.host->open({0});
  CHECK(bench.reason() == "cos_error");
  CHECK_THAT(bench.host->interruptions.at(0).remedy, Catch::Contains("object.key.template"));
}

}  // namespace ch::cos_test
