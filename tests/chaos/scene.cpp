#include "scene.hpp"

#include <fmt/format.h>

#include <csignal>

#include "support/process/eventually.hpp"

namespace ch::chaos {
namespace {

using namespace std::chrono_literals;
using test::eventually;

constexpr const char* kBucket = "archive-1250000000";
constexpr const char* kPlain = "chaos";
constexpr const char* kWithTransactions = "chaos-transactions";
constexpr std::chrono::seconds kDrainLimit{100};  // longer than the longest back-off and what comes after it

test::KafkaBroker& started(test::KafkaBroker& broker) {
  broker.start();
  return broker;
}

}  // namespace

Scene::Scene(const Options& options) : network_(broker_.late_advertised(), started(broker_).late_port()) {
  cos_emulator::Options cos;
  cos.dir = dir_.path() / "cos";
  cos.buckets = {kBucket};
  cos.access = {{"AKIDchaos", {"chaos-secret", "", std::nullopt}}};
  cos.threads = 4;
  cos_ = std::make_unique<cos_emulator::Emulator>(cos);
  test::KafkaAdmin admin(broker_.bootstrap());
  admin.create_topic(kPlain, kPartitions);
  admin.create_topic(kWithTransactions, kTransactional);

  std::string failpoints;
  for (const auto& bug : options.bugs) failpoints += "bug." + bug + "=on;";
  test::HostOptions host;
  host.bootstrap = fmt::format("127.0.0.1:{}", broker_.late_advertised());
  host.environment = {{"CH_FAILPOINTS", failpoints}};
  for (int i = 0; i < options.hosts; ++i) {
    hosts_.push_back(std::make_unique<test::HostProcess>(host));
    start(*hosts_.back());
  }
  plain_ = std::make_unique<test::LedgerProducer>(broker_.bootstrap(), kPlain, test::Mix{options.seed, 0.005, 0.005, 0.005, 0.01, 0.0005});
  transactional_ = std::make_unique<test::TransactionProducer>(broker_.bootstrap(), kWithTransactions);
  producers_.push_back(producing([this] { plain_->produce(40, kPartitions); }));
  producers_.push_back(producing([this, number = 0]() mutable { transactional_->transaction(10, kTransactional, ++number % 4 != 0); }));
}

Scene::~Scene() { producing_ = false; }

template <class Work>
std::jthread Scene::producing(Work work) {
  return std::jthread([this, work]() mutable {
    try {
      for (; producing_; std::this_thread::sleep_for(25ms)) work();
    } catch (const std::exception& error) {
      const std::lock_guard lock(mutex_);
      trouble_ += std::string("a producer: ") + error.what() + "\n";
    }
  });
}

nlohmann::json Scene::config() const {
  return {{"topics", fmt::format("{},{}", kPlain, kWithTransactions)},
          {"start.position", "earliest"},
          {"cos.bucket", kBucket},
          {"cos.endpoint", fmt::format("http://127.0.0.1:{}/{{bucket}}", cos_->port())},
          {"cos.secret.id", "AKIDchaos"},
          {"cos.secret.key", "chaos-secret"},
          {"rotate.interval.ms", "400"},
          {"rotate.records", "300"},
          {"part.bytes", "1MiB"},
          {"consumer.override.session.timeout.ms", "2000"},
          {"consumer.override.heartbeat.interval.ms", "400"}};
}

void Scene::start(test::HostProcess& host) {
  if (host.running()) return;
  host.start();
  if (host.get(std::string("/v1/tasks/") + kTask).status == 404) (void)host.post("/v1/tasks", {{"name", kTask}, {"config", config()}});
}

Verdict Scene::end() {
  Verdict verdict;
  cos_->clear_faults();
  for (const auto* operation : {"put", "head", "list"}) cos_->set_denied(operation, false);
  broker_.start();
  broker_.thaw();
  for (auto& host : hosts_) {
    if (host->running()) host->process().signal(SIGCONT);
    start(*host);
    (void)host->post(std::string("/v1/tasks/") + kTask + "/enable");
  }
  producing_ = false;
  producers_.clear();
  verdict.trouble = trouble_;
  try {
    plain_->flush();
  } catch (const std::exception& error) {
    verdict.trouble += error.what();
  }
  test::KafkaAdmin admin(broker_.bootstrap());
  verdict.drained = eventually(kDrainLimit, [&] {
    try {
      return admin.lag(kGroup, kPlain, kPartitions) + admin.lag(kGroup, kWithTransactions, kTransactional) == 0;
    } catch (const std::exception&) {
      return false;  // the broker is not yet itself again
    }
  });
  verdict.plain = test::check_bucket({dir_.path() / "cos" / kBucket, kTask, {}}, plain_->ledger());
  verdict.transactional = test::check_bucket({dir_.path() / "cos" / kBucket, kTask, {}}, transactional_->ledger());
  if (!verdict.ok())
    for (const auto& host : hosts_) verdict.trouble += host->status(kTask).dump() + "\n" + host->log_end() + "\n";
  return verdict;
}

}  // namespace ch::chaos
