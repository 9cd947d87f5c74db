// Asks about a consumer group and its topics, and commits offsets while the group is empty (as
// `kafka-consumer-groups --reset-offsets` does): without ever joining it. Blocking, each call within its time limit.
// One thread at a time.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kafka/client_config.hpp"
#include "kafka/types.hpp"

namespace ch::kafka {

using std::chrono::milliseconds;

template <class T>
struct Answer {
  std::optional<Interruption> trouble;  // nothing: `value` is valid
  T value{};
};

enum class Watermark { low, high };

// What a task wants to read: names, or one regular expression (POSIX extended) that begins with ^, as librdkafka's
// subscribe takes it.
bool is_expression(const std::vector<std::string>& wanted);
// That expression, of what a user has written: it must match the whole name.
std::string whole_name(const std::string& expression);
bool is_internal(const std::string& topic);
// Nothing: it can be a topic's name; else why not.
std::optional<std::string> no_topic_name(const std::string& name);
// Those of `topics` that are wanted; a name that is not there is left out.
std::map<std::string, std::int32_t> matching(const std::map<std::string, std::int32_t>& topics, const std::vector<std::string>& wanted);

class GroupClient {
 public:
  // Throws std::runtime_error if librdkafka refuses the properties (they were checked when the task was accepted).
  GroupClient(const Properties& cluster, const std::string& group_id, const std::string& client_id);
  // The same for properties that are not known to be in order: what is wrong with them is an error.
  static Result<std::unique_ptr<GroupClient>> make(const Result<Properties>& cluster, const std::string& group_id,
                                                   const std::string& client_id);
  ~GroupClient();
  GroupClient(const GroupClient&) = delete;
  GroupClient& operator=(const GroupClient&) = delete;

  Answer<std::string> cluster_id(milliseconds timeout);
  // With one partition. Already there is fine.
  Answer<bool> create_topic(const std::string& name, int replication_factor, milliseconds timeout);
  Answer<std::map<std::string, std::int32_t>> all_topics(milliseconds timeout);
  Answer<std::vector<PartitionOffset>> committed(const std::vector<TopicPartition>& partitions, milliseconds timeout);
  Answer<std::vector<PartitionOffset>> watermarks(const std::vector<TopicPartition>& partitions, Watermark which, milliseconds timeout);
  // First offset whose record is not older than the time (Unix ms); -1 where there is none.
  Answer<std::vector<PartitionOffset>> at_time(const std::vector<TopicPartition>& partitions, std::int64_t unix_ms, milliseconds timeout);
  // `value`: true if all are stored; false if the group has members, so that nobody outside it may commit.
  Answer<bool> commit(const std::vector<PartitionOffset>& offsets, milliseconds timeout);
  // Removes committed offsets, or all there is of the group; `value` as for commit(). What is not there is fine. A broker
  // that cannot do it (the embedded one) keeps them: callers must not rely on their absence alone.
  Answer<bool> forget(const std::vector<TopicPartition>& partitions, milliseconds timeout);
  Answer<bool> remove_group(milliseconds timeout);
  struct Member {
    std::string client_id, host;
    std::string instance_id;  // of a static member; else empty
  };
  Answer<std::vector<Member>> members(milliseconds timeout);  // who is in the group

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ch::kafka
