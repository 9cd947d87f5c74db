// Asks the brokers in the background how far the topics of tasks go that do not run: disabled, paused and interrupted ones.
// Nobody else hears of the ends of what is not being read. Of what stands it also reads the first record that is not stored,
// for its time. Bounded: one client an instance, every kEvery one request to each broker for the ends, kGroups consumer groups,
// kRecords records; while all tasks run, nothing. A thread of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.hpp"
#include "kafka/lookout.hpp"
#include "tasks/managed_task.hpp"

namespace ch::tasks {

class Ends {
 public:
  static constexpr std::chrono::milliseconds kEvery{10000};
  static constexpr std::chrono::milliseconds kSoonest{1000};  // after the round before
  static constexpr std::size_t kGroups = 50;                  // whose committed offsets are asked for in a round
  static constexpr std::size_t kRecords = 100;                // that are read in a round

  Ends(std::function<std::vector<std::shared_ptr<ManagedTask>>()> entries, const TaskValidation& validation);
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;
  ~Ends();  // waits for what is being asked, up to some seconds if brokers do not answer

  void soon();  // a task is new or another one: it is not to be waited for kEvery until something is known of it
  void stop();  // asks it to end, waits for nothing

 private:
  struct Source {  // of a task, as long as its record is the same
    std::int64_t updated_ms = -1;
    bool valid = false;
    std::string instance;
    std::string group;
    std::vector<std::string> topics;
    std::function<Result<kafka::Properties>()> cluster;
    runner::Moment asked;
    runner::Moment group_asked;
  };
  struct Task {
    std::shared_ptr<ManagedTask> entry;
    Source* source;
    std::vector<kafka::TopicPartition> partitions;
  };

  void run(const std::stop_token& stop);
  void round(const std::stop_token& stop);
  Source& source_of(const ManagedTask& entry);
  static bool worth_asking(const ManagedTask& entry, Source& source);
  void ask(const std::string& instance, std::vector<Task>& tasks, const std::stop_token& stop);
  static bool ask_ends(kafka::Lookout& lookout, std::vector<Task>& tasks);
  static void ask_firsts(kafka::Lookout& lookout, const std::vector<Task>& tasks);

  std::function<std::vector<std::shared_ptr<ManagedTask>>()> entries_;
  const TaskValidation& validation_;
  std::map<std::string, Source> sources_;                            // by task
  std::map<std::string, std::unique_ptr<kafka::Lookout>> lookouts_;  // by instance
  Mutex mutex_;
  std::condition_variable_any changed_;
  bool asked_ CH_GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

}  // namespace ch::tasks
