// The dead-letter topic of a task: records that cannot be stored go there as they were, with headers that say why (those
// of Kafka Connect). For one thread, the runner's poll thread; nothing blocks.
#pragma once

#include <connector_host/plugin.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
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
  const Clock* clock = &system_clock();
};

// An interface, so that whoever uses it can be tried without a broker. Destroyed, it drops what is not acknowledged.
class DeadLetters {
 public:
  virtual ~DeadLetters() = default;

  // Copies the record and hands it over. `later`: too much is on its way, or trouble() says why; try again. `too_large`: for
  // us, whatever the topic takes.
  enum class Sent { yes, later, too_large };
  virtual Sent send(ch_partition_id assignment, const TopicPartition& where, const ch_record& record, const std::string& why) = 0;
  virtual void serve() = 0;
  // Number of the last one of an assignment; 0 none. Acknowledged: it and all before it are.
  virtual std::uint64_t last(ch_partition_id assignment) const = 0;
  virtual bool acknowledged(ch_partition_id assignment, std::uint64_t number) const = 0;
  virtual void forget(ch_partition_id assignment) = 0;
  // The topic does not take this record: it refuses it and would take others (too large for it, a time that it does not
  // take, without the key that a compacted topic asks for), or takes nothing at the moment. It is kept and sent again every
  // few seconds, until the topic has been changed.
  struct Refusal {
    std::int64_t offset = 0;  // of the record, in its own topic
    std::uint64_t bytes = 0;  // of its key and value
    Interruption why;
    bool of_record = false;        // the topic takes others
    std::int64_t next_try_ms = 0;  // a date
  };
  virtual std::optional<Refusal> refusal(ch_partition_id assignment) const = 0;
  virtual bool stuck() const = 0;  // some record is not taken for a reason that is not its own
  // Nothing can be sent to it as it is (it is gone): it must be looked for, and what was rejected rejected again, by reading it.
  virtual const std::optional<Interruption>& trouble() const = 0;
};

// librdkafka's. `wake` is called on any thread when serve() has something to do.
Result<std::unique_ptr<DeadLetters>> make_dead_letters(const DeadLetterSettings& settings, std::function<void()> wake);
using DeadLettersMaker = std::function<Result<std::unique_ptr<DeadLetters>>(const DeadLetterSettings&, std::function<void()> wake)>;

}  // namespace ch::kafka
