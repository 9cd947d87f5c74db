// connector_host/connector.hpp: the C++ side of plugin.h, header-only. A connector author writes one class and one macro:
//
//   class MySink : public ch::SinkTask { ... };
//   struct MyConnector {
//     static constexpr const char* name = "my-sink";
//     static constexpr const char* version = "1.0.0";
//     static const char* config_schema();                                  // JSON Schema of its keys
//     static void validate(const ch::TaskInfo&, ch::Problems&);            // cross-field checks, no I/O
//     static std::unique_ptr<ch::SinkTask> create(ch::Host, const ch::TaskInfo&);
//     // optional:
//     static void preflight(const ch::TaskInfo&, std::chrono::milliseconds timeout, ch::Problems&);
//     static ch::ObjectPage objects(const ch::TaskInfo&, const ch::ObjectQuery&);  // may throw std::runtime_error
//     static ch::Inspection inspect(const ch::TaskInfo&, const ch::InspectQuery&);  // for verify; may throw as well
//   };
//   CH_EXPORT_CONNECTOR(MyConnector)
//
// Whatever these throw is caught here and becomes CH_FAILED with the exception's text in the log; nothing crosses.
// Threads and lifetimes are those of plugin.h: all members of a SinkTask run on the poll thread and must not block.
#pragma once

#include <connector_host/plugin.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace ch {

using PartitionId = ch_partition_id;
using Config = std::map<std::string, std::string, std::less<>>;

inline std::string_view view(ch_string text) { return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size); }
inline ch_string c_string(std::string_view text) { return {text.data(), text.size()}; }

struct TaskInfo {
  std::string name;
  std::string instance;
  std::string cluster;
  std::string region;
  std::string temp_dir;
  std::uint32_t runner = 0;
  std::uint32_t upload_threads = 1;
  std::uint64_t buffer_memory = 0;
  Config config;
  Config topic_ids;  // topic -> its name where objects lie; a topic that is not in it has none but its own

  // Value of a key of the connector's schema: the host has filled in defaults, so a key without one is "" at least.
  const std::string& operator[](std::string_view key) const {
    static const std::string empty;
    const auto found = config.find(key);
    return found == config.end() ? empty : found->second;
  }
};

// Collects what is wrong with a configuration.
class Problems {
 public:
  Problems(ch_problem_fn report, void* user) : report_(report), user_(user) {}
  void add(std::string_view key, std::string_view value, std::string_view message) {
    ++count_;
    if (report_ != nullptr) report_(user_, c_string(key), c_string(value), c_string(message));
  }
  std::size_t count() const { return count_; }

 private:
  ch_problem_fn report_;
  void* user_;
  std::size_t count_ = 0;
};

struct OpenPartition {
  PartitionId id = 0;
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t committed_offset = 0;
  std::string state;
  std::uint64_t series = 0;
  std::int64_t log_start_offset = -1;
  std::uint32_t partitions = 1;
};

// Something outside that keeps a task, or a partition, from going on. The host has the same, from where it happens to its status.
struct Interruption {
  std::string reason;  // ch::reasons, or one of a connector's own
  std::string message;
  std::string remedy;
  std::int64_t next_try_ms = 0;  // a date; 0 unknown
};

struct StoredObject {
  std::string key;
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t start_offset = 0;
  std::int64_t end_offset = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::int64_t stored_ms = 0;
  std::string url;
  std::int64_t url_expires_ms = 0;
};

struct ObjectQuery {
  std::string topic;
  std::optional<std::int32_t> partition;
  std::string after;
  std::uint32_t limit = 100;
  std::chrono::seconds url_life{0};
  bool newest = false;  // those stored last come first; `after` is then of such an answer, too
};

struct ObjectPage {
  std::vector<StoredObject> objects;
  std::string next;  // empty: no more
};

struct InspectQuery {
  std::string topic;
  std::optional<std::int32_t> partition;
  bool deep = false;
  std::string after;
  std::uint32_t limit = 1000;
  std::chrono::milliseconds timeout{10000};
  std::vector<OpenPartition> committed;
};

struct Finding {
  enum class Kind : std::int32_t {
    object = CH_FOUND_OBJECT,
    wrong = CH_FOUND_WRONG,
    foreign = CH_FOUND_FOREIGN,
    upload = CH_FOUND_UPLOAD,
    position = CH_FOUND_POSITION,
    unknown = CH_FOUND_UNKNOWN
  };
  Kind kind = Kind::object;
  StoredObject object;
  std::uint64_t series = 0;
  std::string message;
};

struct Inspection {
  std::vector<Finding> findings;
  std::string next;  // empty: no more
};

struct Progress {
  std::int64_t start_offset = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::int64_t due_ms = 0;
};

// Records of one batch; steps by the host's record size, which may be longer than ours.
class Batch {
 public:
  explicit Batch(const ch_batch& batch)
      : base_(reinterpret_cast<const unsigned char*>(batch.records)), step_(batch.record_size), count_(batch.count) {}
  std::size_t size() const { return count_; }
  const ch_record& operator[](std::size_t index) const { return *reinterpret_cast<const ch_record*>(base_ + index * step_); }

 private:
  const unsigned char* base_;
  std::size_t step_;
  std::size_t count_;
};

inline std::string_view bytes_view(ch_bytes bytes) {
  return bytes.data == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(bytes.data), bytes.size);
}

enum class LogLevel : std::int32_t { debug = CH_LOG_DEBUG, info = CH_LOG_INFO, warn = CH_LOG_WARN, error = CH_LOG_ERROR };
enum class Urgency : std::int32_t { lazy = CH_COMMIT_LAZY, now = CH_COMMIT_NOW };

namespace detail {

// Logs what was thrown; the answer to give is CH_FAILED.
inline std::int32_t failed(const ch_host* host, const char* call, const char* what) noexcept {
  try {
    host->log(host->context, CH_LOG_ERROR, c_string(std::string(call) + ": " + what));
  } catch (...) {
    static constexpr std::string_view text = "out of memory while reporting an exception";
    host->log(host->context, CH_LOG_ERROR, c_string(text));
  }
  return CH_FAILED;
}

}  // namespace detail

// The host's services; a small value, valid until the task is destroyed. See ch_host for threads.
class Host {
 public:
  explicit Host(const ch_host* host) : host_(host) {}

  void log(LogLevel level, std::string_view message) const {
    host_->log(host_->context, static_cast<std::int32_t>(level), c_string(message));
  }
  std::int64_t now_ms() const { return host_->now_ms(host_->context); }

  // `run` on the upload pool, then `done` on the poll thread. False: the pool's queue is full, neither will be called.
  bool submit(std::function<void()> run, std::function<void()> done) const {
    auto job = std::make_unique<Job>(Job{host_, std::move(run), std::move(done)});
    const auto result = host_->submit(host_->context, &Job::run_it, &Job::done_it, job.get());
    if (result == CH_OK) (void)job.release();
    return result == CH_OK;
  }
  void request_commit(PartitionId partition, std::int64_t offset, std::string_view state, Urgency urgency) const {
    host_->request_commit(host_->context, partition, offset, c_string(state), static_cast<std::int32_t>(urgency));
  }
  void resume(PartitionId partition, std::int64_t offset) const { host_->resume(host_->context, partition, offset); }
  void interrupted(PartitionId partition, const Interruption& what) const {
    const ch_interruption c{sizeof(ch_interruption), c_string(what.reason), c_string(what.message), c_string(what.remedy),
                            what.next_try_ms};
    host_->interrupted(host_->context, partition, &c);
  }
  void recovered(PartitionId partition) const { host_->recovered(host_->context, partition); }
  bool reserve(std::uint64_t bytes) const { return host_->reserve(host_->context, bytes) == CH_OK; }
  void release(std::uint64_t bytes) const { host_->release(host_->context, bytes); }
  void stored(PartitionId partition, const StoredObject& object) const;
  template <class Each>  // Each(std::string_view name, ch_bytes value)
  void headers(const ch_record& record, Each&& each) const {
    struct Call {
      std::remove_reference_t<Each>& each;
      std::exception_ptr thrown;  // must not pass through the host: kept until its function has returned
    } call{each, nullptr};
    host_->headers(
        host_->context, &record,
        [](void* user, ch_string name, ch_bytes value) {
          auto& self = *static_cast<Call*>(user);
          if (self.thrown != nullptr) return;
          try {
            self.each(view(name), value);
          } catch (...) {
            self.thrown = std::current_exception();
          }
        },
        &call);
    if (call.thrown != nullptr) std::rethrow_exception(call.thrown);
  }
  // True: taken care of, go on behind the record. False: take neither it nor more; it comes again.
  bool reject(PartitionId partition, const ch_record& record, std::string_view reason) const {
    if (host_->struct_size < offsetof(ch_host, reject) + sizeof(host_->reject))
      throw std::runtime_error("offset " + std::to_string(record.offset) + ": " + std::string(reason));  // a host from before it
    return host_->reject(host_->context, partition, &record, c_string(reason)) == CH_OK;
  }
  void count(std::string_view metric, double amount) const { host_->count(host_->context, c_string(metric), amount); }
  void observe(std::string_view metric, double seconds) const {
    const bool there = host_->struct_size >= offsetof(ch_host, observe) + sizeof(host_->observe) && host_->observe != nullptr;
    if (there) host_->observe(host_->context, c_string(metric), seconds);
  }
  void gauge(std::string_view metric, double value) const {
    const bool there = host_->struct_size >= offsetof(ch_host, gauge) + sizeof(host_->gauge) && host_->gauge != nullptr;
    if (there) host_->gauge(host_->context, c_string(metric), value);
  }

 private:
  struct Job {
    const ch_host* host;
    std::function<void()> run;
    std::function<void()> done;
    static void run_it(void* job) noexcept { guarded(*static_cast<Job*>(job), static_cast<Job*>(job)->run); }
    static void done_it(void* job) noexcept {
      const std::unique_ptr<Job> owned(static_cast<Job*>(job));
      guarded(*owned, owned->done);
    }
    static void guarded(const Job& job, const std::function<void()>& work) noexcept {
      try {
        work();
      } catch (const std::exception& error) {
        detail::failed(job.host, "exception in a job", error.what());
      } catch (...) {
        detail::failed(job.host, "exception in a job", "unknown");
      }
    }
  };
  const ch_host* host_;
};

inline ch_object c_object(const StoredObject& object) {
  return {sizeof(ch_object), c_string(object.key), c_string(object.topic), object.partition,     object.start_offset,  object.end_offset,
          object.records,    object.bytes,         object.stored_ms,       c_string(object.url), object.url_expires_ms};
}

inline void Host::stored(PartitionId partition, const StoredObject& object) const {
  const auto c = c_object(object);
  host_->stored(host_->context, partition, &c);
}

// One runner's work. See ch_connector for what each call means.
class SinkTask {
 public:
  SinkTask() = default;
  SinkTask(const SinkTask&) = delete;
  SinkTask& operator=(const SinkTask&) = delete;
  virtual ~SinkTask() = default;

  virtual void open(std::span<const OpenPartition> partitions) = 0;
  virtual std::size_t put(PartitionId partition, const Batch& batch) = 0;  // records taken
  virtual void end_of_partition(PartitionId partition, std::int64_t offset) { (void)partition, (void)offset; }
  virtual std::int64_t tick(std::int64_t now_ms) = 0;  // when to be called next, wall clock
  virtual void committed(PartitionId partition, std::int64_t offset, bool stored) = 0;
  virtual void flush() = 0;
  virtual std::size_t pending() const = 0;
  virtual void close(std::span<const PartitionId> partitions, bool lost) = 0;
  virtual Progress describe(PartitionId partition) const = 0;
  virtual void retry() {}
};

}  // namespace ch

#include <connector_host/detail/glue.hpp>

#define CH_EXPORT_CONNECTOR(Class)                                                              \
  extern "C" CH_EXPORT const ch_connector* ch_connector_entry(std::uint32_t host_abi_version) { \
    try {                                                                                       \
      return host_abi_version == CH_ABI_VERSION ? ::ch::detail::Glue<Class>::table() : nullptr; \
    } catch (...) {                                                                             \
      return nullptr;                                                                           \
    }                                                                                           \
  }
