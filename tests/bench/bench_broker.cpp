// bench_broker MEGABYTES: a real broker with the benchmark's data sets, one topic each; the same records for the same
// size. Prints a JSON object of what there is, and ends when its input does.
#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>

#include "support/kafka/admin.hpp"
#include "support/kafka/broker.hpp"
#include "support/kafka/handles.hpp"

namespace {

using namespace ch::test;

constexpr int kFewPartitions = 16;
constexpr int kManyPartitions = 1000;
// What producers put into one batch: a few that are after throughput, and the default of Kafka's where there are many partitions.
const std::string kLargeBatches = "500000", kDefaultBatches = "16384";

std::string random_bytes(std::mt19937_64& random, std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(random());
  return out;
}

// An order as a shop's service would send it.
std::string order(std::mt19937_64& random) {
  static constexpr const char* kCities[] = {"Shenzhen", "Guangzhou", "Beijing", "Shanghai", "Chengdu", "Hangzhou"};
  static constexpr const char* kStates[] = {"CREATED", "PAID", "SHIPPED", "DELIVERED", "RETURNED"};
  std::string items;
  for (std::size_t i = 0, count = 1 + random() % 5; i < count; ++i)
    items += fmt::format("{}{{\"sku\":\"SKU-{:06}\",\"quantity\":{},\"price\":{}.{:02}}}", i == 0 ? "" : ",", random() % 50000,
                         1 + random() % 4, random() % 500, random() % 100);
  return fmt::format(
      "{{\"order_id\":\"{:016x}\",\"customer\":{{\"id\":{},\"city\":\"{}\",\"vip\":{}}},\"state\":\"{}\",\"created\":\"2026-11-{:02}T{:02}:"
      "{:02}:{:02}."
      "{:03}Z\",\"items\":[{}],\"note\":\"\",\"trace\":\"{:016x}{:016x}\"}}",
      random(), random() % 1000000, kCities[random() % 6], random() % 10 == 0, kStates[random() % 5], 1 + random() % 28, random() % 24,
      random() % 60, random() % 60, random() % 1000, items, random(), random());
}

struct Produced {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};

template <class Make>
Produced produce(const std::string& bootstrap, const std::string& topic, int partitions, std::uint64_t bytes,
                 const std::string& batch_bytes, Make make) {
  const auto client = make_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", bootstrap}, {"linger.ms", "50"}, {"batch.size", batch_bytes}});
  const Handle<rd_kafka_topic_t> handle(rd_kafka_topic_new(client.get(), topic.c_str(), nullptr));
  std::mt19937_64 random(20261125);
  // A pool of different values, so that making them does not take the time.
  std::vector<std::string> values;
  for (int i = 0; i < 20000; ++i) values.push_back(make(random));
  Produced done;
  for (; done.bytes < bytes; ++done.records) {
    const auto& value = values[random() % values.size()];
    // Runs of one partition, as batches of producers are.
    const auto partition = static_cast<std::int32_t>(done.records / 64 % static_cast<std::uint64_t>(partitions));
    for (;;) {
      const bool taken = rd_kafka_produce(handle.get(), partition, RD_KAFKA_MSG_F_COPY, const_cast<char*>(value.data()), value.size(),
                                          nullptr, 0, nullptr) == 0;
      if (taken) break;
      const auto code = rd_kafka_last_error();
      if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) expect_ok(code, "producing");
      rd_kafka_poll(client.get(), 50);
    }
    done.bytes += value.size();
  }
  expect_ok(rd_kafka_flush(client.get(), 120000), "flush");
  return done;
}

}  // namespace

int main(int count, char** arguments) try {
  if (count != 2) {
    std::cerr << "usage: bench_broker MEGABYTES\n";
    return 2;
  }
  const auto bytes = std::strtoull(arguments[1], nullptr, 10) * 1000000;
  KafkaBroker broker;
  broker.start();
  KafkaAdmin admin(broker.bootstrap());
  nlohmann::json out{{"bootstrap", broker.bootstrap()}, {"topics", nlohmann::json::object()}};
  const auto add = [&](const std::string& topic, int partitions, const std::string& batch_bytes, auto make) {
    admin.create_topic(topic, partitions);
    const auto made = produce(broker.bootstrap(), topic, partitions, bytes, batch_bytes, make);
    out["topics"][topic] = {{"partitions", partitions}, {"records", made.records}, {"bytes", made.bytes}};
  };
  add("random-1k", kFewPartitions, kLargeBatches, [](auto& random) { return random_bytes(random, 1024); });
  add("small-100", kFewPartitions, kLargeBatches, [](auto& random) { return random_bytes(random, 100); });
  add("json", kFewPartitions, kLargeBatches, [](auto& random) { return order(random); });
  add("many-1k", kManyPartitions, kDefaultBatches, [](auto& random) { return random_bytes(random, 1024); });
  admin.create_topic("idle", 1);
  std::cout << out << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
