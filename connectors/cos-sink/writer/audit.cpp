#include "writer/audit.hpp"

#include <algorithm>
#include <array>
#include <connector_host/reasons.hpp>
#include <iterator>
#include <utility>

namespace ch::cos {
namespace {

constexpr std::size_t kKeysKept = 100000;  // by one listing, about 15 MB
constexpr std::size_t kFewestKeysPerPartition = 16;
constexpr std::int64_t kClockSkewMs = 3600000;  // keys of hosts whose clocks differ by less are found

// All keys of this partition that were named at `time_ms` begin with it and are longer.
std::string key_beginning(const Settings& settings, const std::string& topic, std::int32_t partition, std::int64_t time_ms) {
  return common_prefix(settings.keys.render(settings.key_fields(topic, partition, 1, time_ms)),
                       settings.keys.render(settings.key_fields(topic, partition, 2, time_ms)));
}

// Whether later keys are greater: true if {time} has its units from the largest to the smallest and stands before
// whatever else varies. Each pair of instants carries one unit over, so that the order of a wrong format breaks.
bool grows_with_time(const Settings& settings, const std::string& topic) {
  static constexpr std::array<std::pair<std::int64_t, std::int64_t>, 6> kCarries{{
      {1262303999000, 1262304000000},  // 2009-12-31 23:59:59 to 2010-01-01 00:00:00
      {1264982399000, 1264982400000},  // 2010-01-31 23:59:59 to 02-01
      {1262390399000, 1262390400000},  // 2010-01-01 23:59:59 to 01-02
      {1262307599000, 1262307600000},  // 00:59:59 to 01:00:00
      {1262304059000, 1262304060000},  // 00:00:59 to 00:01:00
      {1262304008000, 1262304009000},  // 00:00:08 to 00:00:09
  }};
  return std::all_of(kCarries.begin(), kCarries.end(), [&](const auto& carry) {
    return key_beginning(settings, topic, 0, carry.first) <= key_beginning(settings, topic, 0, carry.second);
  });
}

std::vector<ch::PartitionId> ids_of(const std::vector<Audit::Member>& members) {
  std::vector<ch::PartitionId> ids;
  for (const auto& member : members) ids.push_back(member.id);
  return ids;
}

}  // namespace

Audit::Audit(Context& context, std::string topic, const std::vector<Member>& members)
    : context_(context),
      topic_(std::move(topic)),
      prefix_(context.settings.keys.prefix(context.settings.key_fields(topic_, members.front().partition, 0, 0))),
      first_marker_(first_marker(members)),
      marker_(first_marker_),
      keys_per_partition_(std::max(kKeysKept / members.size(), kFewestKeysPerPartition)),
      retry_(context, ids_of(members)) {
  for (const auto& member : members) found_[member.partition].floor = member.floor;
}

// The listing begins just before the oldest of the partitions' last keys, or now, whichever is earlier: a key may have been named
// while the clock was ahead, and those behind it after it was set back. Before everything if one has none.
std::string Audit::first_marker(const std::vector<Member>& members) const {
  const bool all_known = std::all_of(members.begin(), members.end(), [](const Member& member) { return member.time_ms > kClockSkewMs; });
  if (!all_known || !grows_with_time(context_.settings, topic_)) return {};
  std::string smallest;
  const auto now = context_.host.now_ms();
  for (const auto& member : members) {
    auto beginning = key_beginning(context_.settings, topic_, member.partition, std::min(member.time_ms, now) - kClockSkewMs);
    if (smallest.empty() || beginning < smallest) smallest = std::move(beginning);
  }
  return smallest > prefix_ ? smallest : std::string();
}

void Audit::step(std::int64_t now) {
  if (finished_ || busy_ || retry_.waiting(now)) return;
  busy_ = context_.submit(
      kWholeTask, no_reply<ListPage>(),
      [client = context_.client, prefix = prefix_, marker = marker_] { return list_page(*client, prefix, marker); },
      if_alive(shared_from_this(), &Audit::page_done));
}

void Audit::page_done(const Reply<ListPage>& reply) {
  busy_ = false;
  if (!reply.ok()) {
    Failure failure = reply.failure;
    failure.message = "what is stored already cannot be listed: " + failure.message;
    if (failure.reason == reasons::kAccessDenied)
      failure.remedy = "allow cos:GetBucket on the bucket for this key; without it objects could be stored twice";
    retry_.failed(failure);
    return;
  }
  retry_.succeeded();
  const auto fields = context_.settings.key_fields(topic_, 0, 0, 0);
  for (const auto& object : reply.value.objects) {
    const auto position = context_.settings.keys.match(object.key, fields);
    if (!position) continue;
    const auto found = found_.find(position->partition);
    if (found != found_.end()) keep(found->second, position->start_offset, object.key);
  }
  marker_ = reply.value.next_marker;
  finished_ = marker_.empty();
}

void Audit::keep(Found& found, std::int64_t start, const std::string& key) const {
  if (start < found.floor || (found.complete_before && start >= *found.complete_before)) return;
  if (found.by_start[start].insert(key).second) ++found.count;
  if (found.count <= keys_per_partition_ || found.by_start.size() == 1) return;
  const auto last = std::prev(found.by_start.end());
  found.complete_before = last->first;
  found.count -= last->second.size();
  found.by_start.erase(last);
}

bool Audit::covers(std::int32_t partition, std::int64_t position) const {
  const auto& found = found_.at(partition);
  return finished_ && (!found.complete_before || position < *found.complete_before);
}

void Audit::list_again(std::int32_t partition, std::int64_t position) {
  if (!finished_) return;
  found_[partition] = {position, {}, {}, 0};
  finished_ = false;
  marker_ = first_marker_;
}

std::vector<std::string> Audit::at(std::int32_t partition, std::int64_t position) const {
  const auto& by_start = found_.at(partition).by_start;
  const auto found = by_start.find(position);
  if (found == by_start.end()) return {};
  return {found->second.begin(), found->second.end()};
}

}  // namespace ch::cos
