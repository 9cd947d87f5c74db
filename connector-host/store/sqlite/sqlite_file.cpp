#include "store/sqlite/sqlite_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>

namespace ch::store::sqlite {
namespace {

namespace fs = std::filesystem;

// What leads from schema version i to i + 1. A new version is one more entry; what stands here is never changed.
constexpr const char* kMigrations[] = {
    R"(CREATE TABLE tasks (
         name TEXT PRIMARY KEY NOT NULL,
         config TEXT NOT NULL,
         target TEXT NOT NULL CHECK (target IN ('enabled', 'paused', 'disabled', 'deleted')),
         series INTEGER NOT NULL,
         start_position TEXT NOT NULL,
         enabled_ms INTEGER NOT NULL,
         created_ms INTEGER NOT NULL,
         updated_ms INTEGER NOT NULL
       ) STRICT;
       CREATE TABLE offsets (
         task TEXT NOT NULL REFERENCES tasks (name) ON DELETE CASCADE,
         topic TEXT NOT NULL,
         partition INTEGER NOT NULL,
         offset INTEGER NOT NULL,
         state TEXT NOT NULL,
         PRIMARY KEY (task, topic, partition)
       ) STRICT, WITHOUT ROWID;
       CREATE TABLE events (
         id INTEGER PRIMARY KEY AUTOINCREMENT,
         task TEXT NOT NULL,
         time_ms INTEGER NOT NULL,
         kind TEXT NOT NULL,
         state TEXT NOT NULL,
         reason TEXT NOT NULL,
         message TEXT NOT NULL,
         remedy TEXT NOT NULL,
         host TEXT NOT NULL
       ) STRICT;
       CREATE INDEX events_of_task ON events (task, id);)",
    "ALTER TABLE tasks ADD COLUMN topic_ids TEXT NOT NULL DEFAULT '{}'",
    R"(CREATE TABLE starts (
         task TEXT PRIMARY KEY NOT NULL REFERENCES tasks (name) ON DELETE CASCADE,
         begun INTEGER NOT NULL,
         together INTEGER NOT NULL
       ) STRICT, WITHOUT ROWID;)",
    R"(ALTER TABLE events ADD COLUMN count INTEGER NOT NULL DEFAULT 1;
       ALTER TABLE events ADD COLUMN first_ms INTEGER NOT NULL DEFAULT 0;
       UPDATE events SET first_ms = time_ms;)",
    // One count of changes for all tasks: a name that is used again does not begin anew.
    R"(CREATE TABLE changes (count INTEGER NOT NULL) STRICT;
       INSERT INTO changes VALUES (1);
       ALTER TABLE tasks ADD COLUMN version INTEGER NOT NULL DEFAULT 1;)",
    // Where a task stored before this version is not known.
    R"(ALTER TABLE tasks ADD COLUMN earlier TEXT NOT NULL DEFAULT '{"complete":false,"places":[]}')",
};
constexpr std::int64_t kVersion = std::size(kMigrations);

Error refused(const fs::path& file, const std::string& what, const std::string& remedy) {
  return {ErrorCode::invalid, fmt::format("the store {} {}: {}", file.string(), what, remedy)};
}

Error damaged(const fs::path& file, const std::string& how) {
  return refused(file, fmt::format("is damaged ({})", how),
                 fmt::format("put back a backup, or move it and the files {}-wal and {}-shm away to begin with an empty store",
                             file.filename().string(), file.filename().string()));
}

Error foreign(const fs::path& file, const std::string& what) {
  return refused(file, what, "choose another state.dir, or move the file away");
}

Error not_usable(const fs::path& file, const std::string& what, int error) {
  return {ErrorCode::unavailable, fmt::format("the store {} {}: {}; let the user that runs connector-host read and write it and its folder",
                                              file.string(), what, std::strerror(error))};
}

bool has_log(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file.string() + "-wal", error);
  return !error && size > 0;
}

Status make_file(const fs::path& file) {
  std::error_code error;
  if (file.has_parent_path()) fs::create_directories(file.parent_path(), error);
  if (error) return tl::unexpected(not_usable(file, "cannot be made", error.value()));
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) return tl::unexpected(not_usable(file, "cannot be made", errno));
  ::close(fd);
  return {};
}

// Throws Failure if SQLite cannot read it.
Status look_inside(const fs::path& file) {
  // What was committed last is in the write-ahead log, if there is one: without it the file alone may look damaged.
  Connection connection(file, has_log(file) ? Connection::Mode::look : Connection::Mode::immutable);
  const auto application = connection.integer("PRAGMA application_id");
  const auto version = connection.integer("PRAGMA user_version");
  const auto tables = connection.integer("SELECT count(*) FROM sqlite_schema");
  if (application != kApplicationId && (application != 0 || tables != 0))
    return tl::unexpected(foreign(file, "is an SQLite file of another program"));
  if (version < 0 || (version == 0 && tables != 0)) return tl::unexpected(foreign(file, "holds tables that are not connector-host's"));
  if (version > kVersion) {
    return tl::unexpected(refused(file,
                                  fmt::format("was written by a newer connector-host (schema {}; this one knows {})", version, kVersion),
                                  "run the newer version, or put back a backup from before the upgrade"));
  }
  if (const auto verdict = connection.text("PRAGMA quick_check(1)"); verdict != "ok") return tl::unexpected(damaged(file, verdict));
  // SQLite has no checksums: what is overwritten within a row passes its check.
  if (version > 0 && connection.integer("SELECT count(*) FROM tasks WHERE NOT json_valid(config)") != 0) {
    return tl::unexpected(damaged(file, "a task's configuration is not readable"));
  }
  return {};
}

Status check_content(const fs::path& file) {
  try {
    return look_inside(file);
  } catch (const Failure& failure) {
    if (failure.code() == SQLITE_NOTADB) return tl::unexpected(damaged(file, "it is no SQLite file, or its beginning is overwritten"));
    if (failure.code() == SQLITE_CORRUPT) return tl::unexpected(damaged(file, failure.what()));
    return fail(ErrorCode::unavailable, fmt::format("the store {} cannot be read: {}", file.string(), failure.what()));
  }
}

}  // namespace

Status prepare_file(const fs::path& file) {
  std::error_code error;
  const auto status = fs::status(file, error);
  const bool missing = status.type() == fs::file_type::not_found;
  if (!missing && error) return tl::unexpected(not_usable(file, "cannot be reached", error.value()));
  if (fs::is_directory(status)) return tl::unexpected(foreign(file, "is a folder"));
  if (!missing && !fs::is_regular_file(status)) return tl::unexpected(foreign(file, "is not a regular file"));
  const bool empty = missing || fs::file_size(file, error) == 0;
  if (empty && has_log(file))
    return tl::unexpected(
        damaged(file, missing ? "it is gone, but its write-ahead log is there" : "it is empty, but its write-ahead log is not"));
  if (missing) return make_file(file);
  // Not by opening it: closing that descriptor would drop the locks of a store that this process already has on it.
  if (::faccessat(AT_FDCWD, file.c_str(), R_OK | W_OK, AT_EACCESS) != 0)
    return tl::unexpected(not_usable(file, "is not readable and writable", errno));
  if (!empty) {
    if (auto fine = check_content(file); !fine) return fine;
  }
  // Configurations hold secrets.
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write, error);
  if (error) return tl::unexpected(not_usable(file, "is open to other users and cannot be closed to them", error.value()));
  return {};
}

Connection open_file(const fs::path& file) {
  Connection connection(file, Connection::Mode::write);
  if (connection.text("PRAGMA journal_mode = WAL") != "wal")
    throw Failure(SQLITE_CANTOPEN, "its file system does not support a write-ahead log; use a local disk");
  connection.run(
      "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA cell_size_check = ON; PRAGMA "
      "journal_size_limit = 16777216");
  const auto version = connection.integer("PRAGMA user_version");
  if (version == kVersion) return connection;
  Transaction transaction(connection);
  connection.run(fmt::format("PRAGMA application_id = {}", kApplicationId).c_str());
  for (auto step = version; step < kVersion; ++step) connection.run(kMigrations[step]);
  connection.run(fmt::format("PRAGMA user_version = {}", kVersion).c_str());
  transaction.commit();
  return connection;
}

}  // namespace ch::store::sqlite
