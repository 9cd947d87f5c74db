// One task as the service keeps it: its record, its runners, and how to bring the one in line with the other. The record is
// the store's: what changes it goes there first, and comes back by changed(). Any thread; each entry has its own lock, which
// is held while no task is changed in the store, since the store's listener takes it.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "kafka/lookout.hpp"
#include "runner/runner.hpp"
#include "store/store.hpp"
#include "tasks/offsets/offset_changes.hpp"
#include "tasks/offsets/start_position.hpp"
#include "tasks/starts.hpp"
#include "tasks/status/outlook.hpp"
#include "tasks/task_service.hpp"
#include "tasks/task_validation.hpp"

namespace ch::tasks {

// What entries use of the service.
struct Services {
  const TaskValidation& validation;
  store::Store& store;
  runner::Budget& budget;
  metrics::Metrics& metrics;
  std::string advertised;
  std::string host_id;
  bool static_membership = true;
  std::function<void(store::Event)> add_event;
  std::function<void()> nudge;  // something must be reconciled soon
  Starts& starts;
  std::shared_ptr<runner::Beats> beats;
};

class ManagedTask {
 public:
  // `enabled`: when it was enabled, if that was by this process.
  ManagedTask(Services& services, store::TaskRecord record, SavedOffsets saved, Instant enabled = {});

  // `change` edits the record (false: nothing to do), again where somebody else was faster; it is stored before this returns.
  // True: it has been changed.
  Result<bool> update(const std::function<bool(store::TaskRecord&)>& change);
  Result<bool> mark_deleted();  // false: somebody else was faster
  // The store says so. Where the configuration is another one, runners are made anew with it once the old ones have stored
  // what is open.
  void changed(store::TaskRecord record);
  void removed();
  store::TaskRecord record() const;

  // One step towards what the record says. True: done, nothing is under way.
  bool reconcile();
  bool gone() const;
  bool settled() const;                          // the runners are those that the record asks for, with its config
  std::uint64_t status_count() const;            // grows with every status that a runner has published
  void remove(bool discard);                     // after the record's target became deleted
  void stop(std::chrono::milliseconds at_most);  // the host ends; the record stays as it is
  // Ends runners without storing anything and makes them anew, with what the placeholders stand for now; none named: all.
  // Where the configuration does not hold any more nothing is done: its problems.
  std::vector<KeyProblem> restart(const std::vector<std::uint32_t>& runners);
  bool start_decided() const;  // the start offsets are fixed, or it is known why not
  // What a preflight of the config that the record had at `updated_ms` has found. True: it is something else than before.
  bool set_warnings(std::vector<KeyProblem> warnings, std::int64_t updated_ms);
  void expect_preflight(std::chrono::steady_clock::time_point until);
  bool tried_out() const;  // no preflight is worth waiting for

  bool ask_status();  // false: nothing runs that could publish one
  TaskStatus status() const;
  // What Ends finds out, for the status.
  bool owns_partitions() const;  // a runner has some, so that it knows what is committed
  void see(const std::vector<Outlook::Seen>& partitions);
  void see_first(const kafka::Lookout::First& first);
  std::vector<kafka::PartitionOffset> to_look_up(std::size_t limit) const;
  void flush_offsets();  // to the store
  SavedOffsets saved() const;
  // Other offsets for a disabled task that is at rest (else: conflict), as `decide` says; it cannot be enabled meanwhile.
  // `anew`: the next start resolves `start.position` again.
  Status rewind(const std::function<Result<Rewound>(const store::TaskRecord&, const SavedOffsets&)>& decide, bool anew);

 private:
  Result<bool> edit(const std::function<bool(store::TaskRecord&)>& change);
  bool remove_from_store();
  bool go_towards_record() CH_REQUIRES(mutex_);
  bool may_start() CH_REQUIRES(mutex_);
  bool no_longer_valid() CH_REQUIRES(mutex_);
  void start_runners() CH_REQUIRES(mutex_);
  void watch_start() CH_REQUIRES(mutex_);
  bool holds_refused_values() CH_REQUIRES(mutex_);
  void make_anew() CH_REQUIRES(mutex_);
  runner::RunnerSpec present_spec() CH_REQUIRES(mutex_);
  std::unique_ptr<runner::Runner> make_runner(const runner::RunnerSpec& spec, std::uint32_t id) const;
  runner::StartAnswer fix_start(kafka::GroupClient& client, const std::map<std::string, std::int32_t>& topics, const std::string& wanted,
                                ckafka::Instance* ckafka);
  bool just_enabled() const;
  void tell_start(const std::string& position, const std::optional<std::int64_t>& skipped) const;
  std::optional<Interruption> name_topics(const std::map<std::string, std::int32_t>& topics, ckafka::Instance& ckafka);

  Services& services_;
  const std::string name_;
  mutable Mutex mutex_;
  store::TaskRecord record_ CH_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<runner::Runner>> runners_ CH_GUARDED_BY(mutex_);
  std::set<std::uint32_t> anew_ CH_GUARDED_BY(mutex_);  // runners that are ending, and will be made anew
  bool restart_ CH_GUARDED_BY(mutex_) = false;          // the runners have an older config
  Config made_of_ CH_GUARDED_BY(mutex_);                // what the runners have for a config: with what its placeholders stood for
  Instant compared_ CH_GUARDED_BY(mutex_);              // when that was last compared with what they stand for now
  bool stopping_ CH_GUARDED_BY(mutex_) = false;
  bool hurried_ CH_GUARDED_BY(mutex_) = false;       // the runners have only kRestartTime to stop
  bool other_topics_ CH_GUARDED_BY(mutex_) = false;  // its runners come again as other members of the group
  bool discard_ CH_GUARDED_BY(mutex_) = false;
  bool host_stops_ CH_GUARDED_BY(mutex_) = false;
  bool gone_ CH_GUARDED_BY(mutex_) = false;
  std::string refusal_ CH_GUARDED_BY(mutex_);                                         // why it cannot run although it should
  bool invalid_ CH_GUARDED_BY(mutex_) = false;                                        // which is for its configuration
  std::optional<std::chrono::steady_clock::time_point> begun_ CH_GUARDED_BY(mutex_);  // of a start that is not yet known to be survived
  // What this start has left out; nothing: it goes on, or the broker could not tell.
  std::optional<std::int64_t> starts_behind_ CH_GUARDED_BY(mutex_);
  mutable Outlook outlook_ CH_GUARDED_BY(mutex_);
  std::vector<KeyProblem> warnings_ CH_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point preflight_until_ CH_GUARDED_BY(mutex_){};  // when one that is expected is no longer waited for
  std::int64_t since_ms_ CH_GUARDED_BY(mutex_) = 0;                                // of the state without runners
  Instant enabled_ CH_GUARDED_BY(mutex_);
  Mutex start_mutex_;  // several runners fix the start one after the other; a rewind keeps all of them waiting

  mutable Mutex offsets_mutex_;
  SavedOffsets saved_ CH_GUARDED_BY(offsets_mutex_);
  std::vector<store::SavedOffset> unsaved_ CH_GUARDED_BY(offsets_mutex_);
};

}  // namespace ch::tasks
