#include "fake_host.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace ch::cos_test {

TaskInfo task_info(Config more, std::uint64_t buffer_memory) {
  TaskInfo task;
  task.name = "archive";
  task.instance = "ckafka-1";
  task.cluster = "cluster-1";
  task.region = "ap-guangzhou";
  task.upload_threads = 2;
  task.buffer_memory = buffer_memory;
  task.config = std::move(more);
  const Config defaults{
      {"topics", "orders"},          {"cos.bucket", "archive-1250000000"},
      {"cos.secret.id", "id"},       {"cos.secret.key", "key"},
      {"cos.credentials", "static"}, {"format", "string"},
      {"compression", "none"},       {"object.key.template", "{instance}/{topic}/{time:%Y%m%d%H%M%S}-{partition}-{start_offset}{ext}"},
      {"part.bytes", "8MiB"}};
  task.config.insert(defaults.begin(), defaults.end());
  return task;
}

FakeHost::FakeHost(Broker& broker, std::shared_ptr<FakeCos> cos, const TaskInfo& task, HostOptions options, const std::string& topic)
    : broker_(broker), cos_(std::move(cos)), options_(options), topic_(topic), budget_(task.buffer_memory) {
  make_table();
  sink_ = std::make_unique<cos::CosSink>(Host(&table_), cos::make_settings(task), cos_, [this] { return steady(); });
}

FakeHost::~FakeHost() {
  dead_ = true;
  while (!queued_.empty() || !ended_.empty()) {
    run_all_bodies();
    while (!ended_.empty()) end_job();
  }
  sink_.reset();
  if (reserved_at_end != nullptr) *reserved_at_end = reserved;
}

void FakeHost::make_table() {
  const auto self = [](void* context) -> FakeHost& { return *static_cast<FakeHost*>(context); };
  static const auto the = self;
  table_.struct_size = sizeof table_;
  table_.context = this;
  table_.log = [](void* context, std::int32_t, ch_string text) { the(context).log += std::string(view(text)) + "\n"; };
  table_.now_ms = [](void* context) { return the(context).now(); };
  table_.submit = [](void* context, ch_job_fn run, ch_job_fn done, void* job) -> std::int32_t {
    auto& host = the(context);
    if (host.dead_ || host.queued_.size() >= host.options_.queue_limit) return CH_BUSY;
    host.queued_.push_back({run, done, job});
    return CH_OK;
  };
  table_.request_commit = [](void* context, ch_partition_id id, std::int64_t offset, ch_string state, std::int32_t) -> std::int32_t {
    return the(context).take_request(id, offset, std::string(view(state)));
  };
  table_.resume = [](void* context, ch_partition_id id, std::int64_t offset) -> std::int32_t {
    auto& host = the(context);
    if (const auto found = host.assignments_.find(id); found != host.assignments_.end()) {
      found->second.position = offset;
      ++found->second.resumes;
      found->second.end_told = -1;
    }
    return CH_OK;
  };
  table_.interrupted = [](void* context, ch_partition_id id, const ch_interruption* what) {
    auto& host = the(context);
    ++host.interruptions_told;
    if (const auto found = host.assignments_.find(id); found != host.assignments_.end())
      host.interruptions[found->second.partition] = {std::string(view(what->reason)), std::string(view(what->message)),
                                                     std::string(view(what->remedy)), what->next_try_ms};
  };
  table_.recovered = [](void* context, ch_partition_id id) {
    auto& host = the(context);
    if (const auto found = host.assignments_.find(id); found != host.assignments_.end()) host.interruptions.erase(found->second.partition);
  };
  table_.reserve = [](void* context, std::uint64_t bytes) -> std::int32_t {
    auto& host = the(context);
    if (host.reserved + bytes > host.budget_) return CH_BUSY;
    host.reserved += bytes;
    return CH_OK;
  };
  table_.release = [](void* context, std::uint64_t bytes) { the(context).reserved -= bytes; };
  table_.stored = [](void* context, ch_partition_id, const ch_object* o) {
    the(context).stored.push_back({std::string(view(o->key)), std::string(view(o->topic)), o->partition, o->start_offset, o->end_offset,
                                   o->records, o->bytes, o->stored_ms, std::string(view(o->url)), o->url_expires_ms});
  };
  table_.headers = [](void*, const ch_record* record, ch_header_fn each, void* user) -> std::int32_t {
    for (const auto& [name, value] : static_cast<const LogRecord*>(record->native)->headers) {
      const auto* data = value ? reinterpret_cast<const unsigned char*>(value->data()) : nullptr;
      each(user, c_string(name), {data, value ? value->size() : 0});
    }
    return CH_OK;
  };
  table_.reject = [](void* context, ch_partition_id id, const ch_record* record, ch_string why) -> std::int32_t {
    auto& host = the(context);
    host.rejected[{host.assignments_.at(id).partition, record->offset}] = view(why);
    return host.reject_result;
  };
  table_.count = [](void*, ch_string, double) {};
}

std::int32_t FakeHost::take_request(PartitionId id, std::int64_t offset, std::string state) {
  if (dead_ || !assignments_.contains(id)) return CH_OK;
  const bool ascii = std::all_of(state.begin(), state.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (!ascii || state.size() > cos::kMaxStateLength) throw std::runtime_error("a state that cannot be committed: " + state);
  requests_[id] = {offset, std::move(state)};
  return CH_OK;
}

void FakeHost::open(const std::vector<int>& partitions) {
  std::vector<OpenPartition> opened;
  for (const int number : partitions) {
    const auto& partition = broker_.partitions.at(static_cast<std::size_t>(number));
    const auto new_id = broker_.next_id++;
    ids_[number] = new_id;
    assignments_[new_id] = {number, {}, -1, 0};
    opened.push_back({new_id, topic_, number, partition.committed.offset, partition.committed.state, partition.series, 0,
                      static_cast<std::uint32_t>(partitions.size())});
  }
  sink_->open(opened);
}

void FakeHost::close(const std::vector<int>& partitions, bool lost) {
  std::vector<PartitionId> closed;
  for (const int number : partitions) {
    const auto ended = ids_.at(number);
    closed.push_back(ended);
    ids_.erase(number);
    assignments_.erase(ended);
    requests_.erase(ended);
    in_flight_.erase(ended);
    interruptions.erase(number);
  }
  sink_->close(closed, lost);
}

std::vector<int> FakeHost::owned() const {
  std::vector<int> list;
  for (const auto& [number, owner] : ids_) list.push_back(number);
  return list;
}

bool FakeHost::resumed(int partition) const { return assignments_.at(ids_.at(partition)).position.has_value(); }

std::int64_t FakeHost::position(int partition) const { return assignments_.at(ids_.at(partition)).position.value(); }

std::size_t FakeHost::deliver(int number, std::size_t at_most) {
  const auto owner = ids_.at(number);
  auto& assignment = assignments_.at(owner);
  if (!assignment.position) return 0;
  const auto& partition = broker_.partitions.at(static_cast<std::size_t>(number));
  const auto first = std::lower_bound(partition.records.begin(), partition.records.end(), *assignment.position,
                                      [](const LogRecord& record, std::int64_t offset) { return record.offset < offset; });
  std::vector<ch_record> records;
  for (auto it = first; it != partition.records.end() && records.size() < at_most; ++it) {
    const auto* bytes = it->is_null ? nullptr : reinterpret_cast<const unsigned char*>(it->value.data());
    const auto* key = it->key ? reinterpret_cast<const unsigned char*>(it->key->data()) : nullptr;
    records.push_back({{key, it->key ? it->key->size() : 0},
                       {bytes, it->value.size()},
                       it->offset,
                       it->timestamp_ms == 0 ? now() : it->timestamp_ms,
                       &*it});
  }
  if (records.empty()) {
    if (assignment.end_told < partition.end) {
      assignment.end_told = partition.end;
      sink_->end_of_partition(owner, partition.end);
    }
    return 0;
  }
  const ch_batch batch{sizeof(ch_batch), sizeof(ch_record), records.data(), records.size()};
  const auto before = assignment.resumes;
  const auto taken = sink_->put(owner, Batch(batch));
  if (taken > records.size()) throw std::runtime_error("more records taken than offered");
  // A resume() within put() has moved the position already.
  if (assignment.resumes == before && taken > 0) assignment.position = records[taken - 1].offset + 1;
  return taken;
}

void FakeHost::run_job(std::size_t index) {
  const auto job = queued_.at(index);
  queued_.erase(queued_.begin() + static_cast<std::ptrdiff_t>(index));
  job.run(job.job);
  ended_.push_back(job);
}

void FakeHost::end_job(std::size_t index) {
  const auto job = ended_.at(index);
  ended_.erase(ended_.begin() + static_cast<std::ptrdiff_t>(index));
  job.done(job.job);
}

void FakeHost::run_all_bodies() {
  while (!queued_.empty()) run_job();
}

void FakeHost::run_jobs() {
  while (!queued_.empty() || !ended_.empty()) {
    run_all_bodies();
    if (!ended_.empty()) end_job();
  }
}

std::vector<int> FakeHost::with_requests() const {
  std::vector<int> list;
  for (const auto& [number, owner] : ids_)
    if (requests_.contains(owner) && !in_flight_.contains(owner)) list.push_back(number);
  return list;
}

std::vector<int> FakeHost::in_flight() const {
  std::vector<int> list;
  for (const auto& [number, owner] : ids_)
    if (in_flight_.contains(owner)) list.push_back(number);
  return list;
}

void FakeHost::send(int number) {
  const auto owner = ids_.at(number);
  auto request = requests_.extract(owner);
  broker_.partitions.at(static_cast<std::size_t>(number)).sent.push_back(request.mapped());
  in_flight_[owner] = {std::move(request.mapped()), false};
}

void FakeHost::store(int number) {
  auto& flight = in_flight_.at(ids_.at(number));
  flight.stored = true;
  if (broker_.answers_without_storing) return;
  auto& partition = broker_.partitions.at(static_cast<std::size_t>(number));
  partition.committed = flight.commit;
  partition.undone = false;
}

void FakeHost::answer(int number, bool accepted) {
  const auto owner = ids_.at(number);
  auto flight = in_flight_.extract(owner);
  const auto commit = flight.mapped().commit;
  if (accepted && !flight.mapped().stored) throw std::runtime_error("the test says stored, but nothing was");
  if (requests_.contains(owner)) return;  // overtaken: only the latest request is answered
  if (!accepted) requests_[owner] = commit;
  sink_->committed(owner, commit.offset, accepted);
}

void FakeHost::commit_all() {
  for (auto waiting = with_requests(); !waiting.empty() || !in_flight_.empty(); waiting = with_requests()) {
    for (const int number : waiting) send(number);
    for (const int number : in_flight()) {
      store(number);
      answer(number, true);
    }
  }
}

std::int64_t FakeHost::tick() { return sink_->tick(now()); }

void FakeHost::settle(bool with_commits) {
  for (bool idle = false; !idle;) {
    idle = queued_.empty() && ended_.empty();
    run_jobs();
    for (const int number : owned()) {
      for (int i = 0; i < 2; ++i)
        if (deliver(number) > 0) idle = false;
    }
    if (with_commits && (!requests_.empty() || !in_flight_.empty())) {
      idle = false;
      commit_all();
    }
    idle = idle && queued_.empty() && ended_.empty();
  }
}

}  // namespace ch::cos_test
