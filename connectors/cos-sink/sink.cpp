#include "sink.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>

namespace ch::cos {
namespace {

constexpr std::size_t kSmallestChunk = 4 << 10;
constexpr std::size_t kLargestChunk = 256 << 10;
constexpr std::int64_t kLongestTickMs = 1000;
constexpr std::int64_t kShortestTickMs = 5;
constexpr std::int64_t kWrongClockMs = 60000;

}  // namespace

CosSink::CosSink(ch::Host host, Settings settings, std::shared_ptr<Client> client, std::function<std::int64_t()> steady_ms)
    : context_{host, std::move(settings), std::move(client), {}, std::move(steady_ms), [this](ch::PartitionId owner) { job_done(owner); }} {}

PartitionWriter* CosSink::find(ch::PartitionId id) const {
  const auto found = writers_.find(id);
  return found == writers_.end() ? nullptr : found->second.get();
}

void CosSink::open(std::span<const ch::OpenPartition> partitions) {
  if (partitions.empty()) return;
  if (!context_.pool) make_pool(partitions);
  versioning_->step(context_.steady_ms());
  std::vector<PartitionWriter*> opened;
  for (const auto& partition : partitions) {
    auto& writer = writers_[partition.id];
    writer = std::make_unique<PartitionWriter>(context_, partition);
    opened.push_back(writer.get());
  }
  if (context_.settings.keys.has_time()) start_audits(opened);
  step_all(context_.steady_ms());
}

// A quarter of the memory is one chunk for every partition: small objects of many partitions waste little.
void CosSink::make_pool(std::span<const ch::OpenPartition> partitions) {
  std::uint64_t count = partitions.size();
  for (const auto& partition : partitions) count = std::max<std::uint64_t>(count, partition.partitions);
  const auto chunk =
      std::clamp<std::uint64_t>(std::bit_floor(context_.settings.buffer_memory / (4 * count)), kSmallestChunk, kLargestChunk);
  const ch::Host host = context_.host;
  context_.pool = std::make_shared<ChunkPool>(
      chunk, [host](std::uint64_t bytes) { return host.reserve(bytes); }, [host](std::uint64_t bytes) { host.release(bytes); });
}

void CosSink::start_audits(const std::vector<PartitionWriter*>& opened) {
  std::map<std::pair<std::string, std::string>, std::vector<PartitionWriter*>> groups;  // by topic and common prefix
  for (auto* writer : opened) {
    if (writer->recovery() == nullptr) continue;
    auto prefix = context_.settings.keys.prefix(context_.settings.key_fields(writer->topic(), writer->partition(), 0, 0));
    groups[{writer->topic(), std::move(prefix)}].push_back(writer);
  }
  for (const auto& [name, group] : groups) {
    std::vector<Audit::Member> members;
    for (auto* writer : group) members.push_back(writer->recovery()->audit_member());
    const auto audit = std::make_shared<Audit>(context_, name.first, members);
    for (auto* writer : group) writer->recovery()->join(audit);
  }
}

std::size_t CosSink::put(ch::PartitionId partition, const ch::Batch& batch) {
  auto* writer = find(partition);
  if (writer == nullptr) return 0;
  const auto now = context_.steady_ms();
  const auto taken = writer->put(batch, now);
  if (taken.records > 0) memory_spent_ = false;
  if (taken.memory_spent) memory_spent_ = true;
  settle(now);
  if (!relieve(now) && taken.memory_spent) writer->starved(now);
  return taken.records;
}

void CosSink::end_of_partition(ch::PartitionId partition, std::int64_t offset) {
  const auto now = context_.steady_ms();
  if (auto* writer = find(partition)) writer->end_of_partition(offset, now);
  settle(now);
}

std::int64_t CosSink::tick(std::int64_t now_ms) {
  if (!context_.state.defect().empty()) throw std::runtime_error(context_.state.defect());
  (void)context_.state.take_job_refused();  // every writer is stepped below
  if (const auto warning = context_.client->credentials_warning(); !warning.empty()) context_.host.log(ch::LogLevel::warn, warning);
  const auto now = context_.steady_ms();
  if (!writers_.empty()) versioning_->step(now);
  tell_clock();
  step_all(now);
  relieve(now);
  auto next = now + kLongestTickMs;
  bool empty = true;
  for (const auto& [id, writer] : writers_) {
    next = std::min(next, writer->next_ms(now));
    empty = empty && writer->empty();
  }
  if (empty && context_.pool) context_.pool->trim();
  return now_ms + std::max(next - now, kShortestTickMs);
}

void CosSink::tell_clock() {
  const auto skew_ms = context_.client->clock_skew_ms();
  if (!skew_ms) return;
  context_.host.gauge("clock_skew_seconds", static_cast<double>(*skew_ms) / 1000);
  const bool wrong = std::abs(*skew_ms) > kWrongClockMs;
  if (wrong && !clock_wrong_)
    context_.host.log(ch::LogLevel::warn, fmt::format("this machine's clock is {} s {} COS's: requests are signed with COS's time; set the "
                                                      "clock (NTP), since rotation, object names and events go by it",
                                                      std::abs(*skew_ms) / 1000, *skew_ms > 0 ? "behind" : "ahead of"));
  clock_wrong_ = wrong;
}

void CosSink::committed(ch::PartitionId partition, std::int64_t offset, bool stored) {
  auto* writer = find(partition);
  if (writer == nullptr) return;
  const auto now = context_.steady_ms();
  writer->committed(offset, stored);
  writer->step(now);
  settle(now);
}

void CosSink::flush() {
  context_.state.flush();
  step_all(context_.steady_ms());
}

std::size_t CosSink::pending() const {
  return static_cast<std::size_t>(
      std::count_if(writers_.begin(), writers_.end(), [](const auto& entry) { return entry.second->pending(); }));
}

void CosSink::close(std::span<const ch::PartitionId> partitions, bool) {
  for (const auto id : partitions) writers_.erase(id);
  settle(context_.steady_ms());
}

ch::Progress CosSink::describe(ch::PartitionId partition) const {
  const auto* writer = find(partition);
  return writer == nullptr ? ch::Progress{} : writer->describe();
}

void CosSink::retry() {
  context_.client->renew_credentials();
  for (const auto& [id, writer] : writers_) writer->retry_now();
  step_all(context_.steady_ms());
}

// A finished job made room in the pool's queue: whoever was refused tries again.
void CosSink::job_done(ch::PartitionId owner) {
  const auto now = context_.steady_ms();
  if (owner == kWholeTask || context_.state.take_job_refused()) return step_all(now);
  if (auto* writer = find(owner)) writer->step(now);
  settle(now);
}

void CosSink::step_all(std::int64_t now) {
  (void)context_.state.take_wake();
  for (const auto& [id, writer] : writers_) writer->step(now);
  settle(now);
}

void CosSink::settle(std::int64_t now) {
  if (context_.state.take_wake()) step_all(now);
}

// Memory is spent: unless something is on its way to the bucket already, the largest open object goes there early. False:
// there is neither.
bool CosSink::relieve(std::int64_t now) {
  if (!memory_spent_) return true;
  PartitionWriter* largest = nullptr;
  bool storing = false;
  for (const auto& [id, writer] : writers_) {
    if (writer->frees_memory(now)) return true;
    storing = storing || writer->storing();
    if (writer->bytes_to_cut() > (largest == nullptr ? 0 : largest->bytes_to_cut())) largest = writer.get();
  }
  memory_spent_ = false;
  if (largest == nullptr) return storing;  // one that COS refuses says so itself
  largest->cut_early(now);
  return true;
}

}  // namespace ch::cos
