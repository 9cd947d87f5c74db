#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <memory>

#include "sink.hpp"
#include "unit/plugins/fake_host.hpp"
#include "unit/plugins/folder.hpp"

using namespace ch;
using tests::FakeHost;
using tests::Folder;
using tests::TestBatch;

namespace {

struct Fixture {
  Folder folder;
  FakeHost host;
  TaskInfo task = [this] {
    TaskInfo info;
    info.name = "orders";
    info.buffer_memory = host.budget;
    info.config["file.dir"] = folder.path().string();
    info.config["host.file.sink.allowed.paths"] = folder.path().string();
    return info;
  }();
  std::unique_ptr<SinkTask> sink = std::make_unique<file_sink::FileSink>(
      Host(&host.c), task, [this] { return file_sink::FileSink::Clock::time_point(std::chrono::milliseconds(host.now)); });

  static OpenPartition partition(PartitionId id, std::int64_t offset, std::string state) {
    OpenPartition p;
    p.id = id;
    p.topic = "orders";
    p.committed_offset = offset;
    p.state = std::move(state);
    return p;
  }
  void open(PartitionId id, std::int64_t offset, std::string state) {
    sink->open(std::vector{partition(id, offset, std::move(state))});
    host.run_jobs();
  }
  std::size_t put(PartitionId id, const std::vector<std::string>& values, std::int64_t offset) {
    const TestBatch batch(values, offset);
    return sink->put(id, Batch(batch.c()));
  }
  void acknowledge() {
    const auto commit = host.commits.back();
    sink->committed(commit.partition, commit.offset, true);
  }
  void tick() {
    sink->tick(host.now);
    host.run_jobs();
  }
};

// The file system that takes no more than some bytes a file. EFBIG comes instead of ENOSPC.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int) = ::signal(SIGXFSZ, SIG_IGN);
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a partition without a state announces the file's length before it takes records") {
  open(1, 100, "");
  CHECK(host.resumed.empty());
  CHECK(put(1, {"early"}, 100) == 0);
  REQUIRE(host.commits.size() == 1);
  CHECK(host.commits[0].offset == 100);
  CHECK(host.commits[0].state == R"({"bytes":0})");
  CHECK(host.commits[0].urgency == CH_COMMIT_NOW);

  SECTION("nothing happens while the commit has not been stored") {
    sink->committed(1, 100, false);
    CHECK(host.resumed.empty());
  }
  SECTION("then it runs") {
    acknowledge();
    REQUIRE(host.resumed == std::vector<std::pair<PartitionId, std::int64_t>>{{1, 100}});
    CHECK(put(1, {"a", "", "ccc"}, 100) == 3);
    CHECK(sink->pending() == 1);
    CHECK(sink->describe(1).records == 3);
    CHECK(sink->describe(1).start_offset == 100);
    tick();
    CHECK(folder.read("orders-0.txt") == "a\n\nccc\n");
    REQUIRE(host.commits.size() == 2);
    CHECK(host.commits[1].offset == 103);
    CHECK(host.commits[1].state == R"({"bytes":7})");
    CHECK(host.commits[1].urgency == CH_COMMIT_LAZY);
    CHECK(host.stored == std::vector<std::pair<std::string, std::uint64_t>>{{"orders-0.txt", 7}});
    CHECK(sink->pending() == 1);
    acknowledge();
    CHECK(sink->pending() == 0);
    CHECK(host.reserved == 0);
  }
}

TEST_CASE_METHOD(Fixture, "what others had in the file stays when there is no state") {
  folder.write("orders-0.txt", "older\n");
  open(1, 5, "");
  CHECK(host.commits.back().state == R"({"bytes":6})");
  acknowledge();
  put(1, {"new"}, 5);
  tick();
  CHECK(folder.read("orders-0.txt") == "older\nnew\n");
}

TEST_CASE_METHOD(Fixture, "after a crash the uncommitted end of the file is cut off and written again once") {
  folder.write("orders-0.txt", "one\ntwo\nhalf a rec");
  open(1, 1, R"({"bytes":4})");
  CHECK(folder.read("orders-0.txt") == "one\n");
  REQUIRE(host.resumed == std::vector<std::pair<PartitionId, std::int64_t>>{{1, 1}});
  CHECK(host.commits.empty());
  put(1, {"two", "three"}, 1);
  tick();
  CHECK(folder.read("orders-0.txt") == "one\ntwo\nthree\n");
  CHECK(host.commits.back().offset == 3);
}

TEST_CASE_METHOD(Fixture, "a file shorter than its state is not touched, and used again once it is restored") {
  folder.write("orders-0.txt", "on");
  open(1, 2, R"({"bytes":8})");
  CHECK(folder.read("orders-0.txt") == "on");
  CHECK(host.resumed.empty());
  REQUIRE(host.interruptions.size() == 1);
  CHECK(host.interruptions[0].reason == "offset_lost");
  CHECK(host.interruptions[0].message.find("orders-0.txt has 2 bytes, but 8 were stored and committed") != std::string::npos);
  CHECK(host.interruptions[0].next_try_ms > host.now);

  folder.write("orders-0.txt", "one\ntwo\n");
  tick();  // too early
  CHECK(host.recoveries.empty());
  host.now = host.interruptions[0].next_try_ms;
  tick();
  CHECK(host.recoveries == std::vector<PartitionId>{1});
  CHECK(host.resumed == std::vector<std::pair<PartitionId, std::int64_t>>{{1, 2}});
}

TEST_CASE_METHOD(Fixture, "a file that is cut while it is open stops its partition") {
  folder.write("orders-0.txt", "one\n");
  open(1, 1, R"({"bytes":4})");
  folder.write("orders-0.txt", "");
  put(1, {"two"}, 1);
  tick();
  CHECK(folder.read("orders-0.txt").empty());
  REQUIRE(host.interruptions.size() == 1);
  CHECK(host.interruptions[0].reason == "offset_lost");
  CHECK(host.commits.empty());
}

TEST_CASE_METHOD(Fixture, "a state of somebody else stops its partition only") {
  const std::string state = GENERATE(R"({"k":"key"})", R"({"bytes":-1})", "[]", "not JSON");
  folder.write("orders-0.txt", "data\n");
  open(1, 7, state);
  open(2, 7, R"({"bytes":5})");
  REQUIRE(host.interruptions.size() == 1);
  CHECK(host.interruptions[0].partition == 1);
  CHECK(host.interruptions[0].reason == "offset_lost");
  CHECK(host.resumed == std::vector<std::pair<PartitionId, std::int64_t>>{{2, 7}});
}

TEST_CASE_METHOD(Fixture, "the budget bounds what is taken, and writing gives it back") {
  host.budget = 10'000;
  open(1, 0, R"({"bytes":0})");
  const std::vector<std::string> values(30, std::string(999, 'x'));
  CHECK(put(1, values, 0) == 10);
  CHECK(host.reserved <= host.budget);
  REQUIRE(host.jobs.size() == 1);  // not at the next tick: somebody waits for the memory
  CHECK(put(1, values, 10) == 0);
  host.run_jobs();
  CHECK(host.reserved == 0);
  CHECK(put(1, values, 10) == 10);
  host.run_jobs();
}

TEST_CASE_METHOD(Fixture, "one partition's memory is freed when another needs it") {
  host.budget = 10'000;
  sink->open(std::vector{partition(1, 0, R"({"bytes":0})"), [] {
                           auto p = partition(2, 0, R"({"bytes":0})");
                           p.partition = 1;
                           return p;
                         }()});
  host.run_jobs();
  CHECK(put(1, std::vector<std::string>(9, std::string(999, 'x')), 0) == 9);
  CHECK(put(2, {std::string(2000, 'y')}, 0) == 0);
  host.run_jobs();
  CHECK(folder.read("orders-0.txt").size() == 9000);
  CHECK(put(2, {std::string(2000, 'y')}, 0) == 1);
}

TEST_CASE_METHOD(Fixture, "a record that can never fit is an interruption, and what came before it is stored") {
  open(1, 0, R"({"bytes":0})");
  CHECK(put(1, {"fits", std::string(task.buffer_memory, 'x')}, 0) == 1);
  REQUIRE(host.interruptions.size() == 1);
  CHECK(host.interruptions[0].message.find("at offset 1 of orders-0 does not fit into buffer.memory") != std::string::npos);
  CHECK(host.interruptions[0].remedy == "raise buffer.memory");
  host.run_jobs();
  CHECK(folder.read("orders-0.txt") == "fits\n");
  CHECK(host.commits.back().offset == 1);
}

TEST_CASE_METHOD(Fixture, "a full disk interrupts, keeps what was taken and goes on when there is room") {
  open(1, 0, R"({"bytes":0})");
  put(1, {"first"}, 0);
  tick();
  put(1, {std::string(5000, 'x')}, 1);
  {
    const SmallDisk disk(4096);
    tick();
    REQUIRE(host.interruptions.size() == 1);
    CHECK(host.interruptions[0].reason == "disk_full");
    CHECK(folder.read("orders-0.txt") == "first\n");  // no half record
    CHECK(host.commits.back().offset == 1);
    CHECK(put(1, {"third"}, 2) == 1);

    const auto first_try = host.interruptions[0].next_try_ms;
    CHECK(sink->tick(host.now) == first_try);
    CHECK(host.jobs.empty());
    host.now = first_try;
    tick();
    REQUIRE(host.interruptions.size() == 2);
    CHECK(host.interruptions[1].next_try_ms - host.now == 2 * file_sink::kFirstRetry.count());
    CHECK(host.recoveries.empty());
  }
  sink->retry();  // does not wait for the next try
  host.run_jobs();
  CHECK(host.recoveries == std::vector<PartitionId>{1});
  tick();
  CHECK(folder.read("orders-0.txt") == "first\n" + std::string(5000, 'x') + "\nthird\n");
  CHECK(host.commits.back().offset == 3);
  CHECK(host.commits.back().state == R"({"bytes":5013})");
}

TEST_CASE_METHOD(Fixture, "the back-off is capped") {
  std::filesystem::remove(folder.path());
  open(1, 0, "");
  for (int i = 0; i < 15; ++i) {
    host.now = host.interruptions.back().next_try_ms;
    tick();
  }
  CHECK(host.interruptions.back().reason == "bucket_missing");
  CHECK(host.interruptions.back().next_try_ms - host.now == file_sink::kMaxRetry.count());
}

TEST_CASE_METHOD(Fixture, "a refused job is tried again at the next tick") {
  host.job_slots = 0;
  open(1, 0, R"({"bytes":0})");
  CHECK(host.resumed.empty());
  host.job_slots = 1;
  tick();
  CHECK(host.resumed.size() == 1);
}

TEST_CASE_METHOD(Fixture, "the end of a partition is committed when nothing is open") {
  open(1, 10, R"({"bytes":0})");
  SECTION("idle") {
    sink->end_of_partition(1, 14);
    REQUIRE(host.commits.size() == 1);
    CHECK(host.commits[0].offset == 14);
    CHECK(host.commits[0].state == R"({"bytes":0})");
    sink->end_of_partition(1, 14);
    CHECK(host.commits.size() == 1);
  }
  SECTION("after the records before it") {
    put(1, {"a"}, 10);
    sink->end_of_partition(1, 14);
    CHECK(host.commits.empty());
    tick();
    CHECK(host.commits.back().offset == 14);
  }
  SECTION("not while records of after the write wait") {
    put(1, {"a"}, 10);
    sink->tick(host.now);
    put(1, {"b"}, 11);
    sink->end_of_partition(1, 14);
    host.run_jobs();
    CHECK(host.commits.back().offset == 11);
  }
}

TEST_CASE_METHOD(Fixture, "flush stores what is open and takes nothing more") {
  open(1, 0, R"({"bytes":0})");
  put(1, {"a"}, 0);
  sink->tick(host.now);
  put(1, {"b"}, 1);
  sink->flush();
  CHECK(put(1, {"c"}, 2) == 0);
  host.run_jobs();
  CHECK(folder.read("orders-0.txt") == "a\nb\n");
  CHECK(host.commits.back().offset == 2);
  acknowledge();
  CHECK(sink->pending() == 0);
}

TEST_CASE_METHOD(Fixture, "results for a partition that was closed are dropped, its job keeps the next owner out") {
  open(1, 0, R"({"bytes":0})");
  put(1, {"a"}, 0);
  sink->tick(host.now);
  sink->close(std::vector<PartitionId>{1}, true);
  const auto old_job = host.jobs.front();
  host.jobs.clear();

  open(2, 0, R"({"bytes":0})");  // the old job still has the file
  CHECK(host.resumed.size() == 1);
  CHECK(host.interruptions.empty());

  old_job.run(old_job.job);
  old_job.done(old_job.job);
  CHECK(host.commits.empty());
  CHECK(host.stored.empty());
  CHECK(host.reserved == 0);

  host.now += file_sink::kFirstRetry.count();
  tick();
  CHECK(host.resumed.back() == std::pair<PartitionId, std::int64_t>{2, 0});
  CHECK(folder.read("orders-0.txt").empty());
}

TEST_CASE_METHOD(Fixture, "a second writer of the same file is told so") {
  open(1, 0, R"({"bytes":0})");
  FakeHost other_host;
  const auto other = std::make_unique<file_sink::FileSink>(
      Host(&other_host.c), task, [&] { return file_sink::FileSink::Clock::time_point(std::chrono::milliseconds(other_host.now)); });
  other->open(std::vector{partition(9, 0, R"({"bytes":0})")});
  for (int i = 0; i < 3; ++i) {
    other_host.run_jobs();
    other_host.now += 1000;
    other->tick(other_host.now);
  }
  REQUIRE(!other_host.interruptions.empty());
  CHECK(other_host.interruptions[0].reason == "object_conflict");
  CHECK(other_host.interruptions[0].remedy == "give each task a file.dir of its own");
  other_host.run_jobs();
}

TEST_CASE_METHOD(Fixture, "a link of a partition's name is not followed, and what it leads to stays as it is") {
  const Folder theirs;
  theirs.write("keys", "ssh-ed25519 theirs\n");
  std::filesystem::create_symlink(theirs.path() / "keys", folder.path() / "orders-0.txt");
  open(1, 0, R"({"bytes":0})");
  REQUIRE(host.interruptions.size() == 1);
  CHECK(host.interruptions[0].reason == "access_denied");
  CHECK(host.interruptions[0].message.find("orders-0.txt is a symbolic link") != std::string::npos);
  CHECK(host.resumed.empty());
  CHECK(theirs.read("keys") == "ssh-ed25519 theirs\n");
}

TEST_CASE("a link among the folders is not followed below the allowed one, but the allowed one may be reached by one") {
  const Folder theirs, ours;
  std::filesystem::create_directories(ours.path() / "real" / "deep");
  std::filesystem::create_symlink(theirs.path(), ours.path() / "real" / "link");
  std::filesystem::create_symlink(ours.path() / "real", ours.path() / "alias");
  const auto real = (ours.path() / "real").string(), alias = (ours.path() / "alias").string();
  const auto opens = [](const std::string& dir, const std::string& allowed) {
    return std::holds_alternative<file_sink::OpenFolder>(file_sink::Folder(dir, allowed).open());
  };
  CHECK(opens(real + "/deep", real));
  CHECK(opens(real + "/deep", "/nowhere, " + real + "/"));
  CHECK(opens(alias + "/deep", alias));
  CHECK(opens(real, real));
  CHECK_FALSE(opens(real + "/link", real));
  CHECK_FALSE(opens(real + "/deep/../link", real));
  CHECK_FALSE(opens(real + "/deep/..", real));
  CHECK_FALSE(opens(real + "er", real));
  CHECK_FALSE(opens(real, ""));
  CHECK_FALSE(opens("/etc", real));
  CHECK_FALSE(opens(alias, real));
  CHECK(opens("/tmp", "/"));
}

TEST_CASE_METHOD(Fixture, "a new file can be read by the host's user alone") {
  open(1, 0, "");
  struct stat info {};
  REQUIRE(::stat((folder.path() / "orders-0.txt").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
}
