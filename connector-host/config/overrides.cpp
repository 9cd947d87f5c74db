#include "config/overrides.hpp"

#include <string>

namespace ch::config {
namespace {

struct Refusal {
  std::string_view property;  // ends in '*': all that begin so; begins with '*': all that end so
  std::string_view reason;
};

constexpr std::string_view kGroup = "names the consumer group, which follows from the task's name; it cannot be overridden";
constexpr std::string_view kMember = "is set by the host, so that a restarted host gets its partitions back; it cannot be overridden";
constexpr std::string_view kCommit = "would commit offsets of records that are not stored yet; exactly-once needs the host's own commits";
constexpr std::string_view kStart = "decides where reading starts; use start.position";
constexpr std::string_view kEnd = "is needed on to know when a partition has been read to its end; it cannot be overridden";
constexpr std::string_view kIsolation = "is read_committed, so that aborted transactions are not archived; it cannot be overridden";
constexpr std::string_view kAssignment = "decides how partitions change hands, which exactly-once depends on; it cannot be overridden";
constexpr std::string_view kInstance = "belongs to the connection; set it in the host's configuration, in the instance";
constexpr std::string_view kTopics = "decides which topics are there to read; use topics or topics.regex";
constexpr std::string_view kCode = "loads or calls code inside the host; it is not allowed";
constexpr std::string_view kHost = "belongs to the host, which has logs and metrics of its own; it cannot be overridden";

// librdkafka's aliases are listed beside the names they stand for.
constexpr Refusal kRefused[] = {
    {"group.id", kGroup},
    {"group.instance.id", kMember},
    {"client.id", kMember},
    {"enable.auto.commit", kCommit},
    {"auto.commit.enable", kCommit},
    {"auto.commit.interval.ms", kCommit},
    {"enable.auto.offset.store", kCommit},
    {"offset.store.*", kCommit},
    {"auto.offset.reset", kStart},
    {"enable.partition.eof", kEnd},
    {"isolation.level", kIsolation},
    {"partition.assignment.strategy", kAssignment},
    {"group.protocol", kAssignment},
    {"group.protocol.type", kAssignment},
    {"group.remote.assignor", kAssignment},
    {"bootstrap.servers", kInstance},
    {"metadata.broker.list", kInstance},
    {"security.*", kInstance},
    {"sasl.*", kInstance},
    {"ssl.engine.location", kCode},
    {"ssl_engine_callback_data", kCode},
    {"ssl.*", kInstance},
    {"ssl_*", kInstance},
    {"enable.ssl.certificate.verification", kInstance},
    {"enable.sasl.oauthbearer.unsecure.jwt", kInstance},
    {"https.ca.*", kInstance},
    {"plugin.library.paths", kCode},
    {"interceptors", kCode},
    {"opaque", kCode},
    {"default_topic_conf", kCode},
    {"*_cb", kCode},
    {"allow.auto.create.topics", kTopics},
    {"topic.blacklist", kTopics},
    {"enabled_events", kHost},
    {"statistics.interval.ms", kHost},
    {"log.queue", kHost},
    {"log_level", kHost},
};

bool covers(std::string_view pattern, std::string_view property) {
  if (pattern.back() == '*') {
    pattern.remove_suffix(1);
    return property.substr(0, pattern.size()) == pattern;
  }
  if (pattern.front() == '*') {
    pattern.remove_prefix(1);
    return property.size() >= pattern.size() && property.substr(property.size() - pattern.size()) == pattern;
  }
  return property == pattern;
}

}  // namespace

std::vector<KeyProblem> check_overrides(const Config& config) {
  std::vector<KeyProblem> problems;
  for (auto entry = config.lower_bound(kConsumerOverride); entry != config.end(); ++entry) {
    const std::string_view name = entry->first;
    if (name.substr(0, kConsumerOverride.size()) != kConsumerOverride) break;
    const auto property = name.substr(kConsumerOverride.size());
    for (const auto& refusal : kRefused) {
      if (!covers(refusal.property, property)) continue;
      problems.push_back({entry->first, "", std::string(refusal.reason)});
      break;
    }
  }
  return problems;
}

}  // namespace ch::config
