#include "oracle.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runner/offset_metadata.hpp"

namespace ch::runner_test {
namespace {

constexpr std::string_view kIntent = "intent ";
constexpr std::size_t kMaxComplaints = 20;

}  // namespace

std::string intent_text(std::int64_t end) { return fmt::format("{}{}", kIntent, end); }

std::optional<std::int64_t> intent_in(const std::string& metadata) {
  const auto frame = runner::decode_offset_metadata(metadata);
  if (!frame || !frame->state.starts_with(kIntent)) return std::nullopt;
  return std::stoll(frame->state.substr(kIntent.size()));
}

Ledger::Ledger(std::size_t partitions) : logs(partitions) {
  for (auto& log : logs) log.low = log.end = log.committed = kFirstOffset;
}

void Ledger::complain(const std::string& what) {
  note("COMPLAINT " + what);
  if (complaints.size() < kMaxComplaints) complaints.push_back(what);
}

void Ledger::note(const std::string& what) {
  if (keep_history) history += what + "\n";
}

void Ledger::produce(int partition, bool cannot_be_stored) {
  auto& log = logs.at(static_cast<std::size_t>(partition));
  log.records[log.end++] = cannot_be_stored;
}

void Ledger::remove_before(int partition, std::int64_t offset) {
  auto& log = logs.at(static_cast<std::size_t>(partition));
  log.low = std::max(log.low, offset);
  log.records.erase(log.records.begin(), log.records.lower_bound(offset));
}

bool Ledger::there_between(int partition, std::int64_t from, std::int64_t to) const {
  const auto& records = logs.at(static_cast<std::size_t>(partition)).records;
  const auto next = records.lower_bound(from);
  return next != records.end() && next->first < to;
}

bool Ledger::accounted(const Place& place) const {
  return times_.contains(place) || buried_.contains(place) || passed_over_.contains(place);
}

void Ledger::commit(int partition, std::int64_t offset, const std::string& metadata, const std::string& who) {
  auto& log = logs.at(static_cast<std::size_t>(partition));
  note(fmt::format("{} commits {} of {}: {}", who, offset, partition, metadata));
  ++commits;
  if (offset < log.committed) complain(fmt::format("{} commits {} of {}, which goes back from {}", who, offset, partition, log.committed));
  for (auto it = log.records.lower_bound(log.committed); it != log.records.end() && it->first < offset; ++it) {
    if (!accounted({partition, it->first}))
      complain(fmt::format("{} commits {} of {}, and offset {} is nowhere", who, offset, partition, it->first));
  }
  if (!runner::decode_offset_metadata(metadata)) complain(fmt::format("{} commits metadata that is not ours: {}", who, metadata));
  if (const auto end = intent_in(metadata)) intents_.insert({{partition, offset}, *end});
  commits_.insert({{partition, offset}, metadata});
  log.committed = offset;
  log.metadata = metadata;
}

bool Ledger::was_committed(int partition, std::int64_t offset, const std::string& metadata) const {
  return commits_.contains({{partition, offset}, metadata});
}

void Ledger::store(int partition, std::int64_t start, std::int64_t end, const std::vector<std::int64_t>& offsets, const std::string& who) {
  note(fmt::format("{} stores [{}, {}) of {}", who, start, end, partition));
  if (!intents_.contains({{partition, start}, end}))
    complain(fmt::format("{} makes [{}, {}) of {} visible before its intent was committed", who, start, end, partition));
  const auto [object, fresh] = bucket_.insert({{partition, start}, end});
  if (!fresh && object->second != end)
    complain(fmt::format("{} cuts the object at {} of {} anew: {} instead of {}", who, start, partition, end, object->second));
  if (!fresh) return;
  ++objects;
  for (const auto offset : offsets) {
    if (++times_[{partition, offset}] > 1) complain(fmt::format("offset {} of {} is stored twice", offset, partition));
  }
}

void Ledger::bury(int partition, std::int64_t offset) {
  note(fmt::format("dead letter of {} of {}", offset, partition));
  ++letters;
  buried_.insert({partition, offset});
}

bool Ledger::drained() const {
  return std::all_of(logs.begin(), logs.end(), [](const Log& log) { return log.committed == log.end && !intent_in(log.metadata); });
}

void Ledger::judge() {
  for (std::size_t i = 0; i < logs.size(); ++i) {
    const int partition = static_cast<int>(i);
    for (const auto& [offset, _] : logs[i].records) {
      if (!accounted({partition, offset})) complain(fmt::format("offset {} of {} is missing", offset, partition));
    }
  }
}

}  // namespace ch::runner_test
