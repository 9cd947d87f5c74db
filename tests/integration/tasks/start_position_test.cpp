#include "tasks/offsets/start_position.hpp"

#include <catch2/catch.hpp>

#include "dev/broker.hpp"
#include "runner/offset_metadata.hpp"
#include "tasks/offsets/offset_changes.hpp"

using namespace ch;
using namespace ch::tasks;
using namespace ch::runner;
using namespace std::chrono_literals;

namespace {

// What one host keeps of a task, and what it does with a plan (see ManagedTask::fix_start).
struct SharingHost {
  explicit SharingHost(std::uint64_t series) {
    record.series = series;
    record.start_position = "latest";
  }

  StartPlan start(kafka::GroupClient& client, const std::string& position, std::int32_t partitions = 2) {
    auto plan = fix_start_positions(client, {{"orders", partitions}}, record, position, saved);
    REQUIRE_FALSE(plan.trouble);
    record.series = plan.series;
    record.start_position = position;
    for (const auto& offset : plan.believed) saved.emplace(kafka::TopicPartition{offset.topic, offset.partition}, offset);
    for (const auto& offset : plan.fixed) saved[{offset.topic, offset.partition}] = offset;
    return plan;
  }

  void keep(std::int32_t partition, std::int64_t offset, const std::string& state) {
    saved[{"orders", partition}] = {"orders", partition, offset, state};
  }

  store::TaskRecord record;
  SavedOffsets saved;
};

std::vector<kafka::PartitionOffset> committed(kafka::GroupClient& client, std::int32_t partitions = 2) {
  auto answer = client.committed(all_partitions({{"orders", partitions}}), 10s);
  REQUIRE_FALSE(answer.trouble);
  REQUIRE(answer.value.size() == static_cast<std::size_t>(partitions));
  return answer.value;
}

void commit(kafka::GroupClient& client, const std::vector<kafka::PartitionOffset>& offsets) { REQUIRE(client.commit(offsets, 10s).value); }

}  // namespace

TEST_CASE("start.position changed on two hosts that share a task: one of them rewinds, the other goes on from there") {
  const auto broker = dev::Broker::start().value();
  REQUIRE(broker->create_topic("orders", 3));
  kafka::GroupClient client({{"bootstrap.servers", broker->bootstrap()}}, "connect-orders", "test");
  const auto before = encode_offset_metadata({1, "before"});
  SharingHost one(1), other(1);
  for (std::int32_t partition = 0; partition < 2; ++partition) {
    one.keep(partition, 10, before);
    other.keep(partition, 10, before);
  }
  commit(client, {{{"orders", 0}, 10, before}, {{"orders", 1}, 10, before}});

  CHECK(one.start(client, "earliest").series == 2);
  const auto rewound = committed(client);
  CHECK((rewound[0].offset == 0 && rewound[0].metadata == encode_offset_metadata({2, ""})));
  CHECK((rewound[1].offset == 0 && rewound[1].metadata == encode_offset_metadata({2, ""})));
  const auto stored = encode_offset_metadata({2, "stored"});
  commit(client, {{{"orders", 0}, 7, stored}});

  SECTION("nothing is committed by the other one, which keeps what it has found in place of what it had") {
    // One of the partitions is new, and has been in no rewind: it starts at its beginning.
    CHECK(other.start(client, "earliest", 3).series == 2);
    const auto now = committed(client, 3);
    CHECK((now[0].offset == 7 && now[0].metadata == stored));
    CHECK((now[1].offset == 0 && now[1].metadata == encode_offset_metadata({2, ""})));
    CHECK(now[2].offset == -1);
    REQUIRE(other.saved.size() == 2);
    const auto& kept = other.saved.at({"orders", 0});
    CHECK((kept.offset == 7 && kept.state == stored));
    // What was committed before the rewind would not be believed now.
    CHECK(outlived(before, &kept, other.record.series));

    CHECK(other.start(client, "earliest", 3).series == 2);
    CHECK(committed(client)[0].offset == 7);
  }
  SECTION("a later change is another rewind, whichever host comes first") {
    CHECK(other.start(client, "earliest").series == 2);
    CHECK(other.start(client, "latest").series == 3);
    CHECK(one.start(client, "latest").series == 3);
    CHECK(committed(client)[0].metadata == encode_offset_metadata({3, ""}));
    CHECK(one.start(client, "earliest").series == 4);
    CHECK(committed(client)[1].metadata == encode_offset_metadata({4, ""}));
  }
  SECTION("a partition that only this host's series has seen is rewound, in a series of its own") {
    commit(client, {{{"orders", 1}, 10, before}});
    CHECK(other.start(client, "earliest").series == 3);
    const auto now = committed(client);
    CHECK((now[0].offset == 7 && now[0].metadata == stored));
    CHECK((now[1].offset == 0 && now[1].metadata == encode_offset_metadata({3, ""})));
    // Both are believed at the next start, each in its series.
    CHECK(other.start(client, "earliest").fixed.empty());
    CHECK(committed(client)[0].metadata == stored);
  }
}
