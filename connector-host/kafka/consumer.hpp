// One member of a task's consumer group, for one thread: the runner's poll thread. Events (rebalances, commit results,
// errors) come out of poll(); records come out of buffers, one per assigned partition, and only when fetch() is called. Back-
// pressure is not calling it, or leaving in a buffer what its partition cannot take yet (fetch_buffer.hpp).
//
// An interface, so that whoever uses it can be tried without a broker: librdkafka's is RdkafkaConsumer. A call is made for a
// batch, never for a record. Records are views of the consumer's memory: nothing is copied. Everything is called from the
// owning thread, except wake().
#pragma once

#include <connector_host/plugin.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
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
  std::optional<Interruption> refused;  // nothing: stored
  bool anew = false;                    // another consumer may fare better, while this one asks in vain for long
  bool fatal = false;                   // asking again is of no use: the consumer must be made anew
};

// The broker's quota makes us wait.
struct Throttled {
  std::string broker;
  milliseconds at_once{0};   // how long it told us to wait the last time
  milliseconds for_long{0};  // without a pause between such waits
};

// Called from poll() and close(), on their thread.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void on_assigned(std::vector<Assignment>& partitions) = 0;  // what is assigned now, all of it
  // Before the partitions are given up; `lost`: they may have another owner already.
  virtual void on_revoked(const std::vector<ch_partition_id>& partitions, bool lost) = 0;
  virtual void on_committed(const std::vector<CommitResult>& results) = 0;
  virtual void on_trouble(const Interruption& trouble) = 0;
  virtual void on_reachable() = 0;                            // brokers answer (again), and refuse us nothing that we know of
  virtual void on_rejoin_needed(const std::string& why) = 0;  // the consumer must be closed and made anew
  virtual void on_topics_changed() = 0;                       // the same, since the expression matches others now
};

struct Subscription {
  std::vector<std::string> topics;  // by name
  std::string expression;           // what these match; "" if they were named
};

class Consumer {
 public:
  virtual ~Consumer() = default;  // without leaving the group, unless close() has

  // Before poll(), which tells the listener. No topics: nothing is read until there are some.
  virtual Status subscribe(const Subscription& topics, Listener& listener) = 0;
  virtual void poll(milliseconds at_most) = 0;  // returns early when something came or wake() was called
  virtual void wake() = 0;                      // [any thread]

  struct Records {
    std::span<const ch_record> records;            // what the buffer holds and was not yet taken; ascending offsets
    std::optional<std::int64_t> end_of_partition;  // nothing is behind the records
    std::optional<Interruption> broken;            // what is behind the records could not be read: seek to their end
  };
  // Sorts what has come into buffers. True: something came.
  virtual bool fetch() = 0;
  // Buffers with records from so long ago that fetch() does nothing until they are taken or the buffer is parked.
  virtual std::vector<ch_partition_id> holding_up() const = 0;
  // Ids of buffers that hold something. Valid until the next call or poll().
  virtual const std::vector<ch_partition_id>& readable() = 0;
  // All that the buffer holds. Error: the partition needs a rejoin.
  virtual Result<Records> read(ch_partition_id buffer) = 0;
  virtual void take(ch_partition_id buffer, std::size_t count) = 0;  // the first `count` of the last read() are done with
  virtual void park(ch_partition_id buffer) = 0;                     // drops what it holds and fetches no more of it until seek()
  virtual bool parked(ch_partition_id buffer) const = 0;
  virtual Status seek(ch_partition_id buffer, std::int64_t offset) = 0;
  virtual std::int64_t end_offset(ch_partition_id buffer) const = 0;  // high watermark as last seen; -1 unknown
  virtual bool holds(ch_partition_id buffer) const = 0;               // it has something that was not taken
  virtual std::optional<Throttled> throttled() const = 0;

  // One at a time; results through Listener::on_committed. False: one is under way.
  virtual bool commit(const std::vector<CommitRequest>& requests) = 0;
  virtual bool commit_under_way() const = 0;
  virtual milliseconds commit_age() const = 0;
  virtual void serve_commits() = 0;  // delivers results without polling for anything else: for use inside on_revoked

  // Gives up its partitions and leaves the group. A static member stays one, so that it gets them back when it comes again,
  // unless its membership is to be `ended`. False: not left in time.
  enum class Membership { kept, ended };
  virtual bool close(milliseconds at_most, Membership membership = Membership::kept) = 0;
};

// Interruption if the headers cannot be read.
Status each_header(const ch_record& record, ch_header_fn each, void* user);

}  // namespace ch::kafka
