// What chaos happens to: a broker behind a network that can be late, a COS emulator, hosts of one group, producers with
// ledgers, and one task on every host. Used by the thread that made it; the producers have threads of their own.
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cos_emulator/emulator.hpp"
#include "support/kafka/admin.hpp"
#include "support/kafka/broker.hpp"
#include "support/kafka/late_proxy.hpp"
#include "support/kafka/producer.hpp"
#include "support/kafka/transactions.hpp"
#include "support/ledger/bucket_reader.hpp"
#include "support/process/host_process.hpp"
#include "support/process/temp_dir.hpp"

namespace ch::chaos {

struct Options {
  std::uint64_t seed = 1;
  int faults = 50;
  int hosts = 2;
  int seconds = 3600;             // no further fault after so long
  std::vector<std::string> bugs;  // deliberate ones: see prove.sh
};

struct Verdict {
  bool drained = false;
  test::Report plain, transactional;
  std::string trouble;  // of the scene itself

  bool ok() const { return drained && trouble.empty() && plain.ok() && transactional.ok(); }
};

class Scene {
 public:
  static constexpr const char* kTask = "chaos";
  static constexpr const char* kGroup = "connect-chaos";
  static constexpr std::int32_t kPartitions = 6;
  static constexpr std::int32_t kTransactional = 2;  // partitions of the second topic

  explicit Scene(const Options& options);
  ~Scene();

  test::KafkaBroker& broker() { return broker_; }
  test::LateProxy& network() { return network_; }
  cos_emulator::Emulator& cos() { return *cos_; }
  std::vector<std::unique_ptr<test::HostProcess>>& hosts() { return hosts_; }
  void start(test::HostProcess& host);  // and its task, if it has none

  // Heals everything, stops producing, waits until all is stored, and holds the bucket against the ledgers.
  Verdict end();

 private:
  nlohmann::json config() const;
  template <class Work>
  std::jthread producing(Work work);

  test::TempDir dir_;
  test::KafkaBroker broker_;
  std::unique_ptr<cos_emulator::Emulator> cos_;
  test::LateProxy network_;
  std::vector<std::unique_ptr<test::HostProcess>> hosts_;
  std::unique_ptr<test::LedgerProducer> plain_;
  std::unique_ptr<test::TransactionProducer> transactional_;
  std::atomic<bool> producing_ = true;
  std::mutex mutex_;
  std::string trouble_;
  std::vector<std::jthread> producers_;
};

}  // namespace ch::chaos
