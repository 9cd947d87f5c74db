#include "dev/broker.hpp"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <thread>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/time.hpp"

namespace ch::dev {
namespace {

constexpr std::chrono::milliseconds kPause{200};  // between two sample records
constexpr int kFlushMs = 1000;
constexpr std::size_t kErrorText = 512;

struct Free {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
  void operator()(rd_kafka_mock_cluster_t* cluster) const { rd_kafka_mock_cluster_destroy(cluster); }
};
using Handle = std::unique_ptr<rd_kafka_t, Free>;
using Cluster = std::unique_ptr<rd_kafka_mock_cluster_t, Free>;

constexpr int kSyslogWarning = 4;

void on_log(const rd_kafka_t*, int level, const char* facility, const char* text) {
  if (level <= kSyslogWarning) {
    log::warn("", "embedded broker: {}: {}", facility, text);
  } else {
    log::debug("", "embedded broker: {}: {}", facility, text);
  }
}

Result<Handle> make_producer(const std::string& bootstrap) {
  std::array<char, kErrorText> why{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, &on_log);
  rd_kafka_conf_set(conf, "client.id", "connector-host-dev", why.data(), why.size());
  if (!bootstrap.empty()) rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap.c_str(), why.data(), why.size());
  Handle handle(rd_kafka_new(RD_KAFKA_PRODUCER, conf, why.data(), why.size()));
  if (handle != nullptr) return handle;
  rd_kafka_conf_destroy(conf);
  return fail(ErrorCode::internal, fmt::format("no Kafka client for the embedded broker: {}", why.data()));
}

}  // namespace

struct Broker::Impl {
  Handle handle;
  Cluster cluster;  // goes before the handle that it hangs on
};

Broker::Broker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Broker::~Broker() = default;

Result<std::unique_ptr<Broker>> Broker::start() {
  auto impl = std::make_unique<Impl>();
  auto handle = make_producer("");
  if (!handle) return tl::unexpected(handle.error());
  impl->handle = std::move(*handle);
  impl->cluster.reset(rd_kafka_mock_cluster_new(impl->handle.get(), 1));
  if (impl->cluster == nullptr) return fail(ErrorCode::internal, "the embedded broker did not start");
  return std::unique_ptr<Broker>(new Broker(std::move(impl)));
}

std::string Broker::bootstrap() const { return rd_kafka_mock_cluster_bootstraps(impl_->cluster.get()); }

Status Broker::create_topic(const std::string& topic, int partitions) {
  const auto code = rd_kafka_mock_topic_create(impl_->cluster.get(), topic.c_str(), partitions, 1);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(ErrorCode::internal, fmt::format("no topic {}: {}", topic, rd_kafka_err2str(code)));
  return {};
}

struct SampleProducer::Impl {
  std::string topic;
  int partitions = 1;
  Handle handle;
  std::jthread thread;  // ends before the handle goes

  void run(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    for (int number = 0; !stop.stop_requested(); ++number) {
      produce(number);
      rd_kafka_poll(handle.get(), 0);
      wake.wait_for(lock, stop, kPause, [] { return false; });
    }
    rd_kafka_flush(handle.get(), kFlushMs);
  }

  void produce(int number) {
    static constexpr std::array kItems = {"tea", "rice", "paper", "lamp", "kettle"};
    const nlohmann::json order = {{"order", number},
                                  {"item", kItems[static_cast<std::size_t>(number) % kItems.size()]},
                                  {"quantity", 1 + number % 4},
                                  {"at", rfc3339(wall_ms())}};
    const auto key = std::to_string(number);
    auto value = order.dump();
    const std::unique_ptr<rd_kafka_topic_t, void (*)(rd_kafka_topic_t*)> to(rd_kafka_topic_new(handle.get(), topic.c_str(), nullptr),
                                                                            &rd_kafka_topic_destroy);
    const bool queued = to != nullptr && rd_kafka_produce(to.get(), number % partitions, RD_KAFKA_MSG_F_COPY, value.data(), value.size(),
                                                          key.data(), key.size(), nullptr) == 0;
    if (!queued) log::warn("", "sample record {} was not produced: {}", number, rd_kafka_err2str(rd_kafka_last_error()));
  }
};

SampleProducer::SampleProducer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SampleProducer::~SampleProducer() = default;

Result<std::unique_ptr<SampleProducer>> SampleProducer::start(const std::string& bootstrap, const std::string& topic, int partitions) {
  auto handle = make_producer(bootstrap);
  if (!handle) return tl::unexpected(handle.error());
  auto impl = std::make_unique<Impl>();
  impl->topic = topic;
  impl->partitions = partitions;
  impl->handle = std::move(*handle);
  impl->thread = std::jthread([self = impl.get()](const std::stop_token& stop) { self->run(stop); });
  return std::unique_ptr<SampleProducer>(new SampleProducer(std::move(impl)));
}

}  // namespace ch::dev
