#include "dev/sandbox.hpp"

#include <librdkafka/rdkafka.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace fs = std::filesystem;
using ch::dev::Sandbox;

namespace {

struct Free {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
};

// The value of the first record of a partition, read by another client.
std::string first_record(const std::string& bootstrap, const char* topic, int partition) {
  std::array<char, 512> why{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap.c_str(), why.data(), why.size());
  const std::unique_ptr<rd_kafka_t, Free> consumer(rd_kafka_new(RD_KAFKA_CONSUMER, conf, why.data(), why.size()));
  const std::unique_ptr<rd_kafka_topic_t, Free> handle(rd_kafka_topic_new(consumer.get(), topic, nullptr));
  rd_kafka_consume_start(handle.get(), partition, RD_KAFKA_OFFSET_BEGINNING);
  const std::unique_ptr<rd_kafka_message_t, Free> message(rd_kafka_consume(handle.get(), partition, 20000));
  rd_kafka_consume_stop(handle.get(), partition);
  if (message == nullptr || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return "";
  return {static_cast<const char*>(message->payload), message->len};
}

}  // namespace

TEST_CASE("a sandbox has a broker with sample records, and leaves nothing behind") {
  fs::path dir;
  {
    auto sandbox = Sandbox::start("");
    REQUIRE(sandbox);
    dir = (*sandbox)->dir();
    CHECK((*sandbox)->temporary());
    REQUIRE((*sandbox)->start_sample());
    CHECK(first_record((*sandbox)->bootstrap(), ch::dev::kSampleTopic, 2).find(R"("order":2)") != std::string::npos);
    CHECK((*sandbox)->cos_endpoint().rfind("http://127.0.0.1:", 0) == 0);
    const auto task = (*sandbox)->task_config("t");
    CHECK(task.at("topics") == "t");
    CHECK(task.at("cos.endpoint") == (*sandbox)->cos_endpoint());
  }
  CHECK_FALSE(fs::exists(dir));
}

TEST_CASE("a folder that is named stays, is locked, and keeps earlier runs aside") {
  const fs::path dir = fs::temp_directory_path() / ("connector-host-sandbox-test-" + std::to_string(::getpid()));
  {
    auto sandbox = Sandbox::start(dir);
    REQUIRE(sandbox);
    CHECK_FALSE((*sandbox)->temporary());
    fs::create_directories((*sandbox)->state_dir());
    std::ofstream((*sandbox)->state_dir() / "db") << "x";
    const auto second = Sandbox::start(dir);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ch::ErrorCode::conflict);
  }
  std::ofstream(dir / "mine") << "kept";
  {
    auto again = Sandbox::start(dir);
    REQUIRE(again);
    CHECK_FALSE(fs::exists((*again)->state_dir() / "db"));
  }
  CHECK(fs::exists(dir / "mine"));
  std::size_t earlier = 0;
  for (const auto& entry : fs::directory_iterator(dir)) earlier += fs::exists(entry.path() / "state" / "db") ? 1 : 0;
  CHECK(earlier == 1);
  fs::remove_all(dir);
}
