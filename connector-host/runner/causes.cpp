#include "runner/causes.hpp"

#include <algorithm>
#include <iterator>

namespace ch::runner {

namespace {

constexpr std::size_t kMaxList = 200;  // characters

}  // namespace

void Causes::add(ch_partition_id id, const std::string& reason, Instant now) {
  auto& cause = causes_[reason];
  if (!cause.partitions.insert(id).second) return;
  const auto count = cause.partitions.size();
  if (count == std::max<std::size_t>(2 * cause.told, 1)) cause.due = now + kGather;
}

bool Causes::remove(ch_partition_id id, const std::string& reason) {
  const auto found = causes_.find(reason);
  if (found == causes_.end() || found->second.partitions.erase(id) == 0 || !found->second.partitions.empty()) return false;
  const bool told = found->second.told > 0;
  causes_.erase(found);
  return told;
}

void Causes::forget(ch_partition_id id) {
  for (auto cause = causes_.begin(); cause != causes_.end();) {
    const bool last = cause->second.partitions.erase(id) > 0 && cause->second.partitions.empty();
    cause = last ? causes_.erase(cause) : std::next(cause);
  }
}

std::vector<std::string> Causes::take_due(Instant now, bool all) {
  std::vector<std::string> out;
  for (auto& [reason, cause] : causes_) {
    const auto count = cause.partitions.size();
    const bool grown = count >= std::max<std::size_t>(2 * cause.told, 1);
    if (!grown || (!all && now < cause.due)) continue;
    cause.told = count;
    out.push_back(reason);
  }
  return out;
}

const std::set<ch_partition_id>& Causes::partitions(const std::string& reason) const {
  static const std::set<ch_partition_id> none;
  const auto found = causes_.find(reason);
  return found == causes_.end() ? none : found->second.partitions;
}

std::pair<std::string, std::size_t> Causes::largest() const {
  const auto found = std::max_element(causes_.begin(), causes_.end(),
                                      [](const auto& a, const auto& b) { return a.second.partitions.size() < b.second.partitions.size(); });
  return found == causes_.end() ? std::pair(std::string(), std::size_t{0}) : std::pair(found->first, found->second.partitions.size());
}

std::string list_of(std::vector<kafka::TopicPartition> partitions) {
  std::sort(partitions.begin(), partitions.end());
  std::string out;
  for (std::size_t begin = 0; begin < partitions.size();) {
    auto end = begin + 1;
    while (end < partitions.size() && partitions[end].topic == partitions[begin].topic &&
           partitions[end].partition == partitions[end - 1].partition + 1)
      ++end;
    const bool same_topic = begin > 0 && partitions[begin].topic == partitions[begin - 1].topic;
    auto range = (begin == 0 ? "" : ", ") + (same_topic ? "" : partitions[begin].topic + " ") + std::to_string(partitions[begin].partition);
    if (end - begin > 1) range += "-" + std::to_string(partitions[end - 1].partition);
    if (begin > 0 && out.size() + range.size() > kMaxList) return out + " and " + std::to_string(partitions.size() - begin) + " more";
    out += range;
    begin = end;
  }
  return out;
}

}  // namespace ch::runner
