// Which offsets and states to commit when: pure bookkeeping, no I/O. One per session; poll thread.
//   - Of one partition the latest request wins, and only it is answered: an acknowledgement of an older one says nothing
//     about it, even when both name the same offset.
//   - Partitions that are due share one commit, one commit is under way at a time.
//   - A commit that failed is sent again unchanged.
//   - States at rest are committed again once a minute, which repairs what a late copy of an earlier commit undid.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kafka/consumer.hpp"
#include "store/store.hpp"

namespace ch::tasks {

class Committer {
 public:
  static constexpr std::int64_t kLazyMs = 500;       // how long a lazy commit waits for company
  static constexpr std::int64_t kRetryMs = 200;      // after a refusal
  static constexpr std::int64_t kRefreshMs = 60000;  // states at rest
  static constexpr std::int64_t kGiveUpMs = 15000;   // refused for so long: the consumer must be made anew

  struct Acknowledged {
    ch_partition_id id = 0;
    std::int64_t offset = 0;
  };

  void open(ch_partition_id id, kafka::TopicPartition where, std::uint64_t series, std::int64_t committed_offset, std::string state,
            std::int64_t now);
  void close(ch_partition_id id) { entries_.erase(id); }

  void request(ch_partition_id id, std::int64_t offset, std::string state, bool urgent, std::int64_t now);
  // What to send now; empty: nothing is due. `everything`: lazy ones too (before leaving).
  std::vector<kafka::CommitRequest> due(std::int64_t now, bool everything);
  // Takes the results of what due() gave; returns those to answer.
  std::vector<Acknowledged> answered(const std::vector<kafka::CommitResult>& results, std::int64_t now);

  std::int64_t next_ms(std::int64_t now) const;  // when due() should be asked again
  bool idle() const;                             // nothing requested that is not acknowledged
  bool gave_up(std::int64_t now) const;          // some commit has been refused for kGiveUpMs
  std::int64_t committed_offset(ch_partition_id id) const;
  std::vector<store::SavedOffset> take_changed();  // acknowledged since the last call

 private:
  struct Entry {
    kafka::TopicPartition where;
    std::uint64_t series = 0;
    std::int64_t offset = -1;  // wanted; equal to committed ones when at rest
    std::string state;
    std::int64_t committed_offset = -1;
    std::uint64_t wanted = 0;  // number of the latest request
    std::uint64_t acked = 0;   // the latest request that was acknowledged
    std::uint64_t sent = 0;    // the request under way
    bool under_way = false;
    bool urgent = false;
    std::int64_t due_ms = 0;
    std::int64_t refused_since_ms = 0;
    std::int64_t last_ms = 0;  // of the last acknowledgement
    bool changed = false;
  };
  std::map<ch_partition_id, Entry> entries_;
};

}  // namespace ch::tasks
