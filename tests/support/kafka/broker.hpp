// A real Apache Kafka broker (KRaft, one node, or the first and second of a cluster of two) as a child process, on ports of its own that it
// keeps over restarts. Its data and its log are in a temporary folder. Used by the thread that made it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "support/kafka/certificates.hpp"
#include "support/process/process.hpp"
#include "support/process/temp_dir.hpp"

namespace ch::test {

class KafkaBroker {
 public:
  struct Pair {
    const KafkaBroker* first = nullptr;  // null: this one is the first, and has the controller
  };
  KafkaBroker() : KafkaBroker(std::nullopt) {}     // formats its storage; throws std::runtime_error with the end of the log if it cannot
  explicit KafkaBroker(std::optional<Pair> pair);  // of a pair: offsets of groups are on both
  ~KafkaBroker();                                  // kills it

  void start();   // until it answers requests
  void stop();    // orderly
  void kill();    // as kill -9; what was acknowledged is still there after start()
  void freeze();  // SIGSTOP: connections stay, nothing is answered
  void thaw();
  // How many bytes a second each client of a name may read, from now on; nothing: as many as it can. By Kafka's own tool.
  void limit_readers(std::optional<int> bytes_per_second) const;
  bool running() { return process_ != nullptr && process_->running(); }

  const std::string& bootstrap() const { return bootstrap_; }
  // For a LateProxy(late_advertised(), late_port()): clients that begin there stay behind it.
  std::uint16_t late_port() const { return late_port_; }
  std::uint16_t late_advertised() const { return late_advertised_; }
  // The same broker, for those who know the password (by PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512), without TLS and with it.
  const std::string& sasl_bootstrap() const { return sasl_bootstrap_; }
  const std::string& sasl_tls_bootstrap() const { return sasl_tls_bootstrap_; }
  // And for those who have a certificate of its authority.
  const std::string& tls_bootstrap() const { return tls_bootstrap_; }
  const Certificates& certificates() const { return certificates_; }
  static constexpr int kOffsetsPartitions = 4;  // of __consumer_offsets
  static constexpr const char* kSaslUser = "archiver";
  static constexpr const char* kSaslPassword = "broker-test-password";
  std::filesystem::path log_file() const { return dir_.path() / "broker.log"; }
  // What a partition's records are kept in, as long as they are few.
  std::filesystem::path segment(const std::string& topic, std::int32_t partition) const {
    return dir_.path() / "data" / (topic + "-" + std::to_string(partition)) / "00000000000000000000.log";
  }

 private:
  std::vector<std::string> java(const std::string& main_class, const std::vector<std::string>& arguments) const;
  bool answers();
  [[noreturn]] void give_up(const std::string& what);

  TempDir dir_;
  Certificates certificates_;
  std::string jars_;
  std::string cluster_;
  std::uint16_t controller_port_ = 0;
  std::string bootstrap_, sasl_bootstrap_, tls_bootstrap_, sasl_tls_bootstrap_;
  std::uint16_t late_port_ = 0, late_advertised_ = 0;
  std::unique_ptr<Process> process_;
};

// The broker that all tests of a program share; started by the first call, and again if a test has left it stopped.
KafkaBroker& shared_broker();

}  // namespace ch::test
