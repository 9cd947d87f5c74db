// file-sink: appends the values of each partition to a file of its own, exactly once. The state beside the committed
// offset is {"bytes":n}, the length of the file at that offset: what is behind it was never committed and is cut off
// when the partition is opened. A partition without a state writes down the length that it finds before it writes.
// Everything here runs on the poll thread, except what is said to run in a job.
#pragma once

#include <chrono>
#include <connector_host/connector.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "file.hpp"

namespace ch::file_sink {

constexpr std::size_t kWriteBytes = std::size_t{1} << 20;  // written without waiting for the next tick
constexpr std::int64_t kTickMs = 1000;
constexpr std::chrono::milliseconds kFirstRetry{200};
constexpr std::chrono::milliseconds kMaxRetry{30'000};

Folder folder_of(const TaskInfo& task);                                 // file.dir, below what the host allows
std::string file_name(std::string_view topic, std::int32_t partition);  // "orders-0.txt"

// The bytes of some records in a row, out of the task's budget.
class Chunk {
 public:
  explicit Chunk(Host host, std::int64_t start) : start_(start), next_(start), host_(host) {}
  Chunk(const Chunk&) = delete;
  Chunk& operator=(const Chunk&) = delete;
  ~Chunk() { host_.release(bytes_.capacity()); }

  // False: the budget is spent.
  bool append(std::string_view value, std::int64_t offset);
  std::string_view bytes() const { return {bytes_.data(), bytes_.size()}; }
  std::int64_t start() const { return start_; }
  std::int64_t next() const { return next_; }
  std::uint64_t records() const { return records_; }

 private:
  std::int64_t start_;
  std::int64_t next_;
  std::uint64_t records_ = 0;
  std::vector<char> bytes_;
  Host host_;
};

class FileSink : public SinkTask {
 public:
  using Clock = std::chrono::steady_clock;
  // `clock`: what waits goes by it.
  FileSink(Host host, const TaskInfo& task, std::function<Clock::time_point()> clock = &Clock::now);

  void open(std::span<const OpenPartition> partitions) override;
  std::size_t put(PartitionId partition, const Batch& batch) override;
  void end_of_partition(PartitionId partition, std::int64_t offset) override;
  std::int64_t tick(std::int64_t now_ms) override;
  void committed(PartitionId partition, std::int64_t offset, bool stored) override;
  void flush() override;
  std::size_t pending() const override;
  void close(std::span<const PartitionId> partitions, bool lost) override;
  Progress describe(PartitionId partition) const override;
  void retry() override;

 private:
  enum class Phase {
    opening,     // a job looks at the file, or waits to
    announcing,  // the length found is being committed
    running,
    standing,  // nothing can mend it but another assignment
  };
  struct Partition {
    OpenPartition info;
    Phase phase = Phase::opening;
    std::shared_ptr<File> file;
    std::optional<std::uint64_t> committed_bytes;  // of the state
    bool in_job = false;
    std::unique_ptr<Chunk> filling;
    std::shared_ptr<Chunk> writing;  // shared with its job
    std::int64_t position = 0;       // everything before it is in the file
    std::uint64_t bytes = 0;         // the file's length there
    std::int64_t end = 0;            // the latest end_of_partition
    std::optional<std::int64_t> requested;
    int failures = 0;
    Clock::time_point retry_at;  // of the steady clock: a wall clock may be set meanwhile
    bool interrupted = false;
  };

  Partition* find(PartitionId id);
  bool take(Partition& partition, const ch_record& record);
  void work(Partition& partition);
  void start_open(Partition& partition);
  void start_write(Partition& partition);
  void opened(Partition& partition);
  void written(Partition& partition);
  void commit(Partition& partition, Urgency urgency);
  void succeeded(Partition& partition);
  void failed(Partition& partition, const Failure& failure);
  void stand(Partition& partition, const Failure& failure);

  Host host_;
  Folder dir_;
  std::function<Clock::time_point()> clock_;
  std::uint64_t buffer_memory_;
  bool flushing_ = false;
  std::map<PartitionId, Partition> partitions_;
};

struct FileConnector {
  static constexpr const char* name = "file-sink";
  static constexpr const char* version = CH_VERSION;
  static const char* config_schema();
  static void validate(const TaskInfo& task, Problems& problems);
  static void preflight(const TaskInfo& task, std::chrono::milliseconds timeout, Problems& problems);
  static std::unique_ptr<SinkTask> create(Host host, const TaskInfo& task);
  // Offsets are not known from the files: they are 0, and so is the number of records.
  static ObjectPage objects(const TaskInfo& task, const ObjectQuery& query);
};

}  // namespace ch::file_sink
