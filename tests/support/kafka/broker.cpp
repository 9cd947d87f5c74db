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
constexpr std::chrono::minutes kFormatLimit{5};
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

struct Ports {
  std::uint16_t plain, controller, late, late_advertised, sasl, tls, sasl_tls;
};

// Who may come in by which listener, and what it shows of itself.
std::string security(const Certificates& certificates) {
  std::string out = "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512\n";
  for (const char* listener : {"sasl_plaintext", "sasl_ssl"}) {
    const auto prefix = fmt::format("listener.name.{}", listener);
    out += fmt::format("{}.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_{}=\"{}\";\n",
                       prefix, KafkaBroker::kSaslUser, KafkaBroker::kSaslPassword);
    for (const char* mechanism : {"scram-sha-256", "scram-sha-512"})
      out += fmt::format("{}.{}.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;\n", prefix, mechanism);
  }
  for (const char* listener : {"ssl", "sasl_ssl"}) {
    const auto prefix = fmt::format("listener.name.{}.ssl", listener);
    out += fmt::format("{0}.keystore.type=PEM\n{0}.keystore.location={1}\n{0}.truststore.type=PEM\n{0}.truststore.location={2}\n", prefix,
                       certificates.broker_store.string(), certificates.authority.string());
  }
  out += "listener.name.ssl.ssl.client.auth=required\n";
  return out;
}

// `node`: the second has no controller. `copies`: of the groups' offsets.
std::string properties(const std::filesystem::path& data, const Ports& ports, const Certificates& certificates, int node, int copies) {
  return fmt::format(
      "process.roles={8}\n"
      "node.id={9}\n"
      "controller.quorum.voters=1@127.0.0.1:{1}\n"
      "listeners=PLAINTEXT://127.0.0.1:{0},LATE://127.0.0.1:{3},{5}{7}\n"
      "advertised.listeners=PLAINTEXT://127.0.0.1:{0},LATE://127.0.0.1:{4},{5}\n"
      "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,LATE:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,"
      "SSL:SSL,SASL_SSL:SASL_SSL\n"
      "inter.broker.listener.name=PLAINTEXT\n"
      "{6}"
      "controller.listener.names=CONTROLLER\n"
      "log.dirs={2}\n"
      "auto.create.topics.enable=false\n"
      "broker.heartbeat.interval.ms=500\n"
      "broker.session.timeout.ms=4000\n"  // for so long a killed broker is not let in again
      "initial.broker.registration.timeout.ms=300000\n"
      "leader.imbalance.check.interval.seconds=1\n"
      "leader.imbalance.per.broker.percentage=0\n"
      "log.segment.bytes=33554432\n"  // what a killed broker reads again when it starts
      "log.cleaner.backoff.ms=500\n"
      "group.initial.rebalance.delay.ms=0\n"
      "group.min.session.timeout.ms=500\n"
      "num.network.threads=2\n"
      "num.io.threads=4\n"
      "offsets.topic.num.partitions={10}\n"
      "offsets.topic.replication.factor={11}\n"
      "transaction.state.log.num.partitions=1\n"
      "transaction.state.log.replication.factor=1\n"
      "transaction.state.log.min.isr=1\n"
      "share.coordinator.state.topic.num.partitions=1\n"
      "share.coordinator.state.topic.replication.factor=1\n"
      "share.coordinator.state.topic.min.isr=1\n",
      ports.plain, ports.controller, data.string(), ports.late, ports.late_advertised,
      fmt::format("SASL_PLAINTEXT://127.0.0.1:{},SSL://127.0.0.1:{},SASL_SSL://127.0.0.1:{}", ports.sasl, ports.tls, ports.sasl_tls),
      security(certificates), node == 1 ? fmt::format(",CONTROLLER://127.0.0.1:{}", ports.controller) : "",
      node == 1 ? "broker,controller" : "broker", node, KafkaBroker::kOffsetsPartitions, copies);
}

}  // namespace

KafkaBroker::KafkaBroker(std::optional<Pair> pair) : certificates_(dir_.path() / "certificates"), jars_(fetched_jars()) {
  const auto* first = pair ? pair->first : nullptr;
  const Ports ports{
      free_port(), first != nullptr ? first->controller_port_ : free_port(), free_port(), free_port(), free_port(), free_port(),
      free_port()};
  controller_port_ = ports.controller;
  late_port_ = ports.late;
  late_advertised_ = ports.late_advertised;
  bootstrap_ = fmt::format("127.0.0.1:{}", ports.plain);
  sasl_bootstrap_ = fmt::format("127.0.0.1:{}", ports.sasl);
  tls_bootstrap_ = fmt::format("127.0.0.1:{}", ports.tls);
  sasl_tls_bootstrap_ = fmt::format("127.0.0.1:{}", ports.sasl_tls);
  cluster_ = first != nullptr ? first->cluster_ : random_uuid();
  write_file(dir_.path() / "server.properties",
             properties(dir_.path() / "data", ports, certificates_, first == nullptr ? 1 : 2, pair ? 2 : 1));
  std::vector<std::string> words = {"format", "-t", cluster_, "-c", (dir_.path() / "server.properties").string()};
  for (const char* mechanism : {"SCRAM-SHA-256", "SCRAM-SHA-512"}) {
    if (first != nullptr) break;  // users are the cluster's
    words.emplace_back("--add-scram");
    words.push_back(fmt::format("{}=[name={},password={}]", mechanism, kSaslUser, kSaslPassword));
  }
  const auto formatted = run(java("kafka.tools.StorageTool", words), kFormatLimit);
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

void KafkaBroker::limit_readers(std::optional<int> bytes_per_second) const {
  const auto change = bytes_per_second ? std::vector<std::string>{"--add-config", fmt::format("consumer_byte_rate={}", *bytes_per_second)}
                                       : std::vector<std::string>{"--delete-config", "consumer_byte_rate"};
  std::vector<std::string> words = {"--bootstrap-server", bootstrap_, "--alter", "--entity-type", "clients", "--entity-default"};
  words.insert(words.end(), change.begin(), change.end());
  const auto done = run(java("kafka.admin.ConfigCommand", words), kFormatLimit);
  if (done.status != 0) throw std::runtime_error("the quota cannot be changed: " + done.output + done.errors);
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
