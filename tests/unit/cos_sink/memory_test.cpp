// buffer.memory as the bound of what a task holds, and the settings that the size of its pieces follows.
#include "bench.hpp"

namespace ch::cos_test {

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

}  // namespace ch::cos_test
