// Asks one cluster how far its partitions go, for tasks of any group and without joining one. Blocking, each call within
// its time limit. One thread at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kafka/group_client.hpp"

namespace ch::kafka {

class Lookout {
 public:
  // Error: the properties cannot be had, or librdkafka refuses them.
  static Result<std::unique_ptr<Lookout>> make(const Result<Properties>& cluster, const std::string& client_id);
  ~Lookout();
  Lookout(const Lookout&) = delete;
  Lookout& operator=(const Lookout&) = delete;

  Answer<std::map<std::string, std::int32_t>> all_topics(milliseconds timeout);
  // One behind the last record; -1 where a partition has no leader to ask.
  Answer<std::vector<PartitionOffset>> ends(const std::vector<TopicPartition>& partitions, milliseconds timeout);
  Answer<std::vector<PartitionOffset>> committed(const std::string& group, const std::vector<TopicPartition>& partitions,
                                                 milliseconds timeout);

  struct First {
    TopicPartition where;
    std::int64_t from = 0;     // as asked
    std::int64_t time_ms = 0;  // of the first record at or behind it, Unix time; <= 0: the record has none
  };
  // Reads one record of each; what does not come in time is left out.
  std::vector<First> first_records(const std::vector<PartitionOffset>& from, milliseconds timeout);

 private:
  struct Impl;
  explicit Lookout(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ch::kafka
