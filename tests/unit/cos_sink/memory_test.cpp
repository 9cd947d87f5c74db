// buffer.memory as the bound of what a task holds, and the settings that the size of its pieces follows.
#include "bench.hpp"

namespace ch::cos_test {
namespace {

// Cuts 100 to 105, of which 102 takes `large` bytes and is passed over; the host dies before the object is in the bucket.
void die_before_an_object_with_a_hole(Bench& bench, std::size_t large) {
  bench.host->reject_result = CH_OK;
  bench.open();
  bench.produce(2);
  bench.produce(1, 0, std::string(large, 'x'));
  bench.produce(2);
  bench.fail("put", Effect::fail_before);
  bench.host->settle();
  bench.pass(300000);
  bench.host->settle();
  REQUIRE(bench.intent().end == 105);
  REQUIRE(bench.host->rejected.count({0, 102}) == 1);
  bench.cos->fault = nullptr;
  bench.host.reset();
  REQUIRE(bench.cos->objects.empty());
}

}  // namespace

TEST_CASE("when memory is spent the largest open object is cut early") {
  Bench bench(Config{}, 64 << 10, 3);
  bench.host->open({0, 1, 2});
  bench.host->run_jobs();
  bench.produce(20, 0, std::string(1000, 'a'));
  bench.produce(30, 1, std::string(1000, 'b'));
  bench.produce(40, 2, std::string(1000, 'c'));
  CHECK(bench.host->deliver(0, 20) == 20);
  CHECK(bench.host->deliver(1, 30) == 30);
  CHECK(bench.host->reserved <= 64 << 10);
  const auto taken = bench.host->deliver(2, 40);
  CHECK(taken > 0);
  CHECK(taken < 40);
  REQUIRE(bench.host->with_requests() == std::vector<int>{1});  // the intent of the largest
  CHECK(bench.host->deliver(2, 40) == 0);                       // it is on its way: nothing else is cut
  CHECK(bench.host->with_requests() == std::vector<int>{1});
  bench.host->settle();
  CHECK(bench.host->position(2) == 140);
  bench.flush();
  for (int i = 0; i < 3; ++i) CHECK(bench.partition(i).committed.offset == bench.partition(i).end);
  CHECK(bench.host->reserved <= 64 << 10);
}

TEST_CASE("an object fills half of the memory at the most, so that the next can fill while it is stored") {
  Bench bench(Config{}, 64 << 10);
  bench.open();
  bench.produce(40, 0, std::string(1000, 'a'));
  bench.host->deliver(0, 40);
  CHECK(bench.host->with_requests() == std::vector<int>{0});
  CHECK(bench.host->sink().describe(bench.host->id(0)).records == 7);
}

TEST_CASE("a record that can never fit is reported and not lost") {
  Bench bench(Config{}, 64 << 10);
  bench.open();
  bench.produce(1, 0, "small");
  bench.produce(1, 0, std::string(100000, 'x'));
  bench.host->settle();
  bench.host->settle();
  REQUIRE(bench.host->rejected.size() == 1);
  CHECK_THAT(bench.host->rejected.at({0, 101}),
             Catch::Contains("takes 100001 bytes, and buffer.memory allows 32768 an object: raise buffer.memory to at least 200002"));
  CHECK(bench.host->position(0) == 101);
  bench.pass(300000);
  bench.host->settle();
  CHECK(bench.only_object().body == "small\n");  // what was before it is stored
  bench.partition().records.pop_back();          // retention
  bench.produce(1, 0, "next");
  bench.host->settle();
  CHECK(bench.host->position(0) == 103);
}

TEST_CASE("whether a record can be stored depends on its size alone, and one that cannot keeps no memory from others") {
  Bench bench(Config{}, 64 << 10, 2);
  bench.host->open({0, 1});
  bench.host->run_jobs();
  bench.produce(1, 0, std::string(40000, 'x'));  // all memory is free
  bench.produce(30, 1, std::string(1000, 'a'));
  bench.host->settle();
  CHECK(bench.host->rejected.count({0, 100}) == 1);
  bench.pass(300000);
  bench.host->settle();
  CHECK(bench.partition(1).committed.offset == bench.partition(1).end);
  CHECK(bench.partition(0).committed.offset == 100);
}

TEST_CASE("chunks are a quarter of the memory for each partition, within bounds") {
  const auto chunk = [](std::uint64_t memory, int partitions) {
    Bench bench(Config{}, memory, partitions);
    std::vector<int> all;
    for (int i = 0; i < partitions; ++i) all.push_back(i);
    bench.host->open(all);
    bench.host->run_jobs();
    bench.produce(1);
    bench.host->deliver(0);
    return bench.host->reserved;
  };
  CHECK(chunk(64 << 20, 1) == 256 << 10);
  CHECK(chunk(1 << 20, 10) == 16 << 10);
  CHECK(chunk(1 << 20, 1000) == 4 << 10);
}

TEST_CASE("memory that nobody uses is given back") {
  Bench bench(Config{{"rotate.records", "1"}});
  bench.open();
  bench.produce(3);
  bench.host->settle();
  CHECK(bench.host->reserved > 0);
  bench.pass(1000);
  CHECK(bench.host->reserved == 0);
}

TEST_CASE("a range that is read again gets its memory from the other partitions") {
  Bench bench(Config{}, 64 << 10, 2);
  bench.commit_intent(100, 130, key_at(100));
  bench.produce(30, 0, std::string(1000, 'a'));
  bench.produce(30, 1, std::string(1000, 'b'));
  bench.fail("head", Effect::fail_before);
  bench.host->open({0, 1});
  bench.host->run_jobs();
  REQUIRE(bench.host->resumed(1));
  CHECK(bench.host->deliver(1, 30) == 30);
  bench.cos->fault = nullptr;
  bench.host->sink().retry();
  bench.host->settle();
  CHECK(bench.object(key_at(100)).options.metadata.at("records") == "30");
  bench.flush();
  CHECK(bench.partition(1).committed.offset == 130);
}

TEST_CASE("a range that is read again leaves out what was passed over when it was cut, whatever buffer.memory is now") {
  Bench bench(Config{}, 64 << 10);
  std::size_t large = 40000;
  std::uint64_t memory_now = 64 << 10;
  SECTION("there is memory for it") {}
  SECTION("there never is") { large = 100000; }
  SECTION("buffer.memory allows it now") { memory_now = 1 << 20; }
  SECTION("buffer.memory was lowered") { memory_now = 16 << 10; }
  die_before_an_object_with_a_hole(bench, large);
  CHECK(bench.intent().record_limit == 32 << 10);
  bench.task.buffer_memory = memory_now;
  bench.start();
  bench.host->reject_result = CH_OK;
  bench.host->open({0});
  bench.host->settle();
  REQUIRE(bench.host->rejected.size() == 1);
  CHECK_THAT(bench.host->rejected.at({0, 102}), Catch::Contains("was passed over when " + bench.cos->objects.begin()->first + " was cut"));
  CHECK(bench.only_object().body == "v\nv\nv\nv\n");
  CHECK(bench.only_object().options.metadata.at("records") == "4");
  CHECK(bench.partition().committed.offset == 105);
  CHECK(bench.reason().empty());
}

TEST_CASE("a range that is read again holds what was taken when it was cut, although buffer.memory would not allow it now") {
  Bench bench(Config{}, 64 << 10);
  die_before_an_object_with_a_hole(bench, 40000);
  bench.partition().records[3].value = std::string(20000, 'y');
  auto intent = bench.intent();
  intent.bytes += 20000 - 1;
  bench.partition().committed.state = cos::encode(intent);
  bench.task.buffer_memory = 32 << 10;
  bench.start();
  bench.host->reject_result = CH_OK;
  bench.host->open({0});
  bench.host->settle();
  CHECK(bench.host->rejected.size() == 1);
  CHECK(bench.only_object().body.size() == 20007);
  CHECK(bench.partition().committed.offset == 105);
}

TEST_CASE("of an intent that keeps no limit the present one holds") {
  Bench bench(Config{}, 64 << 10);
  die_before_an_object_with_a_hole(bench, 40000);
  auto intent = bench.intent();
  intent.record_limit = 0;
  bench.partition().committed.state = cos::encode(intent);
  bench.start();
  bench.host->reject_result = CH_OK;
  bench.host->open({0});
  bench.host->settle();
  CHECK_THAT(bench.host->rejected.at({0, 102}), Catch::Contains("buffer.memory allows 32768 an object"));
  CHECK(bench.only_object().body == "v\nv\nv\nv\n");
}

TEST_CASE("a range that is read again and gets no more memory says so, and goes on when there is some") {
  Bench bench(Config{}, 64 << 10);
  bench.commit_intent(100, 130, key_at(100));
  bench.produce(30, 0, std::string(1000, 'a'));
  bench.open();
  bench.host->reserved += 48 << 10;  // by others
  bench.host->settle();
  CHECK(bench.host->position(0) > 100);
  CHECK(bench.host->position(0) < 130);
  CHECK(bench.reason().empty());  // it may pass
  bench.pass(31000);
  bench.host->settle();
  CHECK(bench.reason() == "cos_error");
  CHECK_THAT(bench.host->interruptions.at(0).message, Catch::Contains("no more memory is free"));
  CHECK_THAT(bench.host->interruptions.at(0).remedy, Catch::Contains("raise buffer.memory"));
  bench.host->reserved -= 48 << 10;
  bench.host->settle();
  CHECK(bench.reason().empty());
  CHECK(bench.object(key_at(100)).options.metadata.at("records") == "30");
  CHECK(bench.partition().committed.offset == 130);
}

}  // namespace ch::cos_test
