#include "tasks/offset_keeper.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>

#include "base/log.hpp"

namespace ch::tasks {

namespace {

constexpr std::chrono::hours kEvery{24};
constexpr std::chrono::hours kFirst{1};  // after a start: a host that restarts daily must not put it off for ever
constexpr std::chrono::milliseconds kCommitTimeout{10000};

}  // namespace

OffsetKeeper::OffsetKeeper(std::function<std::vector<std::shared_ptr<ManagedTask>>()> entries, const TaskValidation& validation)
    : entries_(std::move(entries)), validation_(validation), thread_([this](const std::stop_token& stop) { run(stop); }) {}

void OffsetKeeper::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::chrono::hours wait = kFirst;
  while (true) {
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, wait, [] { return false; });
    if (stop.stop_requested()) return;
    wait = kEvery;
    for (const auto& entry : entries_()) {
      if (entry->record().target == store::Target::disabled) keep_offsets(*entry);
    }
  }
}

void OffsetKeeper::keep_offsets(const ManagedTask& entry) const {
  const auto record = entry.record();
  const auto saved = entry.saved();
  if (saved.empty() || !validation_.check(record.name, record.config).empty()) return;
  const auto spec = validation_.resolve(record.name, record.config);
  const auto told = [&](const std::string& why) {
    log::warn(record.name, "the offsets of the disabled task could not be committed again: {}", why);
  };
  const auto client = kafka::GroupClient::make(spec.cluster(), spec.group_id, "connector-host-keep-offsets");
  if (!client) return told(client.error().message);
  if (const auto trouble = commit_again(**client, record, saved)) told(trouble->message);
}

std::optional<Interruption> commit_again(kafka::GroupClient& client, const store::TaskRecord& record, const SavedOffsets& saved) {
  Topics topics;
  for (const auto& [where, kept] : saved) topics[where.topic] = std::max(topics[where.topic], where.partition + 1);
  const auto believed = believed_offsets(client, topics, record, saved);
  if (believed.trouble) return believed.trouble;
  return client.commit(believed.value, kCommitTimeout).trouble;
}

}  // namespace ch::tasks
