// A folder of its own for each test, and shorthands.
#pragma once

#include <sqlite3.h>
#include <stdlib.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "store/sqlite/sqlite_store.hpp"

namespace store_test {

class Folder {
 public:
  Folder() {
    auto name = (std::filesystem::temp_directory_path() / "connector-host-store-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::unique_ptr<ch::store::Store> opened(const std::filesystem::path& file) {
  auto store = ch::store::open_sqlite_store(file);
  INFO((store ? std::string() : store.error().message));
  REQUIRE(store);
  return std::move(*store);
}

inline std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_bytes(const std::filesystem::path& file, const std::string& bytes) { std::ofstream(file, std::ios::binary) << bytes; }

// Runs SQL on a file as another program would.
inline void run_sql(const std::filesystem::path& file, const std::string& sql) {
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &handle) == SQLITE_OK);
  char* message = nullptr;
  const int result = sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &message);
  INFO((message != nullptr ? message : ""));
  REQUIRE(result == SQLITE_OK);
  sqlite3_close(handle);
}

// What the store has of one task.
inline std::optional<ch::store::TaskRecord> kept(ch::store::Store& store, const std::string& name) {
  auto all = store.tasks();
  if (!all) return std::nullopt;
  for (auto& one : *all) {
    if (one.name == name) return std::move(one);
  }
  return std::nullopt;
}

// Whatever the store has under this name.
inline ch::Status put(ch::store::Store& store, ch::store::TaskRecord task) {
  const auto present = kept(store, task.name);
  task.version = present ? present->version : 0;
  return store.put_task(task);
}

inline ch::store::TaskRecord task(const std::string& name) {
  ch::store::TaskRecord out;
  out.name = name;
  out.config = {{"topics", "orders"}, {"cos.bucket", "archive-1250000000"}};
  out.target = ch::store::Target::enabled;
  out.created_ms = 1;
  out.updated_ms = 2;
  return out;
}

inline ch::store::Event event(const std::string& name, std::int64_t time_ms = 1) {
  ch::store::Event out;
  out.task = name;
  out.time_ms = time_ms;
  out.kind = "config";
  out.state = "RUNNING";
  return out;
}

}  // namespace store_test
