#include "rest/v1/verify_json.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/time.hpp"
#include "rest/core/request_body.hpp"

namespace ch::rest {
namespace {

using tasks::VerifyChain;
using tasks::VerifyFinding;
using tasks::VerifyPartition;
using tasks::VerifyReport;
using Kind = VerifyFinding::Kind;

constexpr std::array kKinds = {Kind::gap, Kind::overlap, Kind::duplicate, Kind::wrong, Kind::unknown, Kind::foreign, Kind::orphan_upload};

Json chain_json(std::uint64_t series, const VerifyChain& chain) {
  auto ranges = Json::array();
  for (const auto& [start, end] : chain.ranges) ranges.push_back({start, end});
  return {
      {"series", series}, {"objects", chain.objects}, {"records", chain.records}, {"bytes", chain.bytes}, {"ranges", std::move(ranges)}};
}

Json partition_json(const kafka::TopicPartition& where, const VerifyPartition& partition) {
  auto chains = Json::array();
  for (const auto& [series, chain] : partition.chains) chains.push_back(chain_json(series, chain));
  return {{"topic", where.topic},
          {"partition", where.partition},
          {"series", partition.series},
          {"committed_offset", offset_or_null(partition.committed)},
          {"position", offset_or_null(partition.position)},
          {"last_key", text_or_null(partition.last_key)},
          {"low_offset", offset_or_null(partition.low)},
          {"high_offset", offset_or_null(partition.high)},
          {"due_offset", offset_or_null(partition.due)},
          {"chains", std::move(chains)}};
}

Json finding_json(const VerifyFinding& finding) {
  return {{"kind", to_string(finding.kind)},
          {"topic", finding.where.topic},
          {"partition", finding.where.partition},
          {"series", finding.series},
          {"start_offset", offset_or_null(finding.start)},
          {"end_offset", offset_or_null(finding.end)},
          {"key", text_or_null(finding.key)},
          {"message", finding.message}};
}

Json waiting_json(const tasks::VerifyWaiting& waiting) {
  return {
      {"reason", waiting.reason},         {"message", waiting.message},   {"records", waiting.records ? Json(*waiting.records) : Json()},
      {"partitions", waiting.partitions}, {"topic", waiting.first.topic}, {"partition", offset_or_null(waiting.first.partition)}};
}

// Reading: whatever is missing or of the wrong type throws; read_report() catches.
using Value = nlohmann::json;

std::int64_t offset_in(const Value& object, const char* key) {
  const auto& value = object.at(key);
  if (value.is_null()) return -1;
  const auto offset = value.get<std::int64_t>();
  if (offset < 0) throw std::runtime_error(key);
  return offset;
}

std::string text_in(const Value& object, const char* key) {
  const auto& value = object.at(key);
  return value.is_null() ? std::string() : value.get<std::string>();
}

kafka::TopicPartition where_in(const Value& object) { return {object.at("topic"), object.at("partition")}; }

Kind kind_in(const Value& object) {
  const std::string name = object.at("kind");
  const auto* found = std::find_if(kKinds.begin(), kKinds.end(), [&](Kind kind) { return name == to_string(kind); });
  if (found == kKinds.end()) throw std::runtime_error("kind");
  return *found;
}

VerifyPartition read_partition(const Value& object) {
  VerifyPartition partition;
  partition.series = object.at("series");
  partition.committed = offset_in(object, "committed_offset");
  partition.position = offset_in(object, "position");
  partition.last_key = text_in(object, "last_key");
  partition.low = offset_in(object, "low_offset");
  partition.high = offset_in(object, "high_offset");
  partition.due = offset_in(object, "due_offset");
  for (const auto& chain : object.at("chains")) {
    auto& out = partition.chains[chain.at("series")];
    out.objects = chain.at("objects");
    out.records = chain.at("records");
    out.bytes = chain.at("bytes");
    for (const auto& range : chain.at("ranges")) {
      const std::int64_t start = range.at(0), end = range.at(1);
      if (start < 0 || end <= start) throw std::runtime_error("ranges");
      out.add(start, end);
    }
    if (out.ranges.empty()) throw std::runtime_error("ranges");
  }
  return partition;
}

VerifyReport read(const Value& body) {
  VerifyReport report;
  const auto& walk = body.at("walk");
  const auto time = parse_rfc3339(body.at("started_at").get<std::string>());
  if (!time) throw std::runtime_error("started_at");
  report.started_ms = *time;
  report.query.deep = body.at("deep");
  report.query.topic = text_in(walk, "topic");
  if (!walk.at("partition").is_null()) report.query.partition = walk.at("partition").get<std::int32_t>();
  report.topics = walk.at("topics").get<std::vector<std::string>>();
  report.after = text_in(walk, "after");
  report.missing = body.at("missing_topics").get<std::vector<std::string>>();
  for (const auto& partition : body.at("partitions")) report.partitions[where_in(partition)] = read_partition(partition);
  for (const auto kind : kKinds)
    report.counts[kind] = body.at("counts").value(to_string(kind), std::uint64_t{0});  // of an older host: not all kinds
  for (const auto& finding : body.at("findings")) {
    report.findings.push_back({kind_in(finding), where_in(finding), finding.at("series"), offset_in(finding, "start_offset"),
                               offset_in(finding, "end_offset"), text_in(finding, "key"), finding.at("message")});
  }
  for (const auto& note : body.at("explained")) report.explain(where_in(note), note.at("message"));
  return report;
}

}  // namespace

Json verify_json(const std::string& task, const VerifyReport& report) {
  std::uint64_t objects = 0, records = 0, bytes = 0;
  auto partitions = Json::array(), findings = Json::array(), explained = Json::array();
  for (const auto& [where, partition] : report.partitions) {
    partitions.push_back(partition_json(where, partition));
    for (const auto& [series, chain] : partition.chains) objects += chain.objects, records += chain.records, bytes += chain.bytes;
  }
  for (const auto& finding : report.findings) findings.push_back(finding_json(finding));
  for (const auto& note : report.explained)
    explained.push_back({{"topic", note.where.topic}, {"partition", note.where.partition}, {"message", note.message}});
  Json counts;
  for (const auto kind : kKinds) {
    const auto count = report.counts.find(kind);
    counts[to_string(kind)] = count == report.counts.end() ? 0 : count->second;
  }
  Json walk;
  if (!report.complete()) {
    walk = {{"topics", report.topics},
            {"after", text_or_null(report.after)},
            {"topic", text_or_null(report.query.topic)},
            {"partition", report.query.partition ? Json(*report.query.partition) : Json()}};
  }
  auto waiting = Json::array();
  for (const auto& one : report.waiting) waiting.push_back(waiting_json(one));
  const auto not_stored = report.complete() ? report.not_stored() : std::nullopt;
  return {{"task", task},
          {"complete", report.complete()},
          {"ok", report.ok()},
          {"all_stored", report.all_stored()},
          {"not_stored", not_stored ? Json(*not_stored) : Json()},
          {"waiting", std::move(waiting)},
          {"missing_topics", report.missing},
          {"deep", report.query.deep},
          {"started_at", rfc3339(report.started_ms)},
          {"objects", objects},
          {"records", records},
          {"bytes", bytes},
          {"counts", std::move(counts)},
          {"findings", std::move(findings)},
          {"explained", std::move(explained)},
          {"partitions", std::move(partitions)},
          {"walk", std::move(walk)}};
}

Result<VerifyReport> read_report(const std::string& task, std::string_view text) {
  const auto body = parse_json(text);
  if (!body) return tl::unexpected(body.error());
  const auto refused = [](const std::string& why) {
    return fail(ErrorCode::invalid, "the body is not the answer to an earlier request of this verification: " + why);
  };
  try {
    if (body->at("task").get<std::string>() != task) return refused("it is not about this task");
    if (body->at("complete").get<bool>()) return refused("it is complete; send no body to begin anew");
    return read(*body);
  } catch (const std::exception&) {
    return refused("something in it is missing or was changed");
  }
}

}  // namespace ch::rest
