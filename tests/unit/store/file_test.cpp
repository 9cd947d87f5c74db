// What open_sqlite_store makes, and what it refuses.
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <random>

#include "unit/store/store_fixture.hpp"

using namespace ch::store;
using namespace store_test;
namespace fs = std::filesystem;

namespace {

constexpr int kOurs = 0x43485354;

// All files of the folder with their bytes, but for the memory that connections share.
std::map<std::string, std::string> content(const Folder& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    const auto name = entry.path().filename().string();
    if (entry.is_regular_file() && name.find("-shm") == std::string::npos) out[name] = bytes_of(entry.path());
  }
  return out;
}

// Opens, expects a refusal, and that nothing was changed by it.
ch::Error refusal(const Folder& folder, const fs::path& file) {
  const auto before = content(folder);
  const auto store = open_sqlite_store(file);
  REQUIRE_FALSE(store);
  CHECK(content(folder) == before);
  INFO(store.error().message);
  CHECK_THAT(store.error().message, Catch::Contains(file.string()));
  return store.error();
}

constexpr std::size_t kFilled = 20;

void fill(const fs::path& file) {
  const auto store = opened(file);
  for (std::size_t i = 0; i < kFilled; ++i) {
    auto record = task("task-" + std::to_string(i));
    record.config["filler"] = std::string(3000, 'x');
    REQUIRE(put(*store, record));
  }
}

mode_t mode_of(const fs::path& file) {
  struct stat found {};
  REQUIRE(::stat(file.c_str(), &found) == 0);
  return found.st_mode & 0777;
}

// Drops root's right to everything, if the tests run as root.
class AsNobody {
 public:
  AsNobody() : was_(::geteuid()) {
    if (was_ == 0) REQUIRE(::seteuid(65534) == 0);
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
  ~AsNobody() {
    if (was_ == 0 && ::seteuid(0) != 0) std::abort();
  }

 private:
  uid_t was_;
};

// Files may not grow beyond so many bytes: what a full disk does to a writer.
class FileLimit {
 public:
  explicit FileLimit(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;
  ~FileLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

}  // namespace

TEST_CASE("a new store makes its folder, and only its owner may read it") {
  const Folder folder;
  const auto file = folder / "a ?#%41 b/deep/store.db";
  const auto store = opened(file);
  REQUIRE(put(*store, task("a")));
  CHECK(mode_of(file) == 0600);
  CHECK(mode_of(file.string() + "-wal") == 0600);
  CHECK(mode_of(file.string() + "-shm") == 0600);
}

TEST_CASE("a store that others may read is closed to them") {
  const Folder folder;
  const auto file = folder / "store.db";
  fill(file);
  fs::permissions(file, fs::perms::owner_all | fs::perms::others_read);
  const auto store = opened(file);
  CHECK(mode_of(file) == 0600);
  CHECK(store->tasks()->size() == kFilled);
}

TEST_CASE("the file says whose it is, and which schema it has") {
  const Folder folder;
  const auto file = folder / "store.db";
  fill(file);
  const auto bytes = bytes_of(file);
  REQUIRE(bytes.size() > 100);
  CHECK(bytes.substr(68, 4) == "CHST");
  CHECK(bytes.substr(60, 4) == std::string("\0\0\0\6", 4));
}

TEST_CASE("an older schema is migrated") {
  const Folder folder;
  const auto file = folder / "store.db";
  SECTION("version 0: an empty file") { write_bytes(file, ""); }
  SECTION("version 0: an empty database") {
    run_sql(file, "PRAGMA application_id = " + std::to_string(kOurs) + "; PRAGMA user_version = 0; VACUUM");
  }
  SECTION("version 0: made, but not yet ours: a crash at the first start") { run_sql(file, "PRAGMA journal_mode = WAL"); }
  {
    const auto store = opened(file);
    REQUIRE(put(*store, task("a")));
  }
  CHECK(opened(file)->tasks()->size() == 1);
  CHECK(bytes_of(file).substr(60, 4) == std::string("\0\0\0\6", 4));
}

TEST_CASE("what is committed in the write-ahead log alone is seen") {
  const Folder folder;
  const auto file = folder / "store.db";
  const auto store = opened(file);
  REQUIRE(put(*store, task("a")));
  // As a crash leaves it: the log not yet moved into the file.
  const auto copy = folder / "copy.db";
  fs::copy_file(file, copy);
  fs::copy_file(file.string() + "-wal", copy.string() + "-wal");
  CHECK(opened(copy)->tasks()->size() == 1);
}

TEST_CASE("damage is refused, and the file left as it is") {
  const Folder folder;
  const auto file = folder / "store.db";
  fill(file);
  auto bytes = bytes_of(file);
  REQUIRE(bytes.size() > 10 * 4096);
  std::mt19937 random(7);
  const auto garbage = [&](std::size_t size) {
    std::string out(size, '\0');
    for (auto& c : out) c = static_cast<char>(random());
    return out;
  };
  SECTION("garbage") { write_bytes(file, garbage(20000)); }
  SECTION("a short text") { write_bytes(file, "hello"); }
  SECTION("cut in the middle of the header") { write_bytes(file, bytes.substr(0, 60)); }
  SECTION("cut between pages") { write_bytes(file, bytes.substr(0, 4 * 4096)); }
  SECTION("cut within a page") { write_bytes(file, bytes.substr(0, bytes.size() - 3000)); }
  SECTION("pages overwritten, header intact") { write_bytes(file, bytes.replace(4096, 5 * 4096, garbage(5 * 4096))); }
  SECTION("the last page overwritten") { write_bytes(file, bytes.replace(bytes.size() - 4096, 4096, garbage(4096))); }
  SECTION("within a row") { write_bytes(file, bytes.replace(bytes.rfind("archive-1"), 20, garbage(20))); }
  SECTION("pages of zeros") { write_bytes(file, bytes.replace(4096, 4096, std::string(4096, '\0'))); }
  const auto error = refusal(folder, file);
  CHECK(error.code == ch::ErrorCode::invalid);
  CHECK_THAT(error.message, Catch::Contains("is damaged"));
  CHECK_THAT(error.message, Catch::Contains("put back a backup"));
}

TEST_CASE("a damaged file with a write-ahead log beside it is refused, and both left as they are") {
  const Folder folder;
  const auto file = folder / "store.db";
  fill(file);
  const auto store = opened(file);
  REQUIRE(put(*store, task("in the log")));
  const auto copy = folder / "copy.db";
  auto bytes = bytes_of(file);
  write_bytes(copy, bytes.replace(6 * 4096, 4 * 4096, std::string(4 * 4096, 'x')));
  fs::copy_file(file.string() + "-wal", copy.string() + "-wal");
  CHECK_THAT(refusal(folder, copy).message, Catch::Contains("is damaged"));
}

TEST_CASE("a log without its file is refused: it would be lost") {
  const Folder folder;
  const auto file = folder / "store.db";
  write_bytes(file.string() + "-wal", "something");
  SECTION("no file") {}
  SECTION("an empty file") { write_bytes(file, ""); }
  CHECK_THAT(refusal(folder, file).message, Catch::Contains("write-ahead log"));
}

TEST_CASE("what is not ours is refused") {
  const Folder folder;
  const auto file = folder / "store.db";
  std::string expected = "another program";
  SECTION("another program's database") { run_sql(file, "PRAGMA application_id = 77; CREATE TABLE a (b)"); }
  SECTION("another program's, still without tables") { run_sql(file, "PRAGMA application_id = 77; VACUUM"); }
  SECTION("a database that names no program") { run_sql(file, "CREATE TABLE tasks (b)"); }
  SECTION("a database whose log is not moved into it yet") {
    run_sql(folder / "other.db", "PRAGMA journal_mode = WAL");
    sqlite3* handle = nullptr;
    REQUIRE(sqlite3_open((folder / "other.db").c_str(), &handle) == SQLITE_OK);
    REQUIRE(sqlite3_exec(handle, "CREATE TABLE a (b)", nullptr, nullptr, nullptr) == SQLITE_OK);
    fs::copy_file(folder / "other.db", file);
    fs::copy_file(folder / "other.db-wal", file.string() + "-wal");
    sqlite3_close(handle);
  }
  SECTION("our mark on tables of no version") {
    run_sql(file, "PRAGMA application_id = " + std::to_string(kOurs) + "; CREATE TABLE a (b)");
    expected = "not connector-host's";
  }
  SECTION("a folder") {
    fs::create_directory(file);
    expected = "is a folder";
  }
  SECTION("a pipe") {
    REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
    expected = "not a regular file";
  }
  const auto error = refusal(folder, file);
  CHECK(error.code == ch::ErrorCode::invalid);
  CHECK_THAT(error.message, Catch::Contains(expected));
  CHECK_THAT(error.message, Catch::Contains("choose another state.dir"));
}

TEST_CASE("what version 1 wrote is read, and can name topics from then on") {
  const Folder folder;
  const auto file = folder / "store.db";
  fill(file);
  run_sql(file,
          "DROP TABLE starts; DROP TABLE changes; ALTER TABLE tasks DROP COLUMN version; "
          "ALTER TABLE tasks DROP COLUMN earlier; ALTER TABLE tasks DROP COLUMN topic_ids; ALTER TABLE events DROP COLUMN count; "
          "ALTER TABLE events DROP COLUMN first_ms; PRAGMA user_version = 1");
  auto store = opened(file);
  auto tasks = store->tasks();
  REQUIRE(tasks);
  REQUIRE_FALSE(tasks->empty());
  auto record = tasks->front();
  CHECK(record.topic_ids.empty());
  CHECK_FALSE(record.earlier.complete);  // where it stored before is not known
  CHECK(record.earlier.places.empty());
  record.earlier.places = {{{"cos.bucket", "a-1"}}};
  record.topic_ids = {{"orders", "topic-1"}, {"a \"b\"", "topic-2"}};
  REQUIRE(put(*store, record));
  store.reset();
  CHECK(kept(*opened(file), record.name)->topic_ids == record.topic_ids);
  CHECK(kept(*opened(file), record.name)->earlier == record.earlier);
}

TEST_CASE("a newer version's file is refused") {
  const Folder folder;
  const auto file = folder / "store.db";
  fill(file);
  run_sql(file, "PRAGMA user_version = 7");
  const auto error = refusal(folder, file);
  CHECK(error.code == ch::ErrorCode::invalid);
  CHECK_THAT(error.message, Catch::Contains("newer connector-host (schema 7; this one knows 6)"));
  CHECK_THAT(error.message, Catch::Contains("run the newer version"));
}

TEST_CASE("a file or folder that may not be written is refused") {
  const Folder folder;
  const auto file = folder / "store.db";
  fill(file);
  constexpr auto kLook = fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read;
  constexpr auto kEnter = fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec;
  fs::permissions(folder.path(), kLook | kEnter);
  const auto expect = [](const ch::Error& error) {
    CHECK(error.code == ch::ErrorCode::unavailable);
    CHECK_THAT(error.message, Catch::Contains("Permission denied"));
  };
  SECTION("file") {
    fs::permissions(file, kLook);
    const AsNobody nobody;
    expect(refusal(folder, file));
  }
  SECTION("folder") {
    const AsNobody nobody;
    const auto store = open_sqlite_store(folder / "new.db");
    REQUIRE_FALSE(store);
    expect(store.error());
    const auto deeper = open_sqlite_store(folder / "new/store.db");
    REQUIRE_FALSE(deeper);
    expect(deeper.error());
  }
  fs::permissions(folder.path(), fs::perms::owner_all);
}

TEST_CASE("a full disk is reported, loses nothing, and is over when there is room again") {
  const Folder folder;
  const auto file = folder / "store.db";
  const auto store = opened(file);
  REQUIRE(put(*store, task("before")));
  auto big = task("big");
  big.config["filler"] = std::string(8000, 'x');
  int added = 0;
  {
    const FileLimit limit(256 * 1024);
    ch::Status status;
    for (; added < 1000; ++added) {
      big.name = "big-" + std::to_string(added);
      status = put(*store, big);
      if (!status) break;
    }
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ch::ErrorCode::unavailable);
    CHECK_THAT(status.error().message, Catch::Contains(file.string()));
    CHECK(added > 0);
    CHECK(store->tasks()->size() == static_cast<std::size_t>(added) + 1);
  }
  REQUIRE(put(*store, big));
  CHECK(store->tasks()->size() == static_cast<std::size_t>(added) + 2);
}
