#include "store/sqlite/sqlite.hpp"

namespace ch::store::sqlite {
namespace {

constexpr int kBusyTimeoutMs = 5000;  // someone may look into the file with another program

[[noreturn]] void raise(sqlite3* handle, int code) {
  const int extended = handle != nullptr ? sqlite3_extended_errcode(handle) : code;
  throw Failure(extended, handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code));
}

std::string uri(const std::filesystem::path& file, bool immutable) {
  std::string out = "file:";
  for (const char c : std::filesystem::absolute(file).string()) {
    if (c == '%') {
      out += "%25";
    } else if (c == '?') {
      out += "%3f";
    } else if (c == '#') {
      out += "%23";
    } else {
      out += c;
    }
  }
  return out + (immutable ? "?immutable=1" : "");
}

}  // namespace

Connection::Connection(const std::filesystem::path& file, Mode mode) {
  const int access = mode == Mode::write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  sqlite3* handle = nullptr;
  const int result = sqlite3_open_v2(uri(file, mode == Mode::immutable).c_str(), &handle,
                                     access | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  handle_.reset(handle);
  if (result != SQLITE_OK) raise(handle, result);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  if (mode != Mode::write) sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

void Connection::run(const char* sql) {
  const int result = sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) raise(handle(), result);
}

std::int64_t Connection::integer(const std::string& sql) {
  Statement statement(*this, sql);
  Query query(statement);
  return query.next() ? query.integer(0) : 0;
}

std::string Connection::text(const std::string& sql) {
  Statement statement(*this, sql);
  Query query(statement);
  return query.next() ? query.text(0) : "";
}

Statement::Statement(const Connection& connection, std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int result =
      sqlite3_prepare_v3(connection.handle(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  handle_.reset(handle);
  if (result != SQLITE_OK) raise(connection.handle(), result);
}

Query::~Query() {
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
}

bool Query::next() {
  const int result = sqlite3_step(handle_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  raise(sqlite3_db_handle(handle_), result);
}

std::string Query::text(int column) const {
  const auto* data = sqlite3_column_text(handle_, column);  // before the length: it may convert
  if (data == nullptr) return "";
  return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

void Query::check(int result) const {
  if (result != SQLITE_OK) raise(sqlite3_db_handle(handle_), result);
}

Transaction::~Transaction() {
  // SQLite itself may have rolled back, on a full disk for one.
  if (!done_ && sqlite3_get_autocommit(connection_.handle()) == 0)
    sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  connection_.run("COMMIT");
  done_ = true;
}

}  // namespace ch::store::sqlite
