// A connector that keeps the protocol of docs/delivery.md in its simplest form: an object at a time for each partition,
// its intent committed before it becomes visible, its end after. It trusts the host for the rest, and objects to whatever
// plugin.h does not promise. It also has moods: it blocks, is interrupted, has no memory, wants to read again.
#pragma once

#include <connector_host/connector.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "fake_consumer.hpp"
#include "oracle.hpp"
#include "plugins/connector.hpp"

namespace ch::runner_test {

// What a connector leaves behind in the network: a PUT that may arrive after its sender has gone.
struct LatePut {
  int partition = 0;
  std::int64_t start = 0, end = 0;
  std::vector<std::int64_t> offsets;
};

struct Script {
  World& world;
  bool passes_over = false;  // a record that is rejected is so without a dead letter
  bool all_good = false;     // from now on every record can be stored
  std::vector<LatePut> late = {};
  std::uint64_t puts = 0, rejects = 0, blocked = 0, rereads = 0, flushes = 0;
};

class ScriptedSink final : public SinkTask {
 public:
  ScriptedSink(Host host, Script& script) : host_(host), script_(script), world_(script.world) {}
  ~ScriptedSink() override;
  ScriptedSink(const ScriptedSink&) = delete;
  ScriptedSink& operator=(const ScriptedSink&) = delete;

  void open(std::span<const OpenPartition> partitions) override;
  std::size_t put(PartitionId id, const Batch& batch) override;
  void end_of_partition(PartitionId id, std::int64_t offset) override;
  std::int64_t tick(std::int64_t now_ms) override;
  void committed(PartitionId id, std::int64_t offset, bool stored) override;
  void flush() override;
  std::size_t pending() const override;
  void close(std::span<const PartitionId> ids, bool lost) override;
  Progress describe(PartitionId id) const override;
  void retry() override {}

 private:
  enum class Stage { none, intent_asked, storing };
  struct Writer {
    int partition = 0;
    std::int64_t start = 0;     // of the object that is open
    std::int64_t position = 0;  // of the next record
    std::vector<std::int64_t> taken;
    std::optional<Instant> due;         // of the open object
    std::optional<std::int64_t> again;  // an intent was found: up to here its range is read again
    bool resumed = false;
    Instant resume_at;
    LatePut cut;  // the object that is being stored
    Stage stage = Stage::none;
    Instant stored_at;
    std::optional<std::int64_t> asked;  // the latest commit that is not answered
    bool blocked = false, interrupted = false, starved = false;
  };

  Writer* find(PartitionId id, const char* call);
  Instant now() const { return world_.clock.steady(); }
  void resume(PartitionId id, Writer& writer);
  std::size_t take(PartitionId id, Writer& writer, const Batch& batch);
  bool expected(const Writer& writer, std::int64_t offset) const;
  void finish_reading_again(Writer& writer);
  void request(PartitionId id, Writer& writer, std::int64_t offset, const std::string& state, Urgency urgency);
  void run(PartitionId id, Writer& writer);
  void change_mood(PartitionId id, Writer& writer);
  void drop(Writer& writer);

  Host host_;
  Script& script_;
  World& world_;
  std::map<PartitionId, Writer> writers_;
};

// Its tasks play `script`, which outlives them; one at a time.
std::shared_ptr<const plugins::Connector> scripted_connector(Script& script);

}  // namespace ch::runner_test
