// Which offsets and states to commit when: pure bookkeeping, no I/O. One per session; poll thread.
//   - Of one partition the latest request wins, and only it is answered: an acknowledgement of an older one says nothing
//     about it, even when both name the same offset.
//   - Partitions that are due share one commit, one commit is under way at a time.
//   - A commit that failed is sent again unchanged: soon if it may pass by itself, else less and less often.
//   - States at rest are committed again once a minute, which repairs what a late copy of an earlier commit undid.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "kafka/consumer.hpp"
#include "store/store.hpp"

namespace ch::runner {

class CommitScheduler {
 public:
  static constexpr milliseconds kLazy{500};   // how long a lazy commit waits for company
  static constexpr milliseconds kRetry{200};  // after a refusal; of one that stays, twice as much each time, up to
  static constexpr milliseconds kLongestRetry{10000};
  static constexpr milliseconds kTell{3000};      // a refusal that may pass is not told before
  static constexpr milliseconds kRefresh{60000};  // states at rest
  static constexpr milliseconds kGiveUp{15000};   // refused for so long where another consumer may fare better: it is made anew

  struct Acknowledged {
    ch_partition_id id = 0;
    std::int64_t offset = 0;
  };

  void open(ch_partition_id id, kafka::TopicPartition where, std::uint64_t series, std::int64_t committed_offset, std::string state,
            Instant now);
  void close(ch_partition_id id) { entries_.erase(id); }

  void request(ch_partition_id id, std::int64_t offset, std::string state, bool urgent, Instant now);
  // What to send now; empty: nothing is due. `everything`: lazy ones too (before leaving).
  std::vector<kafka::CommitRequest> due(Instant now, bool everything);
  // Takes the results of what due() gave; returns those to answer.
  std::vector<Acknowledged> answered(const std::vector<kafka::CommitResult>& results, Instant now);

  Instant next(Instant now) const;  // when due() should be asked again
  bool idle() const;                // nothing requested that is not acknowledged
  bool gave_up(Instant now) const;  // some commit has been refused for kGiveUp, and another consumer may help
  // That a partition's commit is refused, if it is time to tell; `next`: when it is asked again.
  struct Refusal {
    Interruption why;
    Instant next;
  };
  std::optional<Refusal> refusal(ch_partition_id id, Instant now) const;
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
    Instant due;
    std::optional<Instant> refused_since;
    milliseconds retry = kRetry;
    std::optional<Interruption> refused;  // the last answer
    bool anew = false;                    // see CommitResult
    Instant last;                         // of the last acknowledgement
    bool changed = false;
  };
  static bool passes(const Entry& entry);
  static bool is_due(const Entry& entry, Instant now, bool everything);
  std::map<ch_partition_id, Entry> entries_;
};

}  // namespace ch::runner
