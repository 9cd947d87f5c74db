#include "plugins/connector.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"

namespace ch::plugins {
namespace {

constexpr std::int64_t kMaxTickMs = 1000;
constexpr std::size_t kMaxProblems = 200;
constexpr std::size_t kMaxTextBytes = 4096;  // of one text that a connector hands over
constexpr std::size_t kMaxTokenBytes = 4096;

std::string text_of(ch_string text) { return std::string(view(text).substr(0, kMaxTextBytes)); }

tl::unexpected<Error> broken(const ch_connector& table, const char* call, const std::string& what) {
  return fail(ErrorCode::internal, "connector " + std::string(table.name) + ": " + call + " " + what);
}

tl::unexpected<Error> garbage(const ch_connector& table, const char* call, const std::string& what) {
  return broken(table, call, "returned garbage: " + what);
}

// Runs `call`, which gives the connector's status, and judges it. Exceptions must not come through, and some will.
template <class Call>
Status answer(const ch_connector& table, const char* name, Call&& call) {
  std::int64_t status = CH_OK;
  try {
    status = call();
  } catch (const std::exception& error) {
    return broken(table, name,
                  "threw an exception (" + escaped(error.what(), Escape::terminal, kMaxTextBytes) + "); a connector must catch all");
  } catch (...) {
    return broken(table, name, "threw an exception; a connector must catch all");
  }
  if (status == CH_OK) return {};
  if (status == CH_FAILED) return broken(table, name, "failed; its log says why");
  return garbage(table, name, "status " + std::to_string(status) + " instead of CH_OK or CH_FAILED");
}

// Same for the two calls that give a count, or -CH_FAILED.
template <class Call>
Result<std::size_t> counted(const ch_connector& table, const char* name, std::size_t limit, Call&& call) {
  std::int64_t count = 0;
  const auto status = answer(table, name, [&]() -> std::int64_t {
    count = call();
    return count == -CH_FAILED ? CH_FAILED : CH_OK;
  });
  if (!status) return tl::unexpected<Error>(status.error());
  if (count < 0 || static_cast<std::uint64_t>(count) > limit) {
    return garbage(table, name, std::to_string(count) + " instead of 0 to " + std::to_string(limit) + " or -CH_FAILED");
  }
  return static_cast<std::size_t>(count);
}

// A TaskInfo as C sees it; `task` must outlive it.
class CTask {
 public:
  explicit CTask(const TaskInfo& task) {
    entries_.reserve(task.config.size() + task.topic_ids.size());
    for (const auto& [key, value] : task.config) entries_.push_back({c_string(key), c_string(value)});
    for (const auto& [topic, id] : task.topic_ids) entries_.push_back({c_string(topic), c_string(id)});
    c_.struct_size = sizeof(c_);
    c_.name = c_string(task.name);
    c_.instance = c_string(task.instance);
    c_.cluster = c_string(task.cluster);
    c_.region = c_string(task.region);
    c_.temp_dir = c_string(task.temp_dir);
    c_.runner = task.runner;
    c_.upload_threads = task.upload_threads;
    c_.buffer_memory = task.buffer_memory;
    c_.config = entries_.data();
    c_.config_count = task.config.size();
    c_.topic_ids = entries_.data() + task.config.size();
    c_.topic_id_count = task.topic_ids.size();
  }
  CTask(const CTask&) = delete;
  CTask& operator=(const CTask&) = delete;
  const ch_task_info* get() const { return &c_; }

 private:
  std::vector<ch_config_entry> entries_;
  ch_task_info c_{};
};

// Views of `partitions`.
std::vector<ch_open_partition> c_partitions(std::span<const OpenPartition> partitions) {
  std::vector<ch_open_partition> list;
  list.reserve(partitions.size());
  for (const auto& p : partitions) {
    list.push_back({sizeof(ch_open_partition), p.id, c_string(p.topic), p.partition, p.committed_offset, c_string(p.state), p.series,
                    p.log_start_offset, p.partitions});
  }
  return list;
}

// What a connector reports through callbacks. These must not throw into it: what does not fit is dropped.
struct Answers {
  std::vector<KeyProblem> problems;
  ObjectPage page;
  std::vector<Finding> findings;
  std::size_t limit = 0;
  std::string defect;

  static void problem(void* user, ch_string key, ch_string value, ch_string message) noexcept {
    static_cast<Answers*>(user)->guarded([&](Answers& self) {
      if (self.problems.size() < kMaxProblems) self.problems.push_back({text_of(key), text_of(value), text_of(message)});
    });
  }
  static void object(void* user, const ch_object* c) noexcept {
    static_cast<Answers*>(user)->guarded([&](Answers& self) { self.take(c); });
  }
  static void finding(void* user, const ch_finding* c) noexcept {
    static_cast<Answers*>(user)->guarded([&](Answers& self) { self.take(c); });
  }
  static void next(void* user, ch_string token) noexcept {
    static_cast<Answers*>(user)->guarded([&](Answers& self) {
      if (token.size > kMaxTokenBytes) self.defect = "a page token of more than " + std::to_string(kMaxTokenBytes) + " bytes";
      if (self.defect.empty()) self.page.next = view(token);
    });
  }

 private:
  template <class Call>
  void guarded(Call&& call) noexcept {
    try {
      call(*this);
    } catch (...) {
      defect = "out of memory";  // short enough to need none
    }
  }
  // Nothing, and why in `defect`, if it is none.
  std::optional<StoredObject> read(const ch_object* c) {
    if (c == nullptr || c->struct_size < offsetof(ch_object, url)) {
      defect = "an object whose struct_size is too small";
      return std::nullopt;
    }
    ch_object own{};
    std::memcpy(&own, c, std::min(c->struct_size, sizeof(own)));
    if (own.partition < 0 || own.start_offset < 0 || own.end_offset < own.start_offset) {
      defect = "an object with partition " + std::to_string(own.partition) + " and offsets " + std::to_string(own.start_offset) + " to " +
               std::to_string(own.end_offset);
      return std::nullopt;
    }
    return StoredObject{text_of(own.key), text_of(own.topic), own.partition, own.start_offset, own.end_offset,
                        own.records,      own.bytes,          own.stored_ms, text_of(own.url), own.url_expires_ms};
  }
  void take(const ch_object* c) {
    if (!defect.empty()) return;
    auto object = read(c);
    if (!object) return;
    if (page.objects.size() == limit) {
      defect = "more than the " + std::to_string(limit) + " objects asked for";
      return;
    }
    page.objects.push_back(std::move(*object));
  }
  void take(const ch_finding* c) {
    if (!defect.empty()) return;
    if (c == nullptr || c->struct_size < sizeof(ch_finding) || c->kind < CH_FOUND_OBJECT || c->kind > CH_FOUND_UNKNOWN) {
      defect = "a finding of an unknown kind or size";
      return;
    }
    auto object = read(c->object);
    if (!object) return;
    if (findings.size() == limit) {
      defect = "more than the " + std::to_string(limit) + " findings asked for";
      return;
    }
    findings.push_back({static_cast<Finding::Kind>(c->kind), std::move(*object), c->series, text_of(c->message)});
  }
};

// The verdict on a configuration: what was reported, and if the answer itself is wrong, that.
template <class Call>
std::vector<KeyProblem> verdict(const ch_connector& table, const char* name, Answers& answers, Call&& call) {
  bool refused = false;
  const auto status = answer(table, name, [&]() -> std::int64_t {
    const auto result = call();
    refused = result == CH_INVALID;
    return refused ? CH_OK : result;
  });
  if (!status) {
    answers.problems.push_back({"", "", status.error().message});
  } else if (refused && answers.problems.empty()) {
    answers.problems.push_back({"", "", broken(table, name, "refused without a reason; it should report a problem").value().message});
  }
  return std::move(answers.problems);
}

}  // namespace

ConnectorTask::ConnectorTask(const ch_connector& table, void* object) : table_(table), object_(object) {}

ConnectorTask::~ConnectorTask() {
  try {
    table_.destroy(object_);
  } catch (...) {
    log::error("", "connector {}: destroy threw an exception; a connector must catch all", table_.name);
  }
}

Status ConnectorTask::open(std::span<const OpenPartition> partitions) {
  const auto list = c_partitions(partitions);
  return answer(table_, "open", [&] { return table_.open(object_, list.data(), list.size()); });
}

Result<std::size_t> ConnectorTask::put(PartitionId partition, const ch_batch& batch) {
  return counted(table_, "put", batch.count, [&] { return table_.put(object_, partition, &batch); });
}

Status ConnectorTask::end_of_partition(PartitionId partition, std::int64_t offset) {
  if (table_.end_of_partition == nullptr) return {};
  return answer(table_, "end_of_partition", [&] { return table_.end_of_partition(object_, partition, offset); });
}

Result<std::int64_t> ConnectorTask::tick(std::int64_t now_ms) {
  std::int64_t next = now_ms + kMaxTickMs;
  const auto status = answer(table_, "tick", [&] { return table_.tick(object_, now_ms, &next); });
  if (!status) return tl::unexpected<Error>(status.error());
  // Long ago is as absurd as far away; a deadline that has just passed is not, but must not make the poll thread spin.
  if (next < now_ms - kMaxTickMs || next > now_ms + kMaxTickMs) return now_ms + kMaxTickMs;
  return std::max(next, now_ms + 1);
}

Status ConnectorTask::committed(PartitionId partition, std::int64_t offset, bool stored) {
  return answer(table_, "committed", [&] { return table_.committed(object_, partition, offset, stored ? CH_OK : CH_FAILED); });
}

Status ConnectorTask::flush() {
  return answer(table_, "flush", [&] { return table_.flush(object_); });
}

Result<std::size_t> ConnectorTask::pending() {
  constexpr std::size_t kMaxPartitions = 1'000'000;  // more than any cluster has
  return counted(table_, "pending", kMaxPartitions, [&] { return table_.pending(object_); });
}

Status ConnectorTask::close(std::span<const PartitionId> partitions, bool lost) {
  return answer(table_, "close", [&] { return table_.close(object_, partitions.data(), partitions.size(), lost ? 1 : 0); });
}

Result<Progress> ConnectorTask::describe(PartitionId partition) {
  ch_progress c{};
  c.struct_size = sizeof(c);
  const auto status = answer(table_, "describe", [&] { return table_.describe(object_, partition, &c); });
  if (!status) return tl::unexpected<Error>(status.error());
  if (c.start_offset < 0 || c.due_ms < 0) {
    return garbage(table_, "describe", "start_offset " + std::to_string(c.start_offset) + ", due_ms " + std::to_string(c.due_ms));
  }
  return Progress{c.start_offset, c.records, c.bytes, c.due_ms};
}

Status ConnectorTask::retry() {
  if (table_.retry == nullptr) return {};
  return answer(table_, "retry", [&] { return table_.retry(object_); });
}

Connector::Connector(const ch_connector& table, std::filesystem::path file)
    : table_(table),
      name_(table.name),
      version_(table.version),
      kind_(table.kind),
      config_schema_(table.config_schema),
      file_(std::move(file)) {}

std::vector<KeyProblem> Connector::validate(const TaskInfo& task) const {
  const CTask c(task);
  Answers answers;
  return verdict(table_, "validate", answers, [&] { return table_.validate(c.get(), &Answers::problem, &answers); });
}

std::vector<KeyProblem> Connector::preflight(const TaskInfo& task, std::chrono::milliseconds timeout) const {
  if (table_.preflight == nullptr) return {};
  const CTask c(task);
  Answers answers;
  return verdict(table_, "preflight", answers, [&] { return table_.preflight(c.get(), timeout.count(), &Answers::problem, &answers); });
}

Result<ObjectPage> Connector::objects(const TaskInfo& task, const ObjectQuery& query) const {
  if (table_.objects == nullptr) return fail(ErrorCode::invalid, "connector " + name_ + " cannot list what it has stored");
  const CTask c(task);
  const ch_object_query c_query{sizeof(ch_object_query),
                                c_string(query.topic),
                                query.partition.value_or(-1),
                                c_string(query.after),
                                query.limit,
                                query.url_life.count(),
                                query.newest ? 1 : 0,
                                0};
  Answers answers;
  answers.limit = query.limit;
  auto problems = verdict(table_, "objects", answers,
                          [&] { return table_.objects(c.get(), &c_query, &Answers::object, &Answers::next, &Answers::problem, &answers); });
  if (!answers.defect.empty()) return garbage(table_, "objects", answers.defect);
  if (!problems.empty()) {
    std::string message = problems.front().message;
    return fail(ErrorCode::unavailable, std::move(message), std::move(problems));
  }
  return std::move(answers.page);
}

Result<Inspection> Connector::inspect(const TaskInfo& task, const InspectQuery& query) const {
  if (table_.inspect == nullptr) return fail(ErrorCode::invalid, "connector " + name_ + " cannot say what lies where it stores");
  const CTask c(task);
  const auto committed = c_partitions(query.committed);
  const ch_inspect_query c_query{sizeof(ch_inspect_query),
                                 c_string(query.topic),
                                 query.partition.value_or(-1),
                                 query.deep ? 1 : 0,
                                 c_string(query.after),
                                 query.limit,
                                 0,
                                 query.timeout.count(),
                                 committed.data(),
                                 committed.size()};
  Answers answers;
  answers.limit = query.limit + 2 * query.committed.size() + kMaxProblems;  // of each partition its position, and that it is unknown
  auto problems = verdict(table_, "inspect", answers, [&] {
    return table_.inspect(c.get(), &c_query, &Answers::finding, &Answers::next, &Answers::problem, &answers);
  });
  if (!answers.defect.empty()) return garbage(table_, "inspect", answers.defect);
  if (!problems.empty()) {
    std::string message = problems.front().message;
    return fail(ErrorCode::unavailable, std::move(message), std::move(problems));
  }
  return Inspection{std::move(answers.findings), std::move(answers.page.next)};
}

Result<std::unique_ptr<ConnectorTask>> Connector::create(const ch_host& host, const TaskInfo& task) const {
  const CTask c(task);
  Answers answers;
  std::unique_ptr<ConnectorTask> made;
  const auto status = answer(table_, "create", [&]() -> std::int64_t {
    void* object = table_.create(&host, c.get(), &Answers::problem, &answers);
    if (object != nullptr) made = std::make_unique<ConnectorTask>(table_, object);
    return CH_OK;
  });
  if (!status) return tl::unexpected<Error>(status.error());
  if (!answers.problems.empty()) {
    std::string message = "connector " + name_ + " refuses the task: " + answers.problems.front().message;
    return fail(ErrorCode::invalid, std::move(message), std::move(answers.problems));
  }
  if (made == nullptr)
    return fail(ErrorCode::invalid, "connector " + name_ + " made no task and did not say why; it should report a problem");
  return made;
}

}  // namespace ch::plugins
