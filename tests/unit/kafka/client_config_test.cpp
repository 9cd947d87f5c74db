#include "kafka/client_config.hpp"

#include <catch2/catch.hpp>

#include "kafka/errors.hpp"
#include "kafka/rdkafka_handles.hpp"

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
    CHECK(std::stoull(p.at("fetch.queue.backoff.ms")) <= 5);  // or a full queue is read empty before there is more
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

TEST_CASE("a certificate that the broker does not take is a refusal, though it comes as a transport that failed") {
  const std::string failed =
      "ssl://127.0.0.1:1/bootstrap: Receive failed: error:0A000412:SSL routines::sslv3 alert bad certificate: SSL alert number ";
  for (const char* number : {"40", "42 (after 59ms in state APIVERSION_QUERY)", "46", "48", "49", "116"})
    CHECK(meant(RD_KAFKA_RESP_ERR__TRANSPORT, failed + number) == RD_KAFKA_RESP_ERR__SSL);
  for (const char* number : {"", "0", "20", "80", "x"})
    CHECK(meant(RD_KAFKA_RESP_ERR__TRANSPORT, failed + number) == RD_KAFKA_RESP_ERR__TRANSPORT);
  CHECK(meant(RD_KAFKA_RESP_ERR__TRANSPORT, "Connect to ipv4#127.0.0.1:1 failed: Connection refused") == RD_KAFKA_RESP_ERR__TRANSPORT);
  CHECK(meant(RD_KAFKA_RESP_ERR__AUTHENTICATION, failed + "42") == RD_KAFKA_RESP_ERR__AUTHENTICATION);
}
