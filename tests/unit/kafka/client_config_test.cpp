#include "kafka/client_config.hpp"

#include <catch2/catch.hpp>

using namespace ch::kafka;

TEST_CASE("consumer properties: what exactly-once depends on wins over everything") {
  ConsumerSettings settings;
  settings.cluster = {{"bootstrap.servers", "127.0.0.1:1"}, {"enable.auto.commit", "true"}};
  settings.overrides = {{"auto.offset.reset", "latest"}, {"fetch.wait.max.ms", "50"}};
  settings.group_id = "connect-a";
  const auto p = consumer_properties(settings);
  CHECK(p.at("enable.auto.commit") == "false");
  CHECK(p.at("enable.auto.offset.store") == "false");
  CHECK(p.at("auto.offset.reset") == "error");
  CHECK(p.at("enable.partition.eof") == "true");
  CHECK(p.at("fetch.wait.max.ms") == "50");
  CHECK(p.at("bootstrap.servers") == "127.0.0.1:1");
  CHECK(p.count("group.instance.id") == 0);
}

TEST_CASE("consumer properties: the client's queue stays within its share of the memory") {
  for (const std::uint64_t memory : {2ULL << 20, 8ULL << 20, 1ULL << 30}) {
    ConsumerSettings settings;
    settings.fetch_memory = memory;
    const auto p = consumer_properties(settings);
    const auto queued = std::stoull(p.at("queued.max.messages.kbytes")) << 10, fetch = std::stoull(p.at("fetch.max.bytes"));
    CHECK(queued + fetch <= memory * 3 / 4);
    CHECK(std::stoull(p.at("queued.min.messages")) * 128 <= queued);
    CHECK(fetch >= std::stoull(p.at("message.max.bytes")));
    CHECK(fetch >= std::stoull(p.at("max.partition.fetch.bytes")));
    CHECK(std::stoull(p.at("max.partition.fetch.bytes")) >= 2 * 16384);  // producers' batch.size
  }
}

// Its end waits for what it has asked: librdkafka's own 45 s for the coordinator and 60 s for an answer would hold up a stop.
TEST_CASE("lookup properties: a client that only asks is not kept for long by what is not answered") {
  const auto p = lookup_properties({{"bootstrap.servers", "127.0.0.1:1"}, {"session.timeout.ms", "45000"}}, "connect-a", "a");
  CHECK(std::stoi(p.at("session.timeout.ms")) <= 5000);
  CHECK(std::stoi(p.at("socket.timeout.ms")) <= 10000);
  CHECK(lookup_properties({{"socket.timeout.ms", "30000"}}, "connect-a", "a").at("socket.timeout.ms") == "30000");  // the instance's own
}
