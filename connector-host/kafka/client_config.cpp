#include "kafka/client_config.hpp"

#include <algorithm>
#include <connector_host/failpoint.hpp>

namespace ch::kafka {

namespace {

void assign(Properties& to, const Properties& from) {
  for (const auto& [key, value] : from) to[key] = value;
}

constexpr std::uint64_t kFetchSmallest = 1 << 20, kLargest = 16 << 20;

// One queue for all partitions (fetch_buffer.hpp): its bound holds for all of them together, and is overshot by what each broker
// has under way. A quarter is the queue's, a half for an answer, a quarter for what buffers hold.
void bound_queue(Properties& out, std::uint64_t memory) {
  constexpr std::uint64_t kSmallest = 256 << 10;
  constexpr std::uint64_t kSmallRecord = 128;  // each also takes librdkafka some 300 bytes
  const std::uint64_t queue = std::clamp(memory / 4, kSmallest, kLargest);
  out["queued.max.messages.kbytes"] = std::to_string(queue >> 10);
  out["queued.min.messages"] = std::to_string(queue / kSmallRecord);
  // A full queue is looked at again after so long, and must not be read empty meanwhile. A shorter one costs a stalled task
  // more; the default is a second.
  out["fetch.queue.backoff.ms"] = "2";
  out["fetch.max.bytes"] = std::to_string(largest_fetch(memory));
  out["message.max.bytes"] = std::to_string(kFetchSmallest);  // fetch.max.bytes may not be below it
  // Of a batch that is larger brokers send one in each answer, and nothing of all other partitions.
  out["max.partition.fetch.bytes"] = std::to_string(kFetchSmallest);
  out["fetch.wait.max.ms"] = "1000";
}

}  // namespace

std::uint64_t largest_fetch(std::uint64_t memory) { return std::clamp(memory / 2, kFetchSmallest, kLargest); }

Properties consumer_properties(const ConsumerSettings& settings) {
  Properties out;
  bound_queue(out, settings.fetch_memory);
  out["session.timeout.ms"] = "10000";  // after a crash without static membership nothing is archived for so long
  out["heartbeat.interval.ms"] = "3000";
  out["max.poll.interval.ms"] = "300000";
  out["check.crcs"] = "true";  // we archive: damage must be seen, not stored
  out["reconnect.backoff.max.ms"] = "5000";
  out["topic.metadata.refresh.interval.ms"] = "60000";
  assign(out, settings.cluster);
  assign(out, settings.overrides);
  out["client.id"] = settings.client_id;
  out["group.id"] = settings.group_id;
  if (!settings.group_instance_id.empty()) out["group.instance.id"] = settings.group_instance_id;
  out["enable.auto.commit"] = "false";
  out["enable.auto.offset.store"] = "false";
  if (CH_BUG("auto_commit")) {
    out["enable.auto.commit"] = out["enable.auto.offset.store"] = "true";
    out["auto.commit.interval.ms"] = "200";
  }
  out["auto.offset.reset"] = "error";  // a missing offset is decided by us
  out["enable.partition.eof"] = "true";
  out["isolation.level"] = "read_committed";
  out["allow.auto.create.topics"] = "false";
  out["partition.assignment.strategy"] = "range";  // cooperative-sticky has open defects before librdkafka 2.10
  return out;
}

Properties lookup_properties(const Properties& cluster, const std::string& group_id, const std::string& client_id) {
  Properties out{{"socket.timeout.ms", "10000"}};  // nobody waits longer for an answer
  assign(out, cluster);
  out["session.timeout.ms"] = "5000";  // not of a session: a commit waits for the coordinator for so long, and the client's end for that
  out["client.id"] = client_id;
  out["group.id"] = group_id;
  out["enable.auto.commit"] = "false";
  out["enable.auto.offset.store"] = "false";
  out["allow.auto.create.topics"] = "false";
  out["reconnect.backoff.max.ms"] = "1000";
  return out;
}

}  // namespace ch::kafka
