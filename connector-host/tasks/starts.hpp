// A task that ends the whole process while it starts would end it again at every start. So each start is marked in the store until
// it has been survived, and what the marks of the last process say decides how this one starts its tasks:
//   - a task that was starting when the process crashed is a suspect: suspects begin after all others, and in small groups, so that
//     the one that is at fault is alone in the end;
//   - one that was starting alone when the process crashed is not started any more, until an operator asks for it.
// A process that was killed leaves no sign of a crash: whoever kills it just while tasks start does them no harm, however often.
// Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "store/store.hpp"

namespace ch::tasks {

constexpr std::int64_t kCondemned = 2;     // `begun` of what is not started any more, also by the processes behind the next
constexpr std::int64_t kStartGroups = 16;  // suspects that started together are started again in so many groups

class Starts {
 public:
  explicit Starts(store::Store& store) : store_(store) {}

  // Before the first start of this process: `wanted` are the tasks that are to run, `crashed` whether the process before crashed.
  Status load(const std::vector<std::string>& wanted, bool crashed);

  enum class Verdict { go, wait, refused };
  // Whether the task may start now. `go` has marked its start.
  Verdict ask(const std::string& task);
  void survived(const std::string& task);
  void stopped(const std::string& task);  // in order: that it was starting says nothing any more
  // What was held against the task counts no more: an operator wants it to run, or to be gone.
  void forgive(const std::string& task);

 private:
  static bool refused(const store::UnfinishedStart& start) { return start.together == 1; }
  void mark(store::UnfinishedStart& start, std::int64_t together) CH_REQUIRES(mutex_);
  void unmark(const std::string& task) CH_REQUIRES(mutex_);
  bool may_begin(const store::UnfinishedStart& one) CH_REQUIRES(mutex_);

  store::Store& store_;
  Mutex mutex_;
  std::map<std::string, store::UnfinishedStart> earlier_ CH_GUARDED_BY(mutex_);  // suspects, and what is not started any more
  std::set<std::string> first_ CH_GUARDED_BY(mutex_);    // no suspects, wanted from the beginning, and not yet begun
  std::int64_t first_size_ CH_GUARDED_BY(mutex_) = 1;    // how many they were
  std::set<std::string> running_ CH_GUARDED_BY(mutex_);  // begun and not stopped
  std::map<std::string, store::UnfinishedStart> starting_ CH_GUARDED_BY(mutex_);  // of these, what is not survived yet
  std::int64_t group_left_ CH_GUARDED_BY(mutex_) = 0;  // how many more suspects may begin beside those that are starting
  std::int64_t group_size_ CH_GUARDED_BY(mutex_) = 1;
};

}  // namespace ch::tasks
