#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <mutex>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "store/sqlite_file.hpp"
#include "store/store.hpp"

namespace ch::store {
namespace {

namespace fs = std::filesystem;
using sqlite::Query;
using sqlite::Statement;

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
    return guarded([&]() -> Result<std::vector<TaskRecord>> {
      std::vector<TaskRecord> out;
      Query query(all_tasks_);
      while (query.next()) out.push_back(read_task(query));
      return out;
    });
  }

  Result<std::optional<TaskRecord>> task(const std::string& name) override {
    return guarded([&]() -> Result<std::optional<TaskRecord>> {
      Query query(one_task_, name);
      if (!query.next()) return std::nullopt;
      return read_task(query);
    });
  }

  Status put_task(const TaskRecord& task) override {
    return guarded([&]() -> Status {
      const std::string config = nlohmann::json(task.config).dump();
      sqlite::execute(put_task_, task.name, config, target_name(task.target), task.series, task.start_position, task.enabled_ms,
                      task.created_ms, task.updated_ms, nlohmann::json(task.topic_ids).dump());
      return {};
    });
  }

  Status remove_task(const std::string& name) override {
    return guarded([&]() -> Status {
      sqlite::Transaction transaction(connection_);
      sqlite::execute(remove_task_, name);
      sqlite::execute(trim_orphans_, kEventsKeptOfRemovedTasks);
      transaction.commit();
      return {};
    });
  }

  Status save_offsets(const std::string& task, const std::vector<SavedOffset>& offsets) override {
    return guarded([&]() -> Status {
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
    return guarded([&]() -> Status {
      sqlite::execute(forget_offsets_, task);
      return {};
    });
  }

  Result<std::vector<SavedOffset>> offsets(const std::string& task) override {
    return guarded([&]() -> Result<std::vector<SavedOffset>> {
      std::vector<SavedOffset> out;
      Query query(offsets_, task);
      while (query.next()) out.push_back({query.text(0), static_cast<std::int32_t>(query.integer(1)), query.integer(2), query.text(3)});
      return out;
    });
  }

  Status add_event(const Event& event) override {
    return guarded([&]() -> Status {
      sqlite::Transaction transaction(connection_);
      sqlite::execute(add_event_, event.task, event.time_ms, cut(event.kind), cut(event.state), cut(event.reason), cut(event.message),
                      cut(event.remedy), cut(event.host));
      sqlite::execute(trim_events_, event.task, kEventsKeptPerTask);
      transaction.commit();
      return {};
    });
  }

  Result<std::vector<Event>> events(const std::string& task, std::int64_t after, std::size_t limit) override {
    return guarded([&]() -> Result<std::vector<Event>> {
      Query query(events_, task, after, std::min(limit, kEventsKeptPerTask));
      return read_events(query);
    });
  }

  Result<std::vector<Event>> all_events(std::int64_t after, std::size_t limit) override {
    return guarded([&]() -> Result<std::vector<Event>> {
      Query query(all_events_, after, std::min(limit, kEventsKeptPerTask));
      return read_events(query);
    });
  }

  Result<std::int64_t> newest_event() override {
    return guarded([&]() -> Result<std::int64_t> {
      Query query(newest_event_);
      return query.next() ? query.integer(0) : 0;
    });
  }

 private:
  // Runs `work` alone, and turns what it throws into an Error.
  template <class Work>
  std::invoke_result_t<Work> guarded(Work&& work) {
    const std::lock_guard<std::mutex> lock(mutex_);
    try {
      return work();
    } catch (const sqlite::Failure& failure) {
      return tl::unexpected(error_of(file_, failure));
    } catch (const nlohmann::json::exception&) {
      return fail(ErrorCode::internal, fmt::format("the store {}: a task's configuration is not a map of UTF-8 strings", file_.string()));
    }
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
    return task;
  }

  static std::vector<Event> read_events(Query& query) {
    std::vector<Event> out;
    while (query.next()) {
      out.push_back({query.integer(0), query.text(1), query.integer(2), query.text(3), query.text(4), query.text(5), query.text(6),
                     query.text(7), query.text(8)});
    }
    return out;
  }

  const fs::path file_;
  std::mutex mutex_;  // for all below
  sqlite::Connection connection_;
  Statement all_tasks_{
      connection_,
      "SELECT name, config, target, series, start_position, enabled_ms, created_ms, updated_ms, topic_ids FROM tasks ORDER BY name"};
  Statement one_task_{
      connection_,
      "SELECT name, config, target, series, start_position, enabled_ms, created_ms, updated_ms, topic_ids FROM tasks WHERE name = ?1"};
  // Not REPLACE: that would delete the row first, and its offsets with it.
  Statement put_task_{connection_,
                      "INSERT INTO tasks (name, config, target, series, start_position, enabled_ms, created_ms, updated_ms, topic_ids) "
                      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (name) DO UPDATE SET config = ?2, target = ?3, series = ?4, "
                      "start_position = ?5, enabled_ms = ?6, created_ms = ?7, updated_ms = ?8, topic_ids = ?9"};
  Statement remove_task_{connection_, "DELETE FROM tasks WHERE name = ?1"};
  Statement put_offset_{connection_,
                        "INSERT INTO offsets (task, topic, partition, offset, state) VALUES (?1, ?2, ?3, ?4, ?5) "
                        "ON CONFLICT (task, topic, partition) DO UPDATE SET offset = ?4, state = ?5"};
  Statement forget_offsets_{connection_, "DELETE FROM offsets WHERE task = ?1"};
  Statement offsets_{connection_, "SELECT topic, partition, offset, state FROM offsets WHERE task = ?1 ORDER BY topic, partition"};
  Statement add_event_{
      connection_,
      "INSERT INTO events (task, time_ms, kind, state, reason, message, remedy, host) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"};
  Statement trim_events_{
      connection_,
      "DELETE FROM events WHERE task = ?1 AND id <= (SELECT id FROM events WHERE task = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)"};
  Statement trim_orphans_{connection_,
                          "DELETE FROM events WHERE task NOT IN (SELECT name FROM tasks) AND id <= (SELECT id FROM events "
                          "WHERE task NOT IN (SELECT name FROM tasks) ORDER BY id DESC LIMIT 1 OFFSET ?1)"};
  Statement all_events_{
      connection_, "SELECT id, task, time_ms, kind, state, reason, message, remedy, host FROM events WHERE id > ?1 ORDER BY id LIMIT ?2"};
  Statement newest_event_{connection_, "SELECT seq FROM sqlite_sequence WHERE name = 'events'"};  // grows when old ones are removed, too
  Statement events_{
      connection_,
      "SELECT id, task, time_ms, kind, state, reason, message, remedy, host FROM events WHERE task = ?1 AND id > ?2 ORDER BY id LIMIT ?3"};
};

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const fs::path& file) {
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
