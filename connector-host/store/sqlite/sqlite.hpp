// SQLite's C API with owners and exceptions: the only file of the store that calls it, beside sqlite.cpp. A Connection
// and its Statements are used by one thread at a time. Everything throws Failure; the store turns it into an Error.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace ch::store::sqlite {

class Failure : public std::runtime_error {
 public:
  Failure(int code, const std::string& message) : std::runtime_error(message), code_(code) {}
  int code() const { return code_ & 0xff; }  // the primary one, such as SQLITE_FULL
  int extended_code() const { return code_; }

 private:
  int code_;
};

class Connection {
 public:
  enum class Mode {
    write,      // the file is made if it is missing
    look,       // neither the file nor its write-ahead log changes
    immutable,  // not even a file beside it appears; a write-ahead log is not seen
  };
  Connection(const std::filesystem::path& file, Mode mode);

  void run(const char* sql);                     // one or more statements without parameters and rows
  std::int64_t integer(const std::string& sql);  // first column of the first row; 0 if there is none
  std::string text(const std::string& sql);
  sqlite3* handle() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

// Compiled once, run often: each run is a Query.
class Statement {
 public:
  Statement(const Connection& connection, std::string_view sql);
  sqlite3_stmt* handle() const { return handle_.get(); }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

// One run of a statement. Text arguments must outlive it. The statement is reset when it ends: a forgotten one would
// hold its snapshot and let the write-ahead log grow.
class Query {
 public:
  template <class... Args>
  explicit Query(Statement& statement, const Args&... args) : handle_(statement.handle()) {
    int index = 0;
    (bind(++index, args), ...);
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query();

  bool next();  // false: no more rows
  std::int64_t integer(int column) const { return sqlite3_column_int64(handle_, column); }
  std::string text(int column) const;

 private:
  template <class T>
  void bind(int index, const T& value) {
    if constexpr (std::is_integral_v<T>) {
      check(sqlite3_bind_int64(handle_, index, static_cast<sqlite3_int64>(value)));
    } else {
      const std::string_view text = value;
      check(sqlite3_bind_text64(handle_, index, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8));
    }
  }
  void check(int result) const;

  sqlite3_stmt* handle_;
};

template <class... Args>
void execute(Statement& statement, const Args&... args) {
  Query query(statement, args...);
  while (query.next()) {
  }
}

// Rolls back unless committed.
class Transaction {
 public:
  explicit Transaction(Connection& connection) : connection_(connection) { connection_.run("BEGIN IMMEDIATE"); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Connection& connection_;
  bool done_ = false;
};

}  // namespace ch::store::sqlite
