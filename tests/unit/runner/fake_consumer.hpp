// A consumer without a broker: keeps the contract of kafka/consumer.hpp, and does everything that it allows. What moves the
// world on is poll(), as a session calls it again and again. One thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "base/clock.hpp"
#include "kafka/consumer.hpp"
#include "kafka/dead_letters.hpp"
#include "oracle.hpp"

namespace ch::runner_test {

// What outlives a consumer: the group as its coordinator sees it, and what the network still holds.
struct Group {
  int generation = 0;
  std::set<int> of_others;  // partitions that another member has
  ch_partition_id last_id = 0;
  struct LateCopy {
    int generation = 0;
    std::vector<kafka::CommitRequest> requests;
  };
  std::vector<LateCopy> late;
  std::uint64_t assignments = 0, revocations = 0, losses = 0, doubts = 0, refusals = 0, parks = 0, seeks_failed = 0, expired = 0;
};

struct World {
  Ledger& ledger;
  Group& group;
  ManualClock& clock;
  Dice& dice;
  std::function<void()> turn;                                                     // what happens beside the consumer; may throw
  std::function<void()> woken;                                                    // before somebody waits for it
  std::function<std::optional<std::pair<std::int64_t, std::string>>(int)> saved;  // what the host has kept of a partition
};

class FakeConsumer final : public kafka::Consumer {
 public:
  explicit FakeConsumer(World& world) : world_(world) {}
  ~FakeConsumer() override;
  FakeConsumer(const FakeConsumer&) = delete;
  FakeConsumer& operator=(const FakeConsumer&) = delete;

  void rebalance(bool lost);  // told by the next poll(); the group goes on at once if it is lost
  bool assigned() const { return !buffers_.empty(); }

  Status subscribe(const kafka::Subscription& topics, kafka::Listener& listener) override;
  void poll(milliseconds at_most) override;
  void wake() override {}

  bool fetch() override;
  std::vector<ch_partition_id> holding_up() const override;
  const std::vector<ch_partition_id>& readable() override;
  Result<Records> read(ch_partition_id id) override;
  void take(ch_partition_id id, std::size_t count) override;
  void park(ch_partition_id id) override;
  bool parked(ch_partition_id id) const override;
  Status seek(ch_partition_id id, std::int64_t offset) override;
  std::int64_t end_offset(ch_partition_id id) const override;
  bool holds(ch_partition_id id) const override;
  std::optional<kafka::Throttled> throttled() const override;

  bool commit(const std::vector<kafka::CommitRequest>& requests) override;
  bool commit_under_way() const override { return in_flight_.has_value(); }
  milliseconds commit_age() const override;
  void serve_commits() override;
  bool close(milliseconds at_most, Membership membership) override;

 private:
  struct Buffer {
    int partition = 0;
    std::int64_t position = 0;  // of what is fetched next
    std::vector<ch_record> records;
    std::uint64_t oldest_at = 0;
    std::optional<std::int64_t> end;  // told
    bool end_is_news = false;
    bool broken = false, out_of_range = false, parked = false;

    bool has_news() const { return !records.empty() || end_is_news || broken || out_of_range; }
    void drop();
  };
  enum class Fate { stored, refused, unanswered, doubtful, fatal };
  struct Commit {
    std::vector<kafka::CommitRequest> requests;
    int generation = 0;
    Instant sent, answer_at;
    Fate fate = Fate::stored;
    std::vector<bool> taken;  // by the broker, each of the requests
    bool decided = false;
  };

  Buffer& buffer(ch_partition_id id, const char* call);
  const Log& log(const Buffer& buffer) const { return world_.ledger.logs.at(static_cast<std::size_t>(buffer.partition)); }
  void assign();
  void revoke(bool lost);
  void fetch(Buffer& buffer);
  void let_broker_decide();
  void answer_commit();
  void tell_trouble();

  World& world_;
  kafka::Listener* listener_ = nullptr;
  std::map<ch_partition_id, Buffer> buffers_;
  std::vector<ch_partition_id> readable_;
  std::optional<bool> revoke_due_;  // lost?
  std::optional<Instant> join_at_;
  int generation_ = -1;  // that we are a member of
  std::optional<Commit> in_flight_;
  bool in_doubt_ = false;  // a copy of a commit may still come: nothing may be asked for any more
  bool troubled_ = false;
  bool closed_ = false;
  std::uint64_t fetched_ = 0;
};

class FakeDeadLetters final : public kafka::DeadLetters {
 public:
  explicit FakeDeadLetters(World& world) : world_(world) {}
  ~FakeDeadLetters() override;
  FakeDeadLetters(const FakeDeadLetters&) = delete;
  FakeDeadLetters& operator=(const FakeDeadLetters&) = delete;

  Sent send(ch_partition_id assignment, const kafka::TopicPartition& where, const ch_record& record, const std::string& why) override;
  void serve() override;
  std::uint64_t last(ch_partition_id assignment) const override;
  bool acknowledged(ch_partition_id assignment, std::uint64_t number) const override;
  void forget(ch_partition_id assignment) override;
  std::optional<Refusal> refusal(ch_partition_id assignment) const override;
  bool stuck() const override { return false; }
  const std::optional<Interruption>& trouble() const override { return trouble_; }

 private:
  struct Letter {
    ch_partition_id assignment = 0;
    std::uint64_t number = 0;
    int partition = 0;
    std::int64_t offset = 0;
    bool refused = false;
  };
  World& world_;
  std::map<ch_partition_id, std::uint64_t> last_;
  std::deque<Letter> under_way_;
  std::optional<Interruption> trouble_;
};

}  // namespace ch::runner_test
