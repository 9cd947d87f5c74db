#include "sink.hpp"

#include <algorithm>
#include <connector_host/reasons.hpp>
#include <nlohmann/json.hpp>
#include <utility>

namespace ch::file_sink {
namespace {

constexpr std::size_t kFirstChunkBytes = 4096;
constexpr int kQuietConflicts = 3;  // a job of the last owner may still hold the lock for a moment
constexpr int kMaxDoublings = 8;

std::string state_of(std::uint64_t bytes) { return nlohmann::json{{"bytes", bytes}}.dump(); }

std::optional<std::uint64_t> bytes_of(const std::string& state) {
  const auto json = nlohmann::json::parse(state, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto found = json.find("bytes");
  if (found == json.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

}  // namespace

Folder folder_of(const TaskInfo& task) { return {task["file.dir"], task["host.file.sink.allowed.paths"]}; }

std::string file_name(std::string_view topic, std::int32_t partition) {
  return std::string(topic) + "-" + std::to_string(partition) + ".txt";
}

bool Chunk::append(std::string_view value, std::int64_t offset) {
  const std::size_t size = bytes_.size() + value.size() + 1;
  const std::size_t had = bytes_.capacity();
  if (size > had) {
    std::size_t wanted = std::max({size, 2 * had, kFirstChunkBytes});
    if (!host_.reserve(wanted - had)) {
      wanted = size;
      if (!host_.reserve(wanted - had)) return false;
    }
    bytes_.reserve(wanted);
  }
  bytes_.insert(bytes_.end(), value.begin(), value.end());
  bytes_.push_back('\n');
  next_ = offset + 1;
  ++records_;
  return true;
}

FileSink::FileSink(Host host, const TaskInfo& task, std::function<Clock::time_point()> clock)
    : host_(host), dir_(folder_of(task)), clock_(std::move(clock)), buffer_memory_(task.buffer_memory) {}

void FileSink::open(std::span<const OpenPartition> partitions) {
  for (const auto& info : partitions) {
    auto& partition = partitions_[info.id];
    partition.info = info;
    partition.position = info.committed_offset;
    partition.file = std::make_shared<File>(dir_, file_name(info.topic, info.partition));
    partition.committed_bytes = bytes_of(info.state);
    if (info.topic.find('/') != std::string::npos) {
      stand(partition,
            {reasons::kObjectConflict, "the topic's name holds a '/' and cannot be one of a file", "archive it with another connector"});
    } else if (!info.state.empty() && !partition.committed_bytes) {
      stand(partition, {reasons::kOffsetLost,
                        "the state committed for " + info.topic + "-" + std::to_string(info.partition) + " is not one of file-sink's",
                        "delete the task's offsets, or restore what they were"});
    } else {
      start_open(partition);
    }
  }
}

std::size_t FileSink::put(PartitionId id, const Batch& batch) {
  auto* partition = find(id);
  if (partition == nullptr || partition->phase != Phase::running || flushing_) return 0;
  std::size_t taken = 0;
  while (taken < batch.size() && take(*partition, batch[taken])) ++taken;
  if (taken < batch.size()) {
    for (auto& [other_id, other] : partitions_) start_write(other);  // the budget is everybody's: who has some gives it back
  } else if (partition->filling != nullptr && partition->filling->bytes().size() >= kWriteBytes) {
    start_write(*partition);
  }
  return taken;
}

bool FileSink::take(Partition& partition, const ch_record& record) {
  if (record.value.size >= buffer_memory_) {
    stand(partition, {reasons::kCosError,
                      "a record of " + std::to_string(record.value.size) + " bytes at offset " + std::to_string(record.offset) + " of " +
                          partition.info.topic + "-" + std::to_string(partition.info.partition) + " does not fit into buffer.memory",
                      "raise buffer.memory"});
    return false;
  }
  if (partition.filling == nullptr) partition.filling = std::make_unique<Chunk>(host_, record.offset);
  if (partition.filling->append(bytes_view(record.value), record.offset)) return true;
  if (partition.filling->records() == 0) partition.filling.reset();
  return false;
}

void FileSink::end_of_partition(PartitionId id, std::int64_t offset) {
  auto* partition = find(id);
  if (partition == nullptr) return;
  partition->end = std::max(partition->end, offset);
  const bool idle = partition->phase == Phase::running && partition->filling == nullptr && partition->writing == nullptr;
  if (idle && partition->end > partition->position) {
    partition->position = partition->end;
    commit(*partition, Urgency::lazy);
  }
}

std::int64_t FileSink::tick(std::int64_t now_ms) {
  std::int64_t next = now_ms + kTickMs;
  for (auto& [id, partition] : partitions_) {
    work(partition);
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(partition.retry_at - clock_());
    if (wait.count() > 0) next = std::min(next, now_ms + wait.count());
  }
  return next;
}

void FileSink::committed(PartitionId id, std::int64_t offset, bool stored) {
  auto* partition = find(id);
  if (partition == nullptr || !stored || partition->requested != offset) return;
  partition->requested.reset();
  if (partition->phase != Phase::announcing) return;
  partition->phase = Phase::running;
  host_.resume(id, partition->position);
}

void FileSink::flush() {
  flushing_ = true;
  for (auto& [id, partition] : partitions_) start_write(partition);
}

std::size_t FileSink::pending() const {
  return static_cast<std::size_t>(std::count_if(partitions_.begin(), partitions_.end(), [](const auto& entry) {
    const Partition& partition = entry.second;
    return partition.filling != nullptr || partition.writing != nullptr || partition.requested.has_value();
  }));
}

void FileSink::close(std::span<const PartitionId> partitions, bool) {
  for (const auto id : partitions) partitions_.erase(id);
}

Progress FileSink::describe(PartitionId id) const {
  const auto found = partitions_.find(id);
  if (found == partitions_.end()) return {};
  Progress progress;
  for (const Chunk* chunk :
       {static_cast<const Chunk*>(found->second.writing.get()), static_cast<const Chunk*>(found->second.filling.get())}) {
    if (chunk == nullptr) continue;
    if (progress.records == 0) progress.start_offset = chunk->start();
    progress.records += chunk->records();
    progress.bytes += chunk->bytes().size();
  }
  return progress;
}

void FileSink::retry() {
  for (auto& [id, partition] : partitions_) {
    partition.retry_at = {};
    work(partition);
  }
}

FileSink::Partition* FileSink::find(PartitionId id) {
  const auto found = partitions_.find(id);
  return found == partitions_.end() ? nullptr : &found->second;
}

void FileSink::work(Partition& partition) {
  if (partition.phase == Phase::opening) start_open(partition);
  start_write(partition);
}

void FileSink::start_open(Partition& partition) {
  if (partition.in_job || partition.retry_at > clock_()) return;
  const auto failure = std::make_shared<std::optional<Failure>>();
  partition.in_job = host_.submit([failure, file = partition.file, bytes = partition.committed_bytes] { *failure = file->open(bytes); },
                                  [this, failure, id = partition.info.id] {
                                    auto* opened_one = find(id);
                                    if (opened_one == nullptr) return;
                                    opened_one->in_job = false;
                                    *failure ? failed(*opened_one, **failure) : opened(*opened_one);
                                  });
}

void FileSink::opened(Partition& partition) {
  succeeded(partition);
  partition.bytes = partition.file->size();
  if (partition.file->cut_off() > 0) {
    host_.log(LogLevel::info, file_name(partition.info.topic, partition.info.partition) + ": cut off " +
                                  std::to_string(partition.file->cut_off()) + " bytes that had not been committed");
  }
  if (partition.committed_bytes) {
    partition.phase = Phase::running;
    host_.resume(partition.info.id, partition.position);
  } else {
    partition.phase = Phase::announcing;
    commit(partition, Urgency::now);
  }
}

void FileSink::start_write(Partition& partition) {
  if (partition.in_job || partition.phase == Phase::opening || partition.retry_at > clock_()) return;
  if (partition.writing == nullptr) partition.writing = std::move(partition.filling);
  if (partition.writing == nullptr) return;
  const auto failure = std::make_shared<std::optional<Failure>>();
  partition.in_job = host_.submit(
      [failure, file = partition.file, chunk = partition.writing, at = partition.bytes] { *failure = file->write(chunk->bytes(), at); },
      [this, failure, id = partition.info.id] {
        auto* written_one = find(id);
        if (written_one == nullptr) return;
        written_one->in_job = false;
        *failure ? failed(*written_one, **failure) : written(*written_one);
      });
}

void FileSink::written(Partition& partition) {
  if (partition.phase == Phase::running) succeeded(partition);
  const auto chunk = std::move(partition.writing);
  partition.bytes += chunk->bytes().size();
  partition.position = chunk->next();
  if (partition.filling == nullptr) partition.position = std::max(partition.position, partition.end);
  StoredObject stored;
  stored.key = file_name(partition.info.topic, partition.info.partition);
  stored.topic = partition.info.topic;
  stored.partition = partition.info.partition;
  stored.start_offset = chunk->start();
  stored.end_offset = chunk->next();
  stored.records = chunk->records();
  stored.bytes = chunk->bytes().size();
  stored.stored_ms = host_.now_ms();
  host_.stored(partition.info.id, stored);
  commit(partition, Urgency::lazy);
  if (partition.filling != nullptr && (flushing_ || partition.filling->bytes().size() >= kWriteBytes)) start_write(partition);
}

void FileSink::commit(Partition& partition, Urgency urgency) {
  partition.requested = partition.position;
  host_.request_commit(partition.info.id, partition.position, state_of(partition.bytes), urgency);
}

void FileSink::succeeded(Partition& partition) {
  partition.failures = 0;
  partition.retry_at = {};
  if (std::exchange(partition.interrupted, false)) host_.recovered(partition.info.id);
}

void FileSink::failed(Partition& partition, const Failure& failure) {
  const auto delay = std::min(kFirstRetry * (1 << std::min(partition.failures, kMaxDoublings)), kMaxRetry);
  partition.retry_at = clock_() + delay;
  ++partition.failures;
  if (failure.reason == reasons::kObjectConflict && partition.failures < kQuietConflicts) return;
  partition.interrupted = true;
  host_.interrupted(partition.info.id, {failure.reason, failure.message, failure.remedy, host_.now_ms() + delay.count()});
}

void FileSink::stand(Partition& partition, const Failure& failure) {
  partition.phase = Phase::standing;
  host_.interrupted(partition.info.id, {failure.reason, failure.message, failure.remedy, 0});
}

}  // namespace ch::file_sink
