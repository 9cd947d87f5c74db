// What a system test starts: a COS emulator in its own process, the shared Kafka broker or one of its own, and the real
// host. Everything is gone when the object goes; on a failure the host's log is shown.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "cos_emulator/emulator.hpp"
#include "support/kafka/admin.hpp"
#include "support/kafka/broker.hpp"
#include "support/kafka/producer.hpp"
#include "support/ledger/bucket_reader.hpp"
#include "support/process/eventually.hpp"
#include "support/process/host_process.hpp"

namespace ch::test {

using namespace std::chrono_literals;
using nlohmann::json;

// Prints a figure that was measured, and appends it to the file that CH_TEST_FIGURES names.
void figure(const std::string& text);

class World {
 public:
  static constexpr const char* kBucket = "archive-1250000000";

  explicit World(json host_config = json::object()) : World(shared_broker().bootstrap(), std::move(host_config)) {}
  World(const std::string& bootstrap, json host_config);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  HostProcess& host() { return *host_; }
  cos_emulator::Emulator& cos() { return *cos_; }
  KafkaAdmin& admin() { return admin_; }
  const std::filesystem::path& dir() const { return dir_.path(); }
  const std::string& bootstrap() const { return bootstrap_; }
  std::filesystem::path bucket() const { return dir_.path() / "cos" / kBucket; }
  void stop_cos() { cos_.reset(); }
  void start_cos();  // on the same port, with the same objects
  std::unique_ptr<HostProcess> another_host() const;

  // Of a task that stores every 500 ms from the beginning; `other` is put over it, null removes.
  json config(const std::string& topic, const json& other = json::object()) const;
  // POST of such a task, enabled; fails the test if it is not created.
  void create(const std::string& task, const json& config, bool enabled = true);
  bool reaches(const std::string& task, const std::string& state, std::chrono::milliseconds limit = 30s);
  // Interrupted for this reason, with everything that a human needs: message, remedy, since, next_try.
  bool interrupted(const std::string& task, const std::string& reason, std::chrono::milliseconds limit = 60s);
  // Until everything in the topic is committed.
  bool drained(const std::string& task, const std::string& topic, std::int32_t partitions, std::chrono::milliseconds limit = 60s);
  Report check(const std::string& task, const Ledger& ledger, std::map<std::int32_t, std::int64_t> first = {}) const;

 private:
  TempDir dir_;
  std::string bootstrap_;
  std::unique_ptr<cos_emulator::Emulator> cos_;
  std::uint16_t cos_port_;
  KafkaAdmin admin_;
  json host_config_;
  std::unique_ptr<HostProcess> host_;
};

std::int64_t committed_sum(KafkaAdmin& admin, const std::string& task, const std::string& topic, std::int32_t partitions);

}  // namespace ch::test
