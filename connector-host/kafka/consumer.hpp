// One member of a task's consumer group, for one thread: the runner's poll thread. Events (rebalances, commit results,
// errors) come out of poll(); records come out of lanes, one per assigned partition, and only when fetch() is called. Back-
// pressure is not calling it, or leaving in a lane what its partition cannot take yet (lanes.hpp).
//
// Records are views of librdkafka's memory: nothing is copied. Everything is called from the owning thread, except wake().
#pragma once

#include <connector_host/plugin.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "kafka/client_config.hpp"
#include "kafka/types.hpp"

namespace ch::kafka {

using std::chrono::milliseconds;

// One assignment of one partition. Its id is never used again: whatever comes back for an older one can be told apart.
struct Assignment {
  ch_partition_id id = 0;
  TopicPartition where;
  std::int64_t committed_offset = -1;  // -1: none
  std::string metadata;
  std::int64_t low = -1;    // first offset the broker has; -1: unknown, as there is no leader to ask
  std::int64_t high = -1;   // one behind the last; -1: unknown
  std::int64_t start = -1;  // set by the listener: where to fetch from; < 0: from `low`, and nobody reads it
};

struct CommitRequest {
  ch_partition_id id = 0;
  TopicPartition where;
  std::int64_t offset = 0;
  std::string metadata;
};

struct CommitResult {
  ch_partition_id id = 0;
  std::string error;   // "" stored
  bool fatal = false;  // asking again is of no use: the consumer must be made anew
};

// Called from poll() and close(), on their thread.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void on_assigned(std::vector<Assignment>& partitions) = 0;  // what is assigned now, all of it
  // Before the partitions are given up; `lost`: they may have another owner already.
  virtual void on_revoked(const std::vector<ch_partition_id>& partitions, bool lost) = 0;
  virtual void on_committed(const std::vector<CommitResult>& results) = 0;
  virtual void on_trouble(const Trouble& trouble) = 0;
  virtual void on_reachable() = 0;                            // brokers answer (again), and refuse us nothing that we know of
  virtual void on_rejoin_needed(const std::string& why) = 0;  // the consumer must be closed and made anew
};

class Consumer {
 public:
  static Result<std::unique_ptr<Consumer>> create(const ConsumerSettings& settings, Listener& listener);
  ~Consumer();  // without leaving the group, unless close() has
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  Status subscribe(const std::vector<std::string>& topics);  // a name that begins with ^ is a regular expression
  void poll(milliseconds at_most);                           // returns early when something came or wake() was called
  void wake();                                               // [any thread]

  struct Records {
    std::span<const ch_record> records;            // what the lane holds and was not yet taken; ascending offsets
    std::optional<std::int64_t> end_of_partition;  // nothing is behind the records
    std::optional<Trouble> broken;                 // what is behind the records could not be read: seek to their end
  };
  // Sorts what has come into lanes. True: something came.
  bool fetch();
  // Lanes with records from so long ago that fetch() does nothing until they are taken or the lane is parked.
  std::vector<ch_partition_id> holding_up() const;
  // Ids of lanes that hold something. Valid until the next call or poll().
  const std::vector<ch_partition_id>& readable();
  // All that the lane holds. Error: the partition needs a rejoin.
  Result<Records> read(ch_partition_id lane);
  void take(ch_partition_id lane, std::size_t count);  // the first `count` of the last read() are done with
  void park(ch_partition_id lane);                     // drops what it holds and fetches no more of it until seek()
  bool parked(ch_partition_id lane) const;
  Status seek(ch_partition_id lane, std::int64_t offset);
  std::int64_t end_offset(ch_partition_id lane) const;  // high watermark as last seen; -1 unknown

  // One at a time; results through Listener::on_committed. False: one is under way.
  bool commit(const std::vector<CommitRequest>& requests);
  bool commit_under_way() const;
  milliseconds commit_age() const;
  void commit_positions();  // [any thread] what a deliberate bug does: commits what was read, whether stored or not
  void serve_commits();     // delivers results without polling for anything else: for use inside on_revoked

  // Gives up its partitions and leaves the group, which a static member does not. False: not left in time.
  bool close(milliseconds at_most);

  struct Impl;

 private:
  explicit Consumer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Trouble if the headers cannot be read.
Status each_header(const ch_record& record, ch_header_fn each, void* user);

}  // namespace ch::kafka
