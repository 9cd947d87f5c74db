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

  // Copies the record and hands it over. `later`: too much is on its way; try again. `too_large`: for us, whatever the topic takes.
  enum class Sent { yes, later, too_large };
  Result<Sent> send(ch_partition_id assignment, const TopicPartition& where, const ch_record& record, const std::string& why);
  void serve();
  // Number of the last one of an assignment; 0 none. Acknowledged: it and all before it are.
  std::uint64_t last(ch_partition_id assignment) const;
  bool acknowledged(ch_partition_id assignment, std::uint64_t number) const;
  void forget(ch_partition_id assignment);
  // The topic refuses this record, and would take others: too large for it, or without the key that a compacted topic
  // asks for. It is kept and sent again every few seconds, until the topic has been changed.
  struct Refusal {
    std::int64_t offset = 0;  // of the record, in its own topic
    std::uint64_t bytes = 0;  // of its key and value
    std::string why;
    std::int64_t next_try_ms = 0;
  };
  std::optional<Refusal> refusal(ch_partition_id assignment) const;
  // The topic takes nothing at all, or did not acknowledge one in time: it must be rejected again, by reading it again.
  const std::optional<Trouble>& trouble() const { return trouble_; }

 private:
  struct Progress {
    std::uint64_t last = 0;
    std::set<std::uint64_t> outstanding;
  };
  struct Letter;
  struct Impl;
  DeadLetters(const DeadLetterSettings& settings, std::function<void()> wake);
  void keep(Letter letter, const std::string& why);
  void send_again();

  DeadLetterSettings settings_;
  std::function<void()> wake_;
  std::map<ch_partition_id, Progress> progress_;
  std::map<ch_partition_id, Refusal> refusals_;  // of each assignment the first
  std::optional<Trouble> trouble_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ch::kafka
