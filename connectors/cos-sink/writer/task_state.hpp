// What the writers of one task tell one another, and the sink that steps them. Poll thread.
#pragma once

#include <connector_host/connector.hpp>
#include <optional>
#include <string>
#include <utility>

namespace ch::cos {

class TaskState {
 public:
  // The task ends: nothing more is taken, and what is open is cut.
  void flush() { flushing_ = true; }
  bool flushing() const { return flushing_; }

  // Only one partition at a time reads an intent's range again. False: it is another's turn.
  bool take_turn(ch::PartitionId id) {
    if (re_reading_) return false;
    re_reading_ = id;
    return true;
  }
  // Nothing, unless it is the partition's turn: otherwise the next one may take it.
  void leave_turn(ch::PartitionId id) {
    if (re_reading_ != id) return;
    re_reading_.reset();
    wake_all_ = true;
  }
  // Somebody's wait may be over: every writer is to be stepped. True once.
  bool take_wake() { return std::exchange(wake_all_, false); }

  // The pool's queue was full, or all parts that may be are under way: once a job is done, every writer is to be stepped.
  void job_refused() { job_refused_ = true; }
  bool take_job_refused() { return std::exchange(job_refused_, false); }

  void part_sent() { ++parts_under_way_; }
  void part_returned() { --parts_under_way_; }
  unsigned parts_under_way() const { return parts_under_way_; }

  // x-cos-forbid-overwrite has no effect, or that is not known.
  bool may_overwrite() const { return may_overwrite_; }
  void set_may_overwrite(bool may) { may_overwrite_ = may; }

  // What only a new start of the task can mend; empty: nothing.
  const std::string& defect() const { return defect_; }
  void break_down(std::string why) { defect_ = std::move(why); }

 private:
  bool flushing_ = false;
  bool wake_all_ = false;
  bool job_refused_ = false;
  bool may_overwrite_ = true;
  std::optional<ch::PartitionId> re_reading_;
  unsigned parts_under_way_ = 0;
  std::string defect_;
};

}  // namespace ch::cos
