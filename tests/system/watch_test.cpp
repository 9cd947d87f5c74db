// A host beside which something hangs or runs out: whoever reads its log, a poll thread, file descriptors; and one cause
// that stops many partitions.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <fstream>
#include <memory>
#include <vector>

#include "support/process/net.hpp"
#include "world.hpp"

using namespace ch::test;

namespace {

// In the place of a host's log: a pipe that nobody reads until read() is called.
class HangingReader {
 public:
  explicit HangingReader(const std::filesystem::path& log) : path_(log) {
    REQUIRE(::mkfifo(path_.c_str(), 0600) == 0);
    file_ = ::open(path_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    REQUIRE(file_ >= 0);
    REQUIRE(::fcntl(file_, F_SETPIPE_SZ, 4096) >= 0);
  }
  HangingReader(const HangingReader&) = delete;
  HangingReader& operator=(const HangingReader&) = delete;
  ~HangingReader() {
    ::unlink(path_.c_str());
    ::close(file_);
  }
  std::string read() const {
    std::string out;
    std::array<char, 4096> part{};
    for (ssize_t size = 0; (size = ::read(file_, part.data(), part.size())) > 0;) out.append(part.data(), static_cast<std::size_t>(size));
    return out;
  }

 private:
  std::filesystem::path path_;
  int file_ = -1;
};

double metric(World& world, const std::string& name) {
  const auto page = world.host().get("/metrics").body;
  const auto at = page.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(page.substr(at + name.size() + 2));
}

std::vector<json> events_of(World& world, const std::string& task, const std::string& kind, const std::string& reason) {
  std::vector<json> out;
  const auto answer = world.host().get("/v1/tasks/" + task + "/events?limit=1000").json;
  for (const auto& event : answer.at("events"))
    if (event.at("kind") == kind && event.at("reason") == reason) out.push_back(event);
  return out;
}

std::size_t open_files(pid_t pid) {
  const auto folder = "/proc/" + std::to_string(pid) + "/fd";
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

rlimit limit_of(pid_t pid, const rlimit* set = nullptr) {
  rlimit before{};
  REQUIRE(::prlimit(pid, RLIMIT_NOFILE, set, &before) == 0);
  return before;
}

}  // namespace

TEST_CASE("a reader of the log that hangs stops nothing", "[watch]") {
  World world(shared_broker().bootstrap(), json{{"log.level", "debug"}});
  const HangingReader reader(world.host().log_file());
  world.host().start();
  world.admin().create_topic("watch-log", 2);
  LedgerProducer producer(world.bootstrap(), "watch-log", Mix{71});
  world.create("watch-log", world.config("watch-log", {{"rotate.interval.ms", "200"}}));
  for (int i = 0; i < 10; ++i) {  // far more lines than a pipe holds
    producer.produce(50, 2);
    producer.flush();
    REQUIRE(world.drained("watch-log", "watch-log", 2));
  }
  CHECK(world.host().state("watch-log") == "RUNNING");
  std::string said;
  CHECK(eventually(20s,
                   [&] { return (said += reader.read()).find("assigned 2 partitions") != std::string::npos; }));  // they come when it reads
  CHECK(world.host().stop() == 0);
  CHECK(world.check("watch-log", producer.ledger()).ok());
}

TEST_CASE("a poll thread that does not come round is seen by the others", "[watch]") {
  World world;
  world.host().set_environment({{"CH_FAILPOINTS", "commit.before=stall(50000,2)"}});
  world.host().start();
  for (const char* name : {"watch-stuck", "watch-runs"}) world.admin().create_topic(name, 1);
  LedgerProducer stuck(world.bootstrap(), "watch-stuck", Mix{72});
  world.create("watch-stuck", world.config("watch-stuck"));
  stuck.produce(100, 1);
  stuck.flush();
  const auto began = std::chrono::steady_clock::now();
  CHECK(eventually(45s, [&] {
    const auto status = world.host().status("watch-stuck");
    return status.at("state") == "INTERRUPTED" && status.at("interruption").at("reason") == "runner_stuck";
  }));
  CHECK(std::chrono::steady_clock::now() - began > 25s);  // not for what takes a little longer
  const auto health = world.host().get("/health");
  CHECK(health.status == 200);  // whoever restarts hosts for their health must not end the other tasks
  CHECK(health.json.at("status") == "healthy");
  CHECK(health.json.at("hanging_threads") == 1);
  const auto ready = world.host().get("/health/ready");  // there is no other task
  CHECK(ready.status == 503);
  CHECK(ready.json.at("status") == "hanging");
  CHECK(metric(world, "connector_host_hanging_threads") == 1);
  CHECK(metric(world, "connector_host_task_interrupted{task=\"watch-stuck\",reason=\"runner_stuck\"}") == 1);

  LedgerProducer runs(world.bootstrap(), "watch-runs", Mix{73});
  world.create("watch-runs", world.config("watch-runs"));
  runs.produce(100, 1);
  runs.flush();
  CHECK(world.drained("watch-runs", "watch-runs", 1));
  CHECK(world.host().get("/health/ready").status == 200);

  CHECK(world.reaches("watch-stuck", "RUNNING", 60s));
  CHECK(world.drained("watch-stuck", "watch-stuck", 1));
  CHECK_FALSE(world.host().get("/health").json.contains("hanging_threads"));
  CHECK(eventually(20s, [&] { return events_of(world, "watch-stuck", "recovered", "runner_stuck").size() == 1; }));
  CHECK(events_of(world, "watch-stuck", "interrupted", "runner_stuck").size() == 1);
  CHECK(world.check("watch-stuck", stuck.ledger()).ok());
}

TEST_CASE("out of file descriptors: the API answers, no runner begins, and all goes on when there are more", "[watch]") {
  World world;
  world.host().start();
  const auto pid = world.host().process().pid();
  const auto first = limit_of(pid);
  CHECK(first.rlim_cur == first.rlim_max);  // raised to what the process may have
  for (const char* name : {"watch-one", "watch-two"}) world.admin().create_topic(name, 1);
  world.create("watch-one", world.config("watch-one"));
  REQUIRE(world.reaches("watch-one", "RUNNING"));

  const auto open = open_files(pid);
  rlimit few{open + 20, first.rlim_max};
  limit_of(pid, &few);
  world.create("watch-two", world.config("watch-two"));
  REQUIRE(world.interrupted("watch-two", "file_limit"));
  const auto why = world.host().status("watch-two").at("interruption");
  INFO(why.dump());
  CHECK(why.at("message").get<std::string>().find("may have " + std::to_string(open + 20) + " files") != std::string::npos);
  CHECK(why.at("remedy").get<std::string>().find("LimitNOFILE") != std::string::npos);

  few.rlim_cur = open_files(pid) + 2;
  limit_of(pid, &few);
  std::vector<std::unique_ptr<RawConnection>> held;
  for (int i = 0; i < 6; ++i) {  // all that is left, and more
    held.push_back(std::make_unique<RawConnection>(world.host().port()));
    CHECK(held.back()->send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    CHECK(held.back()->receive(2s).find("healthy") != std::string::npos);
  }
  CHECK(world.host().request("DELETE", "/v1/tasks/watch-one").status / 100 == 2);
  held.clear();
  limit_of(pid, &first);
  CHECK(world.reaches("watch-two", "RUNNING", 60s));
  CHECK(world.host().get("/health").status == 200);
}

TEST_CASE("what stops 64 partitions is told once", "[watch]") {
  constexpr std::int32_t kPartitions = 64;
  World world;
  world.host().start();
  world.admin().create_topic("watch-wide", kPartitions);
  LedgerProducer producer(world.bootstrap(), "watch-wide", Mix{74});
  world.create("watch-wide", world.config("watch-wide", {{"cos.bucket", "missing-1250000000"}}));
  producer.produce(10, kPartitions);
  producer.flush();
  json why;
  CHECK(eventually(60s, [&] {
    why = world.host().status("watch-wide").at("interruption");
    return why.is_object() && why.value("partitions", 0) == kPartitions;
  }));
  INFO(why.dump());
  CHECK(why.at("reason") == "bucket_missing");
  CHECK(why.at("of_partitions") == kPartitions);
  CHECK(eventually(20s, [&] { return !events_of(world, "watch-wide", "interrupted", "bucket_missing").empty(); }));
  const auto events = events_of(world, "watch-wide", "interrupted", "bucket_missing");
  REQUIRE(events.size() == 1);
  INFO(events[0].dump());
  const auto message = events[0].at("message").get<std::string>();
  CHECK(message.find(" of 64 partitions (watch-wide 0") != std::string::npos);
  std::ifstream log(world.host().log_file());
  std::size_t lines = 0;
  for (std::string line; std::getline(log, line);) lines += line.find("interrupted (bucket_missing)") != std::string::npos ? 1 : 0;
  CHECK(lines >= 1);
  CHECK(lines <= 7);  // one, and another whenever they have doubled
}
