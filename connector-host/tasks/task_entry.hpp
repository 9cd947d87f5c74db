// One task as the service keeps it: its record, its runners, and how to bring the one in line with the other. Any thread;
// each entry has its own lock, which is never held while waiting for anything but the store.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "store/store.hpp"
#include "tasks/rewind.hpp"
#include "tasks/runner.hpp"
#include "tasks/service.hpp"
#include "tasks/start_position.hpp"
#include "tasks/validation.hpp"

namespace ch::tasks {

// What entries use of the service.
struct Services {
  const Validation& validation;
  store::Store& store;
  Budget& budget;
  metrics::Metrics& metrics;
  std::string advertised;
  std::string host_id;
  bool static_membership = true;
  std::function<void(store::Event)> add_event;
  std::function<void()> nudge;  // something must be reconciled soon
};

class TaskEntry {
 public:
  TaskEntry(Services& services, store::TaskRecord record, SavedOffsets saved);

  // `change` edits the record (false: nothing to do); it is stored before this returns. `new_config`: runners must be
  // made anew with it once the old ones have stored what is open.
  Status update(const std::function<bool(store::TaskRecord&)>& change, bool new_config);
  store::TaskRecord record() const;

  // One step towards what the record says. True: done, nothing is under way.
  bool reconcile();
  bool gone() const;
  bool settled() const;                          // the runners are those that the record asks for, with its config
  std::uint64_t status_count() const;            // grows with every status that a runner has published
  void remove(bool discard);                     // after the record's target became deleted
  void stop(std::chrono::milliseconds at_most);  // the host ends; the record stays as it is
  // At once, and with what the placeholders stand for now; nothing: all runners.
  void retry(std::optional<std::uint32_t> runner);
  bool start_decided() const;  // the start offsets are fixed, or it is known why not
  // What a preflight of the config that the record had at `updated_ms` has found. True: it is something else than before.
  bool set_warnings(std::vector<KeyProblem> warnings, std::int64_t updated_ms);
  void expect_preflight(std::chrono::steady_clock::time_point until);
  bool tried_out() const;  // no preflight is worth waiting for

  bool ask_status();  // false: nothing runs that could publish one
  TaskStatus status() const;
  void flush_offsets();  // to the store
  SavedOffsets saved() const;
  // Other offsets for a disabled task that is at rest (else: conflict), as `decide` says; it cannot be enabled meanwhile.
  // `anew`: the next start resolves `start.position` again.
  Status rewind(const std::function<Result<Rewound>(const store::TaskRecord&, const SavedOffsets&)>& decide, bool anew);

 private:
  void start_runners();
  StartAnswer fix_start(kafka::GroupClient& client, const std::map<std::string, std::int32_t>& topics, const std::string& wanted,
                        ckafka::Instance* ckafka);
  std::optional<kafka::Trouble> name_topics(const std::map<std::string, std::int32_t>& topics, ckafka::Instance& ckafka);

  Services& services_;
  const std::string name_;
  mutable std::mutex mutex_;
  store::TaskRecord record_;
  std::vector<std::unique_ptr<Runner>> runners_;
  bool restart_ = false;  // the runners have an older config
  Config secrets_;        // what the placeholders stood for when the runners were made
  bool stopping_ = false;
  bool hurried_ = false;  // the runners have only kRestartTime to stop
  bool discard_ = false;
  bool host_stops_ = false;
  bool gone_ = false;
  std::string refusal_;  // why it cannot run although it should
  std::vector<KeyProblem> warnings_;
  std::chrono::steady_clock::time_point preflight_until_{};  // when one that is expected is no longer waited for
  std::int64_t since_ms_ = 0;                                // of the state without runners
  std::mutex start_mutex_;  // several runners fix the start one after the other; a rewind keeps all of them waiting

  mutable std::mutex offsets_mutex_;
  SavedOffsets saved_;
  std::vector<store::SavedOffset> unsaved_;
};

}  // namespace ch::tasks
