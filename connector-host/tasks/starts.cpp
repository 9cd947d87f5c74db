#include "tasks/starts.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace ch::tasks {

Status Starts::load(const std::vector<std::string>& wanted, bool crashed) {
  const auto unfinished = store_.unfinished_starts();
  if (!unfinished) return tl::unexpected(unfinished.error());
  const MutexLock lock(mutex_);
  for (const auto& start : *unfinished) {
    // One that is not to run now says nothing any more, nor does one of a process that was killed.
    const bool is_wanted = std::find(wanted.begin(), wanted.end(), start.task) != wanted.end();
    if (is_wanted && (crashed || start.begun >= kCondemned)) {
      earlier_.emplace(start.task, start);
    } else if (const auto removed = store_.finish_start(start.task); !removed) {
      return removed;
    }
  }
  for (auto& [task, start] : earlier_) {
    if (!refused(start) || start.begun >= kCondemned) continue;
    start.begun = kCondemned;  // the next process does not see this crash any more
    if (const auto kept = store_.begin_start(start); !kept) return kept;
  }
  for (const auto& task : wanted) {
    if (!earlier_.contains(task)) first_.insert(task);
  }
  first_size_ = std::max<std::int64_t>(1, static_cast<std::int64_t>(first_.size()));
  return {};
}

// Suspects in groups, each of which begins when nothing else is starting.
bool Starts::may_begin(const store::UnfinishedStart& one) {
  if (!first_.empty()) return false;
  if (group_left_ == 0) {
    if (!starting_.empty()) return false;
    const auto waiting = std::count_if(earlier_.begin(), earlier_.end(), [](const auto& other) { return !refused(other.second); });
    group_size_ = std::clamp<std::int64_t>((one.together + kStartGroups - 1) / kStartGroups, 1, waiting);
    group_left_ = group_size_;
  }
  --group_left_;
  return true;
}

Starts::Verdict Starts::ask(const std::string& task) {
  const MutexLock lock(mutex_);
  store::UnfinishedStart start{task, 1, static_cast<std::int64_t>(running_.size()) + 1};
  if (first_.contains(task)) start.together = first_size_;
  if (const auto found = earlier_.find(task); found != earlier_.end()) {
    if (refused(found->second)) return Verdict::refused;
    if (!may_begin(found->second)) return Verdict::wait;
    start.together = group_size_;
    earlier_.erase(found);
  }
  first_.erase(task);
  running_.insert(task);
  for (auto& [other, started] : starting_) {  // it is not alone any more
    if (started.together == 1) mark(started, 2);
  }
  mark(starting_[task] = start, start.together);
  return Verdict::go;
}

void Starts::mark(store::UnfinishedStart& start, std::int64_t together) {
  start.together = together;
  if (const auto marked = store_.begin_start(start); !marked)
    log::warn(start.task, "its start could not be marked, so that it will not be seen if it ends the process: {}", marked.error().message);
}

void Starts::survived(const std::string& task) {
  const MutexLock lock(mutex_);
  if (starting_.erase(task) == 0) return;
  if (starting_.empty()) group_left_ = 0;
  unmark(task);
}

void Starts::stopped(const std::string& task) {
  survived(task);
  const MutexLock lock(mutex_);
  first_.erase(task);
  running_.erase(task);
}

void Starts::forgive(const std::string& task) {
  const MutexLock lock(mutex_);
  first_.erase(task);
  if (earlier_.erase(task) > 0) unmark(task);
}

void Starts::unmark(const std::string& task) {
  if (const auto removed = store_.finish_start(task); !removed)
    log::warn(task, "the mark of its start could not be removed: {}", removed.error().message);
}

}  // namespace ch::tasks
