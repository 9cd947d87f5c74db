// The dead-letter topic of a task: records that cannot be stored go there as they were, with headers that say why (those
// of Kafka Connect). For one thread, the runner's poll thread; nothing blocks.
#pragma once

#include <connector_host/plugin.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/result.hpp"
#include "kafka/client_config.hpp"
#include "kafka/types.hpp"

namespace ch::kafka {

struct DeadLetterSettings {
  Properties cluster;  // of the instance
  std::string client_id;
  std::string topic;
  bool context_headers = true;
  std::string task, connector;  // for the headers
  std::uint32_t runner = 0;
};

class DeadLetters {
 public:
  // `wake` is called on any thread when serve() has something to do.
  static Result<std::unique_ptr<DeadLetters>> create(const DeadLetterSettings& settings, std::function<void()> wake);
  ~DeadLetters();  // drops what is not acknowledged
  DeadLetters(const DeadLetters&) = delete;
  DeadLetters& operator=(const DeadLetters&) = delete;

  // Copies the record and hands it over. False: too much is on its way; try again later.
  Result<bool> send(ch_partition_id assignment, const TopicPartition& where, const ch_record& record, const std::string& why);
  void serve();
  // Number of the last one of an assignment; 0 none. Acknowledged: it and all before it are.
  std::uint64_t last(ch_partition_id assignment) const;
  bool acknowledged(ch_partition_id assignment, std::uint64_t number) const;
  void forget(ch_partition_id assignment) { progress_.erase(assignment); }
  // One was refused or not acknowledged in time: it must be rejected again, by reading it again.
  const std::optional<Trouble>& trouble() const { return trouble_; }

 private:
  struct Progress {
    std::uint64_t last = 0;
    std::set<std::uint64_t> outstanding;
  };
  struct Impl;
  DeadLetters(const DeadLetterSettings& settings, std::function<void()> wake);
  void delivered(ch_partition_id assignment, std::uint64_t number, int code, const std::string& why);

  DeadLetterSettings settings_;
  std::function<void()> wake_;
  std::map<ch_partition_id, Progress> progress_;
  std::optional<Trouble> trouble_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ch::kafka
