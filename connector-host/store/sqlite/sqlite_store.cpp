#include "store/sqlite/sqlite_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "base/mutex.hpp"
#include "store/sqlite/sqlite_file.hpp"

namespace ch::store {
namespace {

namespace fs = std::filesystem;
using sqlite::Query;
using sqlite::Statement;

constexpr std::string_view kRepeatable[] = {"state", "interrupted", "recovered", "rejoin", "failed"};
constexpr std::string_view kTargets[] = {"enabled", "paused", "disabled", "deleted"};  // by the enum's numbers

std::string_view target_name(Target target) { return kTargets[static_cast<std::size_t>(target)]; }

Target target_of(std::string_view name) {
  const auto* found = std::find(std::begin(kTargets), std::end(kTargets), name);
  return static_cast<Target>(std::min<std::ptrdiff_t>(found - std::begin(kTargets), 3));  // the table admits no other name
}

std::string_view cut(std::string_view text) {
  if (text.size() <= kMaxEventText) return text;
  auto end = kMaxEventText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not within a UTF-8 sequence
  return text.substr(0, end);
}

Error error_of(const fs::path& file, const sqlite::Failure& failure) {
  const auto say = [&](const char* what) { return fmt::format("the store {} {}: {}", file.string(), what, failure.what()); };
  switch (failure.code()) {
    case SQLITE_FULL:
      return {ErrorCode::unavailable, say("cannot be written; make room on its disk")};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::unavailable, say("is held by another program")};
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return {ErrorCode::unavailable, say("cannot be used")};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {ErrorCode::unavailable, say("is damaged; stop the host and put back a backup")};
    default:
      return {ErrorCode::internal, say("does not do what was asked of it")};
  }
}

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(const fs::path& file) : file_(file), connection_(sqlite::open_file(file)) {}

  Result<std::vector<TaskRecord>> tasks() override {
    return guarded([&]() CH_REQUIRES(mutex_) -> Result<std::vector<TaskRecord>> {
      std::vector<TaskRecord> out;
      Query query(all_tasks_);
      while (query.next()) out.push_back(read_task(query));
      return out;
    });
  }

  void listen(Listener* listener) override {
    const MutexLock lock(changes_mutex_);
    listener_ = listener;
  }

  Status put_task(const TaskRecord& task) override {
    const MutexLock in_order(changes_mutex_);
    auto stored = task;
    auto done = guarded([&]() CH_REQUIRES(mutex_) -> Status {
      const std::string config = nlohmann::json(task.config).dump();
      const std::string topic_ids = nlohmann::json(task.topic_ids).dump();
      const std::string earlier = nlohmann::json{{"complete", task.earlier.complete}, {"places", task.earlier.places}}.dump();
      sqlite::Transaction transaction(connection_);
      if (version_of(task.name) != task.version) return fail(ErrorCode::conflict, changed_meanwhile(task));
      stored.version = next_version();
      sqlite::execute(put_task_, task.name, config, target_name(task.target), task.series, task.start_position, task.enabled_ms,
                      task.created_ms, task.updated_ms, topic_ids, stored.version, earlier);
      transaction.commit();
      return {};
    });
    if (done && listener_ != nullptr) listener_->task_changed(stored);
    return done;
  }

  Status remove_task(const std::string& name) override {
    const MutexLock in_order(changes_mutex_);
    bool was_there = false;
    auto done = guarded([&]() CH_REQUIRES(mutex_) -> Status {
      sqlite::Transaction transaction(connection_);
      was_there = version_of(name) != 0;
      sqlite::execute(remove_task_, name);
      sqlite::execute(trim_orphans_, kEventsKeptOfRemovedTasks);
      transaction.commit();
      return {};
    });
    if (done && was_there && listener_ != nullptr) listener_->task_removed(name);
    return done;
  }

  Status save_offsets(const std::string& task, const std::vector<SavedOffset>& offsets) override {
    return guarded([&]() CH_REQUIRES(mutex_) -> Status {
      try {
        sqlite::Transaction transaction(connection_);
        for (const auto& each : offsets) sqlite::execute(put_offset_, task, each.topic, each.partition, each.offset, each.state);
        transaction.commit();
      } catch (const sqlite::Failure& failure) {
        if (failure.extended_code() != SQLITE_CONSTRAINT_FOREIGNKEY) throw;
        return fail(ErrorCode::not_found, fmt::format("there is no task {} whose offsets could be saved", task));
      }
      return {};
    });
  }

  Status forget_offsets(const std::string& task) override {
    return guarded([&]() CH_REQUIRES(mutex_) -> Status {
      sqlite::execute(forget_offsets_, task);
      return {};
    });
  }

  Result<std::vector<SavedOffset>> offsets(const std::string& task) override {
    return guarded([&]() CH_REQUIRES(mutex_) -> Result<std::vector<SavedOffset>> {
      std::vector<SavedOffset> out;
      Query query(offsets_, task);
      while (query.next()) out.push_back({query.text(0), static_cast<std::int32_t>(query.integer(1)), query.integer(2), query.text(3)});
      return out;
    });
  }

  Result<std::vector<UnfinishedStart>> unfinished_starts() override {
    return guarded([&]() CH_REQUIRES(mutex_) -> Result<std::vector<UnfinishedStart>> {
      std::vector<UnfinishedStart> out;
      Query query(starts_);
      while (query.next()) out.push_back({query.text(0), query.integer(1), query.integer(2)});
      return out;
    });
  }

  Status begin_start(const UnfinishedStart& start) override {
    return guarded([&]() CH_REQUIRES(mutex_) -> Status {
      try {
        const Unsynced unsynced(connection_);
        sqlite::execute(put_start_, start.task, start.begun, start.together);
      } catch (const sqlite::Failure& failure) {
        if (failure.extended_code() != SQLITE_CONSTRAINT_FOREIGNKEY) throw;
        return fail(ErrorCode::not_found, fmt::format("there is no task {} that could be started", start.task));
      }
      return {};
    });
  }

  Status finish_start(const std::string& task) override {
    return guarded([&]() CH_REQUIRES(mutex_) -> Status {
      const Unsynced unsynced(connection_);
      sqlite::execute(remove_start_, task);
      return {};
    });
  }

  Status add_event(const Event& event) override {
    return guarded([&]() CH_REQUIRES(mutex_) -> Status {
      sqlite::Transaction transaction(connection_);
      const auto before = take_repeated(event);
      sqlite::execute(add_event_, event.task, event.time_ms, cut(event.kind), cut(event.state), cut(event.reason), cut(event.message),
                      cut(event.remedy), cut(event.host), before ? before->count + 1 : 1, before ? before->first_ms : event.time_ms);
      sqlite::execute(trim_events_, event.task, kEventsKeptPerTask);
      transaction.commit();
      return {};
    });
  }

  Result<std::vector<Event>> events(const std::string& task, std::int64_t after, std::size_t limit) override {
    return guarded([&]() CH_REQUIRES(mutex_) -> Result<std::vector<Event>> {
      Query query(events_, task, after, std::min(limit, kEventsKeptPerTask));
      return read_events(query);
    });
  }

  Result<std::vector<Event>> all_events(std::int64_t after, std::size_t limit) override {
    return guarded([&]() CH_REQUIRES(mutex_) -> Result<std::vector<Event>> {
      Query query(all_events_, after, std::min(limit, kEventsKeptPerTask));
      return read_events(query);
    });
  }

  Result<std::vector<Event>> latest_events(const std::string& task, std::int64_t before, std::size_t limit) override {
    return guarded([&]() CH_REQUIRES(mutex_) -> Result<std::vector<Event>> {
      Query query(task.empty() ? latest_of_all_ : latest_events_, task, before, std::min(limit, kEventsKeptPerTask));
      return read_events(query);
    });
  }

  Result<std::int64_t> newest_event() override {
    return guarded([&]() CH_REQUIRES(mutex_) -> Result<std::int64_t> {
      Query query(newest_event_);
      return query.next() ? query.integer(0) : 0;
    });
  }

 private:
  // While it lives a transaction is not waited for until it is on the disk: a write-ahead log stays whole without that.
  class Unsynced {
   public:
    explicit Unsynced(sqlite::Connection& connection) : connection_(connection) { connection_.run("PRAGMA synchronous = NORMAL"); }
    Unsynced(const Unsynced&) = delete;
    Unsynced& operator=(const Unsynced&) = delete;
    ~Unsynced() {
      try {
        connection_.run("PRAGMA synchronous = FULL");
      } catch (const sqlite::Failure&) {  // it does not touch the file
      }
    }

   private:
    sqlite::Connection& connection_;
  };

  // Runs `work` alone, and turns what it throws into an Error.
  template <class Work>
  std::invoke_result_t<Work> guarded(Work&& work) {
    const MutexLock lock(mutex_);
    try {
      return work();
    } catch (const sqlite::Failure& failure) {
      return tl::unexpected(error_of(file_, failure));
    } catch (const nlohmann::json::exception&) {
      return fail(ErrorCode::internal, fmt::format("the store {}: a task's configuration is not a map of UTF-8 strings", file_.string()));
    }
  }

  std::uint64_t version_of(const std::string& task) CH_REQUIRES(mutex_) {  // 0: it is not there
    Query query(version_, task);
    return query.next() ? static_cast<std::uint64_t>(query.integer(0)) : 0;
  }

  std::uint64_t next_version() CH_REQUIRES(mutex_) {
    Query query(count_change_);
    return query.next() ? static_cast<std::uint64_t>(query.integer(0)) : 0;
  }

  static std::string changed_meanwhile(const TaskRecord& task) {
    return fmt::format("task {} {}", task.name,
                       task.version == 0 ? "exists already" : "has been changed or removed by somebody else meanwhile");
  }

  struct Repeated {
    std::int64_t count;
    std::int64_t first_ms;
  };
  // Removes the event that this one repeats, if there is one.
  std::optional<Repeated> take_repeated(const Event& event) CH_REQUIRES(mutex_) {
    if (std::find(std::begin(kRepeatable), std::end(kRepeatable), event.kind) == std::end(kRepeatable)) return std::nullopt;
    std::int64_t id = 0;
    Repeated out{};
    {
      Query query(repeated_event_, event.task, cut(event.kind), cut(event.state), cut(event.reason), cut(event.host), cut(event.message),
                  event.time_ms, kRepeatMs);
      if (!query.next()) return std::nullopt;
      id = query.integer(0);
      out = {query.integer(1), query.integer(2)};
    }
    sqlite::execute(remove_event_, id);
    return out;
  }

  static TaskRecord read_task(const Query& query) {
    TaskRecord task;
    task.name = query.text(0);
    task.config = nlohmann::json::parse(query.text(1)).get<Config>();
    task.target = target_of(query.text(2));
    task.series = static_cast<std::uint64_t>(query.integer(3));
    task.start_position = query.text(4);
    task.enabled_ms = query.integer(5);
    task.created_ms = query.integer(6);
    task.updated_ms = query.integer(7);
    task.topic_ids = nlohmann::json::parse(query.text(8)).get<Config>();
    task.version = static_cast<std::uint64_t>(query.integer(9));
    const auto earlier = nlohmann::json::parse(query.text(10));
    task.earlier = {earlier.at("places").get<std::vector<Config>>(), earlier.at("complete").get<bool>()};
    return task;
  }

  static std::vector<Event> read_events(Query& query) {
    std::vector<Event> out;
    while (query.next()) {
      out.push_back({query.integer(0), query.text(1), query.integer(2), query.text(3), query.text(4), query.text(5), query.text(6),
                     query.text(7), query.text(8), query.integer(9), query.integer(10)});
    }
    return out;
  }

  const fs::path file_;
  // Held while a task is changed and the listener is told, so that it is told in the order of the changes; reading goes on beside it.
  Mutex changes_mutex_ CH_ACQUIRED_BEFORE(mutex_);
  Listener* listener_ CH_GUARDED_BY(changes_mutex_) = nullptr;
  Mutex mutex_;
  sqlite::Connection connection_ CH_GUARDED_BY(mutex_);
  Statement all_tasks_ CH_GUARDED_BY(mutex_){connection_,
                                             "SELECT name, config, target, series, start_position, enabled_ms, created_ms, updated_ms, "
                                             "topic_ids, version, earlier FROM tasks ORDER BY name"};
  // Not REPLACE: that would delete the row first, and its offsets with it.
  Statement put_task_ CH_GUARDED_BY(mutex_){
      connection_,
      "INSERT INTO tasks (name, config, target, series, start_position, enabled_ms, created_ms, updated_ms, topic_ids, version, earlier) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (name) DO UPDATE SET config = ?2, target = ?3, series = ?4, "
      "start_position = ?5, enabled_ms = ?6, created_ms = ?7, updated_ms = ?8, topic_ids = ?9, version = ?10, earlier = ?11"};
  Statement version_ CH_GUARDED_BY(mutex_){connection_, "SELECT version FROM tasks WHERE name = ?1"};
  Statement count_change_ CH_GUARDED_BY(mutex_){connection_, "UPDATE changes SET count = count + 1 RETURNING count"};
  Statement remove_task_ CH_GUARDED_BY(mutex_){connection_, "DELETE FROM tasks WHERE name = ?1"};
  Statement put_offset_ CH_GUARDED_BY(mutex_){connection_,
                                              "INSERT INTO offsets (task, topic, partition, offset, state) VALUES (?1, ?2, ?3, ?4, ?5) "
                                              "ON CONFLICT (task, topic, partition) DO UPDATE SET offset = ?4, state = ?5"};
  Statement forget_offsets_ CH_GUARDED_BY(mutex_){connection_, "DELETE FROM offsets WHERE task = ?1"};
  Statement offsets_ CH_GUARDED_BY(mutex_){connection_,
                                           "SELECT topic, partition, offset, state FROM offsets WHERE task = ?1 ORDER BY topic, partition"};
  Statement starts_ CH_GUARDED_BY(mutex_){connection_, "SELECT task, begun, together FROM starts"};
  Statement put_start_ CH_GUARDED_BY(mutex_){
      connection_,
      "INSERT INTO starts (task, begun, together) VALUES (?1, ?2, ?3) ON CONFLICT (task) DO UPDATE SET begun = ?2, together = ?3"};
  Statement remove_start_ CH_GUARDED_BY(mutex_){connection_, "DELETE FROM starts WHERE task = ?1"};
  Statement add_event_ CH_GUARDED_BY(mutex_){
      connection_,
      "INSERT INTO events (task, time_ms, kind, state, reason, message, remedy, host, count, first_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
      "?8, ?9, ?10)"};
  Statement repeated_event_ CH_GUARDED_BY(mutex_){
      connection_,
      "SELECT id, count, first_ms FROM events WHERE task = ?1 AND kind = ?2 AND state = ?3 AND reason = ?4 AND host = ?5 "
      "AND (reason <> '' OR message = ?6) AND abs(?7 - time_ms) <= ?8 ORDER BY id DESC LIMIT 1"};
  Statement remove_event_ CH_GUARDED_BY(mutex_){connection_, "DELETE FROM events WHERE id = ?1"};
  Statement trim_events_ CH_GUARDED_BY(mutex_){
      connection_,
      "DELETE FROM events WHERE task = ?1 AND id <= (SELECT id FROM events WHERE task = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)"};
  Statement trim_orphans_ CH_GUARDED_BY(mutex_){
      connection_,
      "DELETE FROM events WHERE task NOT IN (SELECT name FROM tasks) AND id <= (SELECT id FROM events "
      "WHERE task NOT IN (SELECT name FROM tasks) ORDER BY id DESC LIMIT 1 OFFSET ?1)"};
  Statement all_events_ CH_GUARDED_BY(mutex_){
      connection_,
      "SELECT id, task, time_ms, kind, state, reason, message, remedy, host, count, first_ms FROM events WHERE id > ?1 "
      "ORDER BY id LIMIT ?2"};
  Statement latest_events_ CH_GUARDED_BY(mutex_){
      connection_,
      "SELECT id, task, time_ms, kind, state, reason, message, remedy, host, count, first_ms FROM events WHERE task = ?1 "
      "AND id < ?2 ORDER BY id DESC LIMIT ?3"};
  Statement latest_of_all_ CH_GUARDED_BY(mutex_){
      connection_,
      "SELECT id, task, time_ms, kind, state, reason, message, remedy, host, count, first_ms FROM events WHERE ?1 = '' "
      "AND id < ?2 ORDER BY id DESC LIMIT ?3"};
  Statement newest_event_ CH_GUARDED_BY(mutex_){
      connection_, "SELECT seq FROM sqlite_sequence WHERE name = 'events'"};  // grows when old ones are removed, too
  Statement events_ CH_GUARDED_BY(mutex_){
      connection_,
      "SELECT id, task, time_ms, kind, state, reason, message, remedy, host, count, first_ms FROM events WHERE task = ?1 AND "
      "id > ?2 ORDER BY id LIMIT ?3"};
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const fs::path& file) {
  try {
    if (auto fine = sqlite::prepare_file(file); !fine) return tl::unexpected(std::move(fine.error()));
    return std::make_unique<SqliteStore>(file);
  } catch (const sqlite::Failure& failure) {
    return tl::unexpected(error_of(file, failure));
  } catch (const fs::filesystem_error& error) {
    return fail(ErrorCode::unavailable, fmt::format("the store {} cannot be reached: {}", file.string(), error.code().message()));
  }
}

}  // namespace ch::store
