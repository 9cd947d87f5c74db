// counting-sink: counts the records of each partition, exactly once, and says so in the log. The count is kept beside
// the committed offset, so that it survives a crash and goes with the partition to another host.
#include <charconv>
#include <connector_host/connector.hpp>
#include <connector_host/reasons.hpp>
#include <map>
#include <string>

namespace {

class CountingSink : public ch::SinkTask {
 public:
  explicit CountingSink(ch::Host host) : host_(host) {}

  void open(std::span<const ch::OpenPartition> partitions) override {
    for (const auto& partition : partitions) {
      Counter counter{partition.committed_offset, 0, partition.committed_offset};
      const auto* end = partition.state.data() + partition.state.size();
      const bool counted = partition.state.empty() || std::from_chars(partition.state.data(), end, counter.count).ptr == end;
      counters_[partition.id] = counter;
      if (counted) {
        host_.resume(partition.id, partition.committed_offset);
      } else {  // something else has committed to this group: put() comes after resume() only
        host_.interrupted(partition.id, {ch::reasons::kOffsetLost, "the state beside the committed offset is no count",
                                         "set the offsets of the task's consumer group anew"});
      }
    }
  }

  std::size_t put(ch::PartitionId partition, const ch::Batch& batch) override {
    auto& counter = counters_.at(partition);
    counter.count += batch.size();
    counter.next = batch[batch.size() - 1].offset + 1;
    return batch.size();
  }

  std::int64_t tick(std::int64_t now_ms) override {
    flush();
    return now_ms + 1000;
  }

  void flush() override {
    for (const auto& [partition, counter] : counters_) {
      if (counter.next != counter.committed)
        host_.request_commit(partition, counter.next, std::to_string(counter.count), ch::Urgency::lazy);
    }
  }

  void committed(ch::PartitionId partition, std::int64_t offset, bool stored) override {
    const auto found = counters_.find(partition);
    if (found == counters_.end() || !stored) return;
    found->second.committed = offset;
    host_.log(ch::LogLevel::info, std::to_string(found->second.count) + " records up to offset " + std::to_string(offset));
  }

  std::size_t pending() const override {
    std::size_t count = 0;
    for (const auto& [partition, counter] : counters_) count += counter.next != counter.committed ? 1 : 0;
    return count;
  }

  void close(std::span<const ch::PartitionId> partitions, bool) override {
    for (const auto partition : partitions) counters_.erase(partition);
  }

  ch::Progress describe(ch::PartitionId partition) const override {
    const auto& counter = counters_.at(partition);
    return {counter.committed, static_cast<std::uint64_t>(counter.next - counter.committed), 0, 0};
  }

 private:
  struct Counter {
    std::int64_t next;  // behind the last record counted
    std::uint64_t count;
    std::int64_t committed;
  };
  ch::Host host_;
  std::map<ch::PartitionId, Counter> counters_;
};

struct CountingConnector {
  static constexpr const char* name = "counting-sink";
  static constexpr const char* version = "1.0.0";
  static const char* config_schema() { return R"({"type": "object", "properties": {}})"; }  // no keys of its own
  static void validate(const ch::TaskInfo&, ch::Problems&) {}
  static std::unique_ptr<ch::SinkTask> create(ch::Host host, const ch::TaskInfo&) { return std::make_unique<CountingSink>(host); }
};

}  // namespace

CH_EXPORT_CONNECTOR(CountingConnector)
