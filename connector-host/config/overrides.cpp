#include "config/overrides.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>

#include "config/definition.hpp"

namespace ch::config {
namespace {

using Kind = AllowedOverride::Kind;

constexpr std::int64_t kSecond = 1000, kMinute = 60 * kSecond, kHour = 60 * kMinute;
constexpr std::int64_t kKiB = 1024, kMiB = 1024 * kKiB;

// All that a task may set, and how far. What is not here is refused: a new version of librdkafka may bring properties of which
// we know nothing. Bounds are those of use; the memory that an answer takes is bounded by the task's budget beside them.
constexpr AllowedOverride kAllowed[] = {
    {"check.crcs", Kind::truth, 0, 0},
    {"client.rack", Kind::text, 1, 255},
    {"fetch.error.backoff.ms", Kind::number, 0, kMinute},
    {"fetch.max.bytes", Kind::number, kMiB, 16 * kMiB},
    {"fetch.message.max.bytes", Kind::number, kKiB, 16 * kMiB},
    {"fetch.min.bytes", Kind::number, 1, kMiB},
    {"fetch.queue.backoff.ms", Kind::number, 0, 10 * kSecond},
    {"fetch.wait.max.ms", Kind::number, 0, 30 * kSecond},
    {"heartbeat.interval.ms", Kind::number, 100, 10 * kMinute},
    {"max.partition.fetch.bytes", Kind::number, kKiB, 16 * kMiB},
    {"max.poll.interval.ms", Kind::number, kSecond, 24 * kHour},
    {"reconnect.backoff.max.ms", Kind::number, 10, kMinute},
    {"reconnect.backoff.ms", Kind::number, 10, kMinute},
    {"session.timeout.ms", Kind::number, kSecond, 30 * kMinute},
    {"socket.connection.setup.timeout.ms", Kind::number, kSecond, 5 * kMinute},
    {"socket.keepalive.enable", Kind::truth, 0, 0},
    {"socket.max.fails", Kind::number, 0, 1000},
    {"socket.nagle.disable", Kind::truth, 0, 0},
    {"socket.receive.buffer.bytes", Kind::number, 0, 8 * kMiB},
    {"socket.send.buffer.bytes", Kind::number, 0, 8 * kMiB},
    {"socket.timeout.ms", Kind::number, kSecond, 5 * kMinute},
    {"topic.metadata.refresh.interval.ms", Kind::number, kSecond, kHour},
};

struct Reason {
  std::string_view begins;
  std::string_view reason;
};

constexpr std::string_view kInstance = "belongs to the connection; set it in the host's configuration, in the instance";
constexpr std::string_view kDelivery = "is the host's, since exactly-once delivery depends on it";
constexpr std::string_view kMemory = "is bounded by the task's memory; use buffer.memory";

// Why some that are often wanted are not in the list above.
constexpr Reason kReasons[] = {
    {"auto.offset.reset", "decides where reading starts; use start.position"},
    {"bootstrap.servers", kInstance},
    {"metadata.broker.list", kInstance},
    {"security.", kInstance},
    {"sasl.", kInstance},
    {"ssl", kInstance},
    {"https.", kInstance},
    {"client.id", kDelivery},
    {"group.", kDelivery},
    {"enable.auto.", kDelivery},
    {"auto.commit.", kDelivery},
    {"isolation.level", kDelivery},
    {"partition.assignment.strategy", kDelivery},
    {"queued.", kMemory},
    {"message.max.bytes", kMemory},
    {"receive.message.max.bytes", kMemory},
    {"max.poll.records", "is no property of librdkafka: how much is read at once follows from buffer.memory"},
    {"topic.blacklist", "decides which topics are there to read; use topics or topics.regex"},
};

std::string all_allowed() {
  std::string out;
  for (const auto& one : kAllowed) out += (out.empty() ? "" : ", ") + std::string(one.property);
  return out;
}

std::string refusal_of(std::string_view property) {
  for (const auto& known : kReasons) {
    if (property.substr(0, known.begins.size()) == known.begins) return std::string(known.reason);
  }
  std::vector<std::string> names;
  for (const auto& one : kAllowed) names.emplace_back(one.property);
  const auto near = nearest(property, names);
  return near.empty() ? "may not be set by a task; these may: " + all_allowed()
                      : fmt::format("may not be set by a task; did you mean {}{}?", kConsumerOverride, near);
}

std::string value_fault(const AllowedOverride& allowed, std::string_view value) {
  switch (allowed.kind) {
    case Kind::truth:
      return value == "true" || value == "false" ? "" : "must be true or false";
    case Kind::text: {
      const auto size = static_cast<std::int64_t>(value.size());
      return size >= allowed.least && size <= allowed.most ? "" : fmt::format("must have {} to {} bytes", allowed.least, allowed.most);
    }
    case Kind::number:
      break;
  }
  const auto number = parse_integer(value);
  if (number && *number >= allowed.least && *number <= allowed.most) return "";
  return fmt::format("must be a whole number from {} to {}", allowed.least, allowed.most);
}

}  // namespace

std::span<const AllowedOverride> allowed_overrides() { return kAllowed; }

std::vector<KeyProblem> check_overrides(const Config& config) {
  std::vector<KeyProblem> problems;
  for (auto entry = config.lower_bound(kConsumerOverride); entry != config.end(); ++entry) {
    const std::string_view name = entry->first;
    if (name.substr(0, kConsumerOverride.size()) != kConsumerOverride) break;
    const auto property = name.substr(kConsumerOverride.size());
    const auto* const allowed =
        std::find_if(std::begin(kAllowed), std::end(kAllowed), [&](const AllowedOverride& one) { return one.property == property; });
    if (allowed == std::end(kAllowed)) {
      problems.push_back({entry->first, "", refusal_of(property)});
    } else if (auto fault = value_fault(*allowed, entry->second); !fault.empty()) {
      problems.push_back({entry->first, entry->second, std::move(fault)});
    }
  }
  return problems;
}

}  // namespace ch::config
