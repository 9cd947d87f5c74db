#include "recording_connector.hpp"

namespace ch::test {

namespace {

Recording* current = nullptr;

class RecordingSink final : public SinkTask {
 public:
  RecordingSink(Host host, Recording& recording) : host_(host), recording_(recording) {
    const std::lock_guard lock(recording_.mutex);
    ++recording_.created;
  }
  void open(std::span<const OpenPartition> partitions) override {
    const std::lock_guard lock(recording_.mutex);
    for (const auto& p : partitions) {
      partitions_[p.id] = p.partition;
      recording_.opened.push_back({p.id, p.partition, p.committed_offset, p.state, p.series});
      if (recording_.answer_open) host_.resume(p.id, p.committed_offset);
    }
  }
  std::size_t put(PartitionId id, const Batch& batch) override {
    const std::lock_guard lock(recording_.mutex);
    if (!recording_.fail_in_put.empty()) throw std::runtime_error(std::exchange(recording_.fail_in_put, ""));
    const auto partition = partitions_.at(id);
    const auto count = recording_.blocked.contains(partition) ? 0 : std::min(batch.size(), recording_.take_at_most);
    for (std::size_t i = 0; i < count; ++i) recording_.offsets[partition].push_back(batch[i].offset);
    if (count == 0) return 0;
    recording_.last_value[partition] = bytes_view(batch[count - 1].value);
    if (recording_.commit_all) request(id, batch[count - 1].offset + 1);
    return count;
  }
  void end_of_partition(PartitionId id, std::int64_t offset) override {
    const std::lock_guard lock(recording_.mutex);
    recording_.end_of_partition[partitions_.at(id)] = offset;
  }
  std::int64_t tick(std::int64_t now) override {
    const std::lock_guard lock(recording_.mutex);
    const bool stood = std::exchange(stands_, !recording_.stands_for.empty());
    for (const auto& [id, partition] : partitions_) {
      if (stood && !stands_) host_.recovered(id);
      if (stands_) {
        host_.interrupted(id, {recording_.stands_for, "partition " + std::to_string(partition) + " stands", "mend it", 0});
      }
    }
    return now + 1000;
  }
  void committed(PartitionId id, std::int64_t offset, bool stored) override {
    const std::lock_guard lock(recording_.mutex);
    if (stored) recording_.acknowledged[id] = offset;
    waiting_.erase(id);
  }
  void flush() override { ++recording_.flushes; }
  std::size_t pending() const override { return waiting_.size(); }
  void close(std::span<const PartitionId> ids, bool lost) override {
    const std::lock_guard lock(recording_.mutex);
    for (const auto id : ids) waiting_.erase(id);
    for (const auto id : ids) partitions_.erase(id);
    recording_.closed += static_cast<int>(ids.size());
    recording_.lost += lost ? static_cast<int>(ids.size()) : 0;
  }
  Progress describe(PartitionId) const override { return {}; }

 private:
  void request(PartitionId id, std::int64_t offset) {
    waiting_[id] = offset;
    host_.request_commit(id, offset, "at " + std::to_string(offset), Urgency::lazy);
  }
  Host host_;
  Recording& recording_;
  std::map<PartitionId, std::int32_t> partitions_;
  std::map<PartitionId, std::int64_t> waiting_;
  bool stands_ = false;
};

struct RecordingConnector {
  static constexpr const char* name = "recording";
  static constexpr const char* version = "1.0.0";
  static const char* config_schema() { return "{}"; }
  static void validate(const TaskInfo&, Problems&) {}
  static std::unique_ptr<SinkTask> create(Host host, const TaskInfo&) { return std::make_unique<RecordingSink>(host, *current); }
};

}  // namespace

void use_recording(Recording* recording) { current = recording; }

std::shared_ptr<const plugins::Connector> recording_connector() {
  return std::make_shared<const plugins::Connector>(*detail::Glue<RecordingConnector>::table(), "in the test");
}

}  // namespace ch::test
