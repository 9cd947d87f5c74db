#include "kafka/group_client.hpp"

#include <catch2/catch.hpp>
#include <chrono>

using namespace ch::kafka;
using namespace std::chrono_literals;

// librdkafka keeps a commit until its session time-out while there is no coordinator, and the client's end waits for that.
TEST_CASE("group client: a commit that nobody takes does not hold up its end") {
  auto client = std::make_unique<GroupClient>(Properties{{"bootstrap.servers", "127.0.0.1:1"}}, "connect-orders", "test");
  CHECK(client->commit({{{"orders", 0}, 1, ""}}, 100ms).trouble);
  const auto begin = std::chrono::steady_clock::now();
  client.reset();
  CHECK(std::chrono::steady_clock::now() - begin < 20s);
}
