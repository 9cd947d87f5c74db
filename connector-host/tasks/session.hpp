// One consumer's life within a runner, from joining the group to leaving it. All on the poll thread.
//
// Division of labour: the connector decides what becomes an object and where to go on; the session reads lanes, offers
// records, commits what is asked, and tells who owns what. Every call that names a partition names an assignment of it;
// what comes for one that has ended is dropped here.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "kafka/consumer.hpp"
#include "plugins/connector.hpp"
#include "tasks/bridge.hpp"
#include "tasks/committer.hpp"
#include "tasks/rate.hpp"
#include "tasks/rejects.hpp"
#include "tasks/runner.hpp"
#include "tasks/shared.hpp"

namespace ch::tasks {

class Session final : private kafka::Listener, public SessionCalls {
 public:
  enum class End {
    stopped,  // as asked; the group has been left
    rejoin,   // the consumer must be made anew: `why`
    failed,   // the connector broke its contract, or the settings are refused: `why`
  };
  struct Outcome {
    End end = End::stopped;
    std::string why;
    bool worked = false;  // it was RUNNING at some time
  };

  struct Context {  // outlives the session
    const RunnerSpec& spec;
    const kafka::Properties& cluster;
    Shared& shared;
    Bridge& bridge;
    UploadPool& pool;
    Budget& budget;
    plugins::ConnectorTask& connector;
    Totals& totals;
    std::uint64_t series = 1;
  };

  explicit Session(const Context& context);
  ~Session() override;
  Outcome run();

  void request_commit(ch_partition_id partition, std::int64_t offset, std::string state, bool urgent) override;
  void resume(ch_partition_id partition, std::int64_t offset) override;
  void interrupted(ch_partition_id partition, const ch_interruption& what) override;
  void recovered(ch_partition_id partition) override;
  std::int32_t reject(ch_partition_id partition, const ch_record& record, const std::string& why) override;
  void stored(ch_partition_id partition, const ch_object& object) override;

 private:
  struct Slot {  // an assigned partition
    kafka::Assignment assignment;
    std::uint64_t series = 1;
    std::string state;
    bool opened = false;
    std::optional<std::int64_t> seek_to;  // where it goes on; not read until that is done
    std::int64_t seek_after_ms = 0;       // until then nothing is fetched either
    std::int64_t seek_failing_ms = 0;     // since when; 0: it is not
    bool reading = false;
    std::int64_t position = -1;
    std::int64_t end_offset = -1;
    std::optional<InterruptionStatus> interruption;
    std::optional<std::int64_t> stopped_at;  // the offset of what cannot be read or stored: told until it is passed
    bool refused = false;                    // the dead letter of one of its records
    bool out_of_memory = false;              // why it took less than it was offered
    std::int64_t park_ms = 0;                // how long it was parked the last time; 0: it has taken something since
    std::optional<StoredObject> last_object;
    struct Mark {
      std::int64_t position;
      std::int64_t time_ms;
    };
    std::deque<Mark> marks;  // when records up to a position had arrived: for the delay to storage
  };

  void on_assigned(std::vector<kafka::Assignment>& partitions) override;
  void on_revoked(const std::vector<ch_partition_id>& partitions, bool lost) override;
  void on_committed(const std::vector<kafka::CommitResult>& results) override;
  void on_trouble(const kafka::Trouble& trouble) override;
  void on_reachable() override;
  void on_rejoin_needed(const std::string& why) override;

  bool loop_once();
  void adopt(kafka::Assignment& assignment);
  void recover_cluster();
  void set_trouble(const kafka::Trouble& what);
  void look_at_instance();
  void stand(Slot& slot, const std::string& message);
  void open_new();
  void go_on_at(Slot& slot, std::int64_t offset, std::int64_t after_ms);
  bool seek_asked();
  bool read_lanes();
  bool read_lane(ch_partition_id id, Slot& slot);
  std::size_t offer(ch_partition_id id, Slot& slot, std::span<const ch_record> records);
  void wait_for_leader(Slot& slot);
  void cannot_read_on(Slot& slot, const kafka::Trouble& what);
  void make_way();
  void tick();
  void send_commits(bool everything);
  void serve_rejects();
  void stop_at(Slot& slot, std::int64_t offset, const std::string& why, const std::string& remedy);
  void wait_for_dead_letter(ch_partition_id id, Slot& slot);
  bool settled() const;  // no commit is requested or under way
  bool finished_storing();
  void give_up_all(bool lost);
  void give_up(const std::vector<ch_partition_id>& partitions, bool lost);
  void give_up_refused();
  Outcome leave(Outcome outcome);
  void check(const Status& status);
  std::chrono::milliseconds time_to_wait() const;

  State state() const;
  bool changed_state(std::int64_t now);
  void publish();
  RunnerStatus snapshot();
  PartitionStatus describe(ch_partition_id id, Slot& slot);
  void tell(const log::Subject& about, const InterruptionStatus& what);
  void event(const std::string& kind, const InterruptionStatus* what, const std::string& message);
  log::Subject subject(ch_partition_id partition) const;  // of a log line; the task if the partition is not ours
  void count_taken(std::span<const ch_record> records);

  Context context_;
  const std::string task_;
  std::unique_ptr<kafka::Consumer> consumer_;
  Committer committer_;
  Rejects rejects_;
  std::map<ch_partition_id, Slot> slots_;
  std::vector<ch_partition_id> to_open_;
  std::set<ch_partition_id> to_seek_;
  std::optional<InterruptionStatus> trouble_;       // of the cluster
  std::optional<InterruptionStatus> interruption_;  // of the whole task, from the connector
  std::optional<Outcome> end_;
  bool joined_ = false;
  bool worked_ = false;
  bool flushing_ = false;
  bool progress_ = false;
  std::int64_t next_tick_ms_ = 0;
  std::int64_t published_ms_ = 0;
  std::int64_t state_seen_ms_ = 0;
  std::int64_t resting_since_ms_ = 0;  // 0: not resting
  std::int64_t looked_ms_ = 0;         // whether the instance is isolated
  State published_state_ = State::starting;
  Rate record_rate_;
  Rate byte_rate_;
  std::int64_t state_since_ms_ = 0;
};

}  // namespace ch::tasks
