#include "runner/causes.hpp"

#include <catch2/catch.hpp>

using namespace ch;
using runner::Causes;
using runner::list_of;
using Reasons = std::vector<std::string>;

TEST_CASE("one cause is told once, however many partitions it stops") {
  ManualClock clock;
  Causes causes;
  for (ch_partition_id id = 1; id <= 64; ++id) causes.add(id, "bucket_missing", clock.steady());
  CHECK(causes.take_due(clock.steady()).empty());  // more may come
  clock.pass(Causes::kGather);
  CHECK(causes.take_due(clock.steady()) == Reasons{"bucket_missing"});
  CHECK(causes.partitions("bucket_missing").size() == 64);
  CHECK(causes.largest() == std::pair(std::string("bucket_missing"), std::size_t{64}));
  clock.pass(Causes::kGather);
  CHECK(causes.take_due(clock.steady()).empty());
  for (ch_partition_id id = 1; id < 64; ++id) CHECK_FALSE(causes.remove(id, "bucket_missing"));
  CHECK(causes.remove(64, "bucket_missing"));  // that is the end of it
  CHECK_FALSE(causes.remove(64, "bucket_missing"));
  CHECK(causes.largest().second == 0);
}

TEST_CASE("partitions that join a cause later are told of when they have doubled") {
  ManualClock clock;
  Causes causes;
  int told = 0;
  for (ch_partition_id id = 1; id <= 1000; ++id) {
    causes.add(id, "record_rejected", clock.steady());
    causes.add(id, "record_rejected", clock.steady());  // the same again
    clock.pass(Causes::kGather);
    told += static_cast<int>(causes.take_due(clock.steady()).size());
  }
  CHECK(told == 10);  // 1, 2, 4 ... 512
}

TEST_CASE("what is over before it was told is not told at all, and what must be told now is") {
  ManualClock clock;
  Causes causes;
  causes.add(1, "cos_unreachable", clock.steady());
  CHECK_FALSE(causes.remove(1, "cos_unreachable"));
  clock.pass(Causes::kGather);
  CHECK(causes.take_due(clock.steady()).empty());
  causes.add(1, "cos_unreachable", clock.steady());
  causes.add(2, "arrears", clock.steady());
  CHECK(causes.take_due(clock.steady(), true) == Reasons{"arrears", "cos_unreachable"});
}

TEST_CASE("partitions are listed by topic, in ranges, and within a bound") {
  CHECK(list_of({{"orders", 3}, {"bills", 2}, {"orders", 0}, {"orders", 1}, {"orders", 2}, {"orders", 7}, {"bills", 5}}) ==
        "bills 2, 5, orders 0-3, 7");
  std::vector<kafka::TopicPartition> odd;
  for (std::int32_t i = 0; i < 1000; ++i) odd.push_back({"orders", 2 * i + 1});
  const auto text = list_of(odd);
  CHECK(text.size() < 250);
  CHECK(text.starts_with("orders 1, 3, 5, 7"));
  CHECK(text.ends_with(" more"));
}
