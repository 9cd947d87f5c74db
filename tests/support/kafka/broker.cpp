#include "support/kafka/broker.hpp"

#include <fmt/format.h>

#include <csignal>
#include <random>
#include <stdexcept>

#include "support/kafka/handles.hpp"
#include "support/process/eventually.hpp"
#include "support/process/net.hpp"

namespace ch::test {
namespace {

constexpr std::chrono::minutes kFetchLimit{5};
constexpr std::chrono::seconds kFormatLimit{60};
constexpr std::chrono::minutes kStartLimit{5};  // 3 s of processor time and a session of 4 s; a crowded machine makes a minute of it
constexpr std::chrono::seconds kStopLimit{30};
constexpr std::size_t kLogLinesShown = 40;

const std::filesystem::path kSupportDir = CH_TEST_SUPPORT_DIR;

std::string fetched_jars() {
  const auto fetched = run({(kSupportDir / "kafka/fetch_kafka.sh").string()}, kFetchLimit);
  if (fetched.status != 0) throw std::runtime_error("fetch_kafka.sh failed: " + fetched.errors);
  return fetched.output.substr(0, fetched.output.find('\n'));
}

// 16 random bytes as Kafka writes them: base64 of URLs, without padding.
std::string random_uuid() {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::random_device random;
  std::string text = "C";  // some tools take a leading '-' for an option
  while (text.size() < 21) text += kDigits[random() % 64];
  return text + "A";
}

std::string properties(const std::filesystem::path& data, std::uint16_t port, std::uint16_t controller, std::uint16_t late,
                       std::uint16_t late_advertised, std::uint16_t sasl) {
  return fmt::format(
      "process.roles=broker,controller\n"
      "node.id=1\n"
      "controller.quorum.voters=1@127.0.0.1:{1}\n"
      "listeners=PLAINTEXT://127.0.0.1:{0},LATE://127.0.0.1:{3},SASL_PLAINTEXT://127.0.0.1:{5},CONTROLLER://127.0.0.1:{1}\n"
      "advertised.listeners=PLAINTEXT://127.0.0.1:{0},LATE://127.0.0.1:{4},SASL_PLAINTEXT://127.0.0.1:{5}\n"
      "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,LATE:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT\n"
      "inter.broker.listener.name=PLAINTEXT\n"
      "sasl.enabled.mechanisms=PLAIN\n"
      "listener.name.sasl_plaintext.plain.sasl.jaas.config="
      "org.apache.kafka.common.security.plain.PlainLoginModule required user_{6}=\"{7}\";\n"
      "controller.listener.names=CONTROLLER\n"
      "log.dirs={2}\n"
      "auto.create.topics.enable=false\n"
      "broker.heartbeat.interval.ms=500\n"
      "broker.session.timeout.ms=4000\n"  // for so long a killed broker is not let in again
      "initial.broker.registration.timeout.ms=300000\n"
      "log.segment.bytes=33554432\n"  // what a killed broker reads again when it starts
      "group.initial.rebalance.delay.ms=0\n"
      "group.min.session.timeout.ms=500\n"
      "num.network.threads=2\n"
      "num.io.threads=4\n"
      "offsets.topic.num.partitions=4\n"
      "offsets.topic.replication.factor=1\n"
      "transaction.state.log.num.partitions=1\n"
      "transaction.state.log.replication.factor=1\n"
      "transaction.state.log.min.isr=1\n"
      "share.coordinator.state.topic.num.partitions=1\n"
      "share.coordinator.state.topic.replication.factor=1\n"
      "share.coordinator.state.topic.min.isr=1\n",
      port, controller, data.string(), late, late_advertised, sasl, KafkaBroker::kSaslUser, KafkaBroker::kSaslPassword);
}

}  // namespace

KafkaBroker::KafkaBroker() : jars_(fetched_jars()) {
  const auto port = free_port();
  late_port_ = free_port();
  late_advertised_ = free_port();
  bootstrap_ = fmt::format("127.0.0.1:{}", port);
  const auto sasl_port = free_port();
  sasl_bootstrap_ = fmt::format("127.0.0.1:{}", sasl_port);
  write_file(dir_.path() / "server.properties",
             properties(dir_.path() / "data", port, free_port(), late_port_, late_advertised_, sasl_port));
  const auto config = (dir_.path() / "server.properties").string();
  const auto formatted = run(java("kafka.tools.StorageTool", {"format", "-t", random_uuid(), "-c", config}), kFormatLimit);
  if (formatted.status != 0) throw std::runtime_error("the broker's storage cannot be formatted: " + formatted.output + formatted.errors);
}

KafkaBroker::~KafkaBroker() = default;

std::vector<std::string> KafkaBroker::java(const std::string& main_class, const std::vector<std::string>& arguments) const {
  std::vector<std::string> words = {
      "java", "-Xmx512m",   "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
      "-cp",  jars_ + "/*", main_class};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

void KafkaBroker::start() {
  if (running()) return;
  process_ = std::make_unique<Process>(
      Command{java("kafka.Kafka", {(dir_.path() / "server.properties").string()}), {}, "/dev/null", log_file(), log_file()});
  if (!eventually(kStartLimit, [&] { return !process_->running() || answers(); })) give_up("did not answer in time");
  if (!process_->running()) give_up("ended at its start");
}

bool KafkaBroker::answers() {
  const auto client = make_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", bootstrap_}, {"log_level", "0"}});
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(client.get(), 1, nullptr, &metadata, 5000) != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  const bool up = metadata->broker_cnt > 0;
  rd_kafka_metadata_destroy(metadata);
  return up;
}

void KafkaBroker::stop() {
  if (!running()) return;
  process_->signal(SIGTERM);
  if (!process_->wait(kStopLimit)) give_up("did not stop in time");
}

void KafkaBroker::kill() {
  if (process_ != nullptr) process_->kill();
}

void KafkaBroker::freeze() { process_->signal(SIGSTOP); }
void KafkaBroker::thaw() { process_->signal(SIGCONT); }

void KafkaBroker::give_up(const std::string& what) {
  throw std::runtime_error("the broker " + what + "; the end of its log:\n" + last_lines(log_file(), kLogLinesShown));
}

KafkaBroker& shared_broker() {
  static KafkaBroker broker;
  broker.start();
  return broker;
}

}  // namespace ch::test
