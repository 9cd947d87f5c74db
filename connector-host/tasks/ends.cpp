#include "tasks/ends.hpp"

#include <algorithm>
#include <set>

#include "base/log.hpp"
#include "runner/offset_metadata.hpp"

namespace ch::tasks {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kQuestionTimeout{3000};  // of one question
constexpr milliseconds kPattern{60000};         // between two looks at what the pattern of a running task matches

}  // namespace

Ends::Ends(std::function<std::vector<std::shared_ptr<ManagedTask>>()> entries, const TaskValidation& validation)
    : entries_(std::move(entries)), validation_(validation), thread_([this](const std::stop_token& stop) { run(stop); }) {}

Ends::~Ends() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Ends::soon() {
  const MutexLock lock(mutex_);
  asked_ = true;
  changed_.notify_all();
}

void Ends::stop() { thread_.request_stop(); }

void Ends::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    round(stop);
    MutexLock lock(mutex_);
    changed_.wait_for(lock, stop, kSoonest, [] { return false; });
    changed_.wait_for(lock, stop, kEvery - kSoonest, [this]() CH_REQUIRES(mutex_) { return asked_; });
    asked_ = false;
  }
}

Ends::Source& Ends::source_of(const ManagedTask& entry) {
  const auto record = entry.record();
  auto& source = sources_[record.name];
  if (source.valid && source.updated_ms == record.updated_ms) return source;
  source.updated_ms = record.updated_ms;
  source.valid = record.target != store::Target::deleted && validation_.check(record.name, record.config).empty();
  if (!source.valid) return source;
  auto spec = validation_.resolve(record.name, record.config);
  source.instance = spec.info.instance;
  source.group = spec.group_id;
  source.topics = std::move(spec.topics);
  source.cluster = std::move(spec.cluster);
  return source;
}

// Of what runs its session hears; but which topics a pattern matches, nobody tells.
bool Ends::worth_asking(const ManagedTask& entry, Source& source) {
  const auto status = entry.status();
  const auto now = steady_now();
  const bool running = status.state == runner::State::running && status.topics;
  if (running && (!kafka::is_expression(source.topics) || now - source.asked < kPattern)) return false;
  source.asked = now;
  return true;
}

void Ends::round(const std::stop_token& stop) {
  std::map<std::string, std::vector<Task>> by_instance;
  std::set<std::string> names;
  for (auto& entry : entries_()) {
    auto& source = source_of(*entry);
    names.insert(entry->record().name);
    if (source.valid && worth_asking(*entry, source)) by_instance[source.instance].push_back({std::move(entry), &source, {}});
  }
  std::erase_if(sources_, [&](const auto& source) { return !names.contains(source.first); });
  std::erase_if(lookouts_, [&](const auto& lookout) { return !by_instance.contains(lookout.first); });
  for (auto& [instance, tasks] : by_instance)
    if (!stop.stop_requested()) ask(instance, tasks, stop);
}

// What goes wrong here is told where it matters: by the runners, and by ends that are not known.
void Ends::ask(const std::string& instance, std::vector<Task>& tasks, const std::stop_token& stop) {
  auto& lookout = lookouts_[instance];
  if (lookout == nullptr) {
    auto made = kafka::Lookout::make(tasks.front().source->cluster(), "connector-host-ends");
    if (!made) return log::debug("", "ends of instance {}: {}", instance, made.error().message);
    lookout = std::move(*made);
  }
  const auto topics = lookout->all_topics(kQuestionTimeout);
  if (topics.trouble) {
    log::debug("", "ends of instance {}: {}", instance, topics.trouble->message);
    lookout.reset();  // its properties may have changed meanwhile
    return;
  }
  for (auto& task : tasks) task.partitions = all_partitions(kafka::matching(topics.value, task.source->topics));
  if (stop.stop_requested() || !ask_ends(*lookout, tasks) || stop.stop_requested()) return;
  ask_firsts(*lookout, tasks);
}

bool Ends::ask_ends(kafka::Lookout& lookout, std::vector<Task>& tasks) {
  std::set<kafka::TopicPartition> all;
  for (const auto& task : tasks) all.insert(task.partitions.begin(), task.partitions.end());
  const auto ends = lookout.ends({all.begin(), all.end()}, kQuestionTimeout);
  if (ends.trouble) {
    log::debug("", "asking for the ends of topics: {}", ends.trouble->message);
    return false;
  }
  std::map<kafka::TopicPartition, std::int64_t> end_of;
  for (const auto& end : ends.value) end_of[end.where] = end.offset;
  std::sort(tasks.begin(), tasks.end(), [](const Task& a, const Task& b) { return a.source->group_asked < b.source->group_asked; });
  std::size_t groups = 0;
  bool answers = true;
  for (const auto& task : tasks) {
    std::map<kafka::TopicPartition, kafka::PartitionOffset> committed;
    if (answers && groups < kGroups && !task.entry->owns_partitions()) {
      ++groups;
      task.source->group_asked = steady_now();
      auto answer = lookout.committed(task.source->group, task.partitions, kQuestionTimeout);
      answers = !answer.trouble;
      for (auto& one : answer.value) committed[one.where] = std::move(one);
    }
    const auto record = task.entry->record();
    const auto saved = task.entry->saved();
    std::vector<Outlook::Seen> seen;
    for (const auto& where : task.partitions) {
      Outlook::Seen one{where, end_of.contains(where) ? end_of[where] : -1, std::nullopt};
      const auto kept = saved.find(where);
      const auto found = committed.find(where);
      // What the task would go on from: see believed_offsets().
      if (found != committed.end() && found->second.offset >= 0 &&
          !runner::outlived(found->second.metadata, kept == saved.end() ? nullptr : &kept->second, record.series))
        one.committed = found->second.offset;
      seen.push_back(std::move(one));
    }
    task.entry->see(seen);
  }
  return true;
}

void Ends::ask_firsts(kafka::Lookout& lookout, const std::vector<Task>& tasks) {
  // Two tasks may stand at different records of a partition: a partition is looked up once a round.
  std::map<kafka::TopicPartition, std::pair<const Task*, std::int64_t>> wanted;
  for (const auto& task : tasks) {
    if (wanted.size() >= kRecords) break;
    for (const auto& one : task.entry->to_look_up(kRecords - wanted.size())) wanted.try_emplace(one.where, &task, one.offset);
  }
  std::vector<kafka::PartitionOffset> from;
  for (const auto& [where, one] : wanted) from.push_back({where, one.second, ""});
  for (const auto& first : lookout.first_records(from, kQuestionTimeout)) wanted.at(first.where).first->entry->see_first(first);
}

}  // namespace ch::tasks
