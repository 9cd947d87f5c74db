#include "tasks/offset_keeper.hpp"

#include <catch2/catch.hpp>

#include "dev/broker.hpp"
#include "runner/offset_metadata.hpp"

using namespace ch;
using namespace ch::tasks;
using namespace ch::runner;
using namespace std::chrono_literals;

TEST_CASE("the offsets of a disabled task are committed again: those of the broker, the host's where it has forgotten them") {
  const auto broker = dev::Broker::start().value();
  REQUIRE(broker->create_topic("orders", 3));
  kafka::GroupClient client({{"bootstrap.servers", broker->bootstrap()}}, "connect-orders", "test");
  const auto state = encode_offset_metadata({1, "what was stored"});
  const SavedOffsets saved = {
      {{"orders", 0}, {"orders", 0, 10, state}}, {{"orders", 1}, {"orders", 1, 20, state}}, {{"orders", 2}, {"orders", 2, 30, state}}};
  // Another host has gone on, and an operator has set an offset back.
  const auto later = encode_offset_metadata({1, "stored by another host"});
  REQUIRE(client.commit({{{"orders", 0}, 15, later}, {{"orders", 1}, 5, ""}}, 10s).value);

  store::TaskRecord record;
  record.series = 1;
  REQUIRE_FALSE(commit_again(client, record, saved));

  const auto now = client.committed(all_partitions({{"orders", 3}}), 10s);
  REQUIRE_FALSE(now.trouble);
  REQUIRE(now.value.size() == 3);
  CHECK((now.value[0].offset == 15 && now.value[0].metadata == later));
  CHECK((now.value[1].offset == 5 && now.value[1].metadata.empty()));
  CHECK((now.value[2].offset == 30 && now.value[2].metadata == state));
}
