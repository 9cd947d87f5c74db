// The wall clock of a running host is set, as NTP does, or a machine that resumes or booted with another zone's time.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "support/process/temp_dir.hpp"
#include "world.hpp"

using namespace ch::test;

namespace {

// The host's wall clock alone: tests/support/clock.
class WallClock {
 public:
  WallClock() { set(0s); }
  void set(std::chrono::milliseconds forward) const {
    const std::int64_t offset = forward.count();
    std::ofstream(file_, std::ios::binary | std::ios::in | std::ios::out).write(reinterpret_cast<const char*>(&offset), sizeof offset);
  }
  std::map<std::string, std::string> environment() const { return {{"LD_PRELOAD", CH_WALL_CLOCK}, {"CH_TEST_WALL_CLOCK", file_.string()}}; }

 private:
  TempDir dir_;
  std::filesystem::path file_ = [this] {
    write_file(dir_.path() / "clock", std::string(sizeof(std::int64_t), '\0'));
    return dir_.path() / "clock";
  }();
};

std::size_t lines_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(in), {}, '\n'));
}

constexpr std::int32_t kPartitions = 4;
constexpr std::chrono::seconds kSteps[] = {-30s, -600s, -28'800s, 0s, 34'560'000s, 0s, -34'560'000s, 28'800s};
constexpr std::size_t kLinesEach = 40;  // of the log, for a step: nothing is said again and again

void archives_whatever_the_clock_says(World& world, const WallClock& clock, const std::string& task, const nlohmann::json& other) {
  world.admin().create_topic(task, kPartitions);
  LedgerProducer producer(world.bootstrap(), task, Mix{47});
  world.create(task, world.config(task, other));
  producer.produce(200, kPartitions);
  producer.flush();
  REQUIRE(world.drained(task, task, kPartitions));
  for (const auto step : kSteps) {
    INFO("the wall clock is off by " << step.count() << " s");
    const auto lines = lines_of(world.host().log_file());
    producer.produce(100, kPartitions);
    clock.set(step);
    producer.produce(100, kPartitions);
    producer.flush();
    CHECK(world.drained(task, task, kPartitions, 30s));
    CHECK(world.host().state(task) == "RUNNING");
    CHECK(lines_of(world.host().log_file()) - lines < kLinesEach);
  }
  clock.set(0s);
}

}  // namespace

TEST_CASE("the wall clock is set while a task runs, by any amount: archiving goes on, and nothing floods", "[clock]") {
  const WallClock clock;
  World world(json{{"file.sink.allowed.paths", std::filesystem::temp_directory_path().string()}});
  world.host().set_environment(clock.environment());
  world.host().start();
  SECTION("file-sink") {
    const auto dir = (world.dir() / "files").string();
    std::filesystem::create_directory(dir);
    archives_whatever_the_clock_says(world, clock, "clock-file",
                                     {{"connector.class", "file-sink"},
                                      {"file.dir", dir},
                                      {"cos.bucket", nullptr},
                                      {"cos.endpoint", nullptr},
                                      {"cos.secret.id", nullptr},
                                      {"cos.secret.key", nullptr},
                                      {"rotate.interval.ms", nullptr}});
  }
  SECTION("cos-sink") { archives_whatever_the_clock_says(world, clock, "clock-cos", json::object()); }
}

TEST_CASE("what waits for its next try waits no longer when the wall clock was ahead and is set back", "[clock]") {
  const WallClock clock;
  World world;
  world.host().set_environment(clock.environment());
  world.host().start();
  clock.set(34'560'000s);
  world.create("clock-late", world.config("clock-late"));
  CHECK(world.interrupted("clock-late", "topic_missing"));
  clock.set(0s);
  world.admin().create_topic("clock-late", 1);
  CHECK(world.reaches("clock-late", "RUNNING", 45s));  // the longest back-off, and what comes after it
}
