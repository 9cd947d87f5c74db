#include "base/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/repeats.hpp"
#include "base/time.hpp"

namespace {

// What goes to standard error while it lives.
class Captured {
 public:
  Captured() : file_(std::filesystem::temp_directory_path() / ("connector-host-log-test-" + std::to_string(::getpid()))) {
    ch::log::flush(std::chrono::seconds(10));
    saved_ = ::dup(STDERR_FILENO);
    const int fd = ::open(file_.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    ::dup2(fd, STDERR_FILENO);
    ::close(fd);
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;
  ~Captured() { restore(); }

  std::vector<std::string> lines() {
    restore();
    std::ifstream in(file_);
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) out.push_back(line);
    std::filesystem::remove(file_);
    return out;
  }

 private:
  void restore() {
    if (saved_ < 0) return;
    ch::log::flush(std::chrono::seconds(10));
    ::dup2(saved_, STDERR_FILENO);
    ::close(saved_);
    saved_ = -1;
  }
  std::filesystem::path file_;
  int saved_ = -1;
};

const std::string kHostile = "x\"},\n{\"level\":\"error\"\\ \x1b[2J \xff 订单";

}  // namespace

TEST_CASE("text lines carry time, level and task, one event a line") {
  REQUIRE(ch::log::configure("info", "text"));
  Captured captured;
  ch::log::info("orders", "stored {} records", 7);
  ch::log::warn("", "no task\nhere");
  ch::log::debug("orders", "not shown");
  const auto lines = captured.lines();
  REQUIRE(lines.size() == 2);
  CHECK(ch::parse_rfc3339(lines[0].substr(0, 24)).has_value());
  CHECK(lines[0].substr(24) == " info  [orders] stored 7 records");
  CHECK(lines[1].substr(24) == " warn  no task\\nhere");
}

TEST_CASE("JSON lines are valid whatever the message holds") {
  REQUIRE(ch::log::configure("debug", "json"));
  Captured captured;
  ch::log::error(kHostile, "{}", kHostile);
  ch::log::debug("", "plain");
  const auto lines = captured.lines();
  REQUIRE(lines.size() == 2);
  const auto first = nlohmann::json::parse(lines[0]);
  CHECK(first.size() == 4);
  CHECK(first.at("level") == "error");
  CHECK(ch::parse_rfc3339(first.at("time").get<std::string>()).has_value());
  CHECK(first.at("task").get<std::string>().find("订单") != std::string::npos);
  CHECK(first.at("message").get<std::string>().substr(0, 5) == "x\"},\n");
  const auto second = nlohmann::json::parse(lines[1]);
  CHECK_FALSE(second.contains("task"));
  CHECK(second.at("message") == "plain");
}

TEST_CASE("a partition has fields of its own") {
  REQUIRE(ch::log::configure("info", "json"));
  Captured captured;
  ch::log::warn({"orders", "to\"pic", 3}, "stands");
  REQUIRE(ch::log::configure("info", "text"));
  ch::log::warn({"orders", "to\npic", 3}, "stands");
  const auto lines = captured.lines();
  REQUIRE(lines.size() == 2);
  const auto first = nlohmann::json::parse(lines[0]);
  CHECK(first.at("task") == "orders");
  CHECK(first.at("topic") == "to\"pic");
  CHECK(first.at("partition") == 3);
  CHECK(lines[1].substr(24) == " warn  [orders to\\npic-3] stands");
}

TEST_CASE("repeated lines are said a few times, then counted") {
  REQUIRE(ch::log::configure("debug", "text"));
  ch::log::flush_repeats(true);
  const auto before = ch::log::line_counts();
  Captured captured;
  for (int i = 0; i < 1000; ++i) ch::log::warn("orders", "offset {} refused", i);
  for (int i = 0; i < 30; ++i) ch::log::debug("orders", "offset {} refused", i);
  ch::log::flush_repeats(true);
  const auto lines = captured.lines();
  CHECK(lines.size() == ch::log::Repeats::kBurst + 30 + 1);
  CHECK(lines.back().substr(24) == fmt::format(" warn  [orders] offset 999 refused (and {} more like it)", 999 - ch::log::Repeats::kBurst));
  CHECK(ch::log::line_counts()[2] - before[2] == 1000);
  REQUIRE(ch::log::configure("info", "text"));
}

TEST_CASE("a line is cut at its bound and stays valid") {
  Captured captured;
  for (const char* format : {"json", "text"}) {
    REQUIRE(ch::log::configure("info", format));
    ch::log::info(std::string(1000, '\n'), "{}", std::string(9000, '"'));
  }
  const auto lines = captured.lines();
  REQUIRE(lines.size() == 2);
  for (const auto& line : lines) CHECK(line.size() + 1 <= ch::log::kMaxLine);
  CHECK(lines[1].size() + 1 == ch::log::kMaxLine);
  CHECK(nlohmann::json::accept(lines[0]));
}

TEST_CASE("lines of several threads do not mix") {
  REQUIRE(ch::log::configure("debug", "json"));
  Captured captured;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([t] {
        for (int i = 0; i < 200; ++i) ch::log::debug("t" + std::to_string(t), "{}", std::string(300, static_cast<char>('a' + t)));
      });
    }
  }
  const auto lines = captured.lines();
  REQUIRE(lines.size() == 800);
  for (const auto& line : lines) CHECK(nlohmann::json::accept(line));
}

TEST_CASE("levels and formats that do not exist are refused, all at once") {
  const auto refused = ch::log::configure("verbose", "xml");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ch::ErrorCode::invalid);
  REQUIRE(refused.error().problems.size() == 2);
  CHECK(refused.error().problems[0].key == "log.level");
  CHECK(refused.error().problems[1].message == "must be text or json");
  REQUIRE(ch::log::configure("error", "text"));
  CHECK(ch::log::enabled(0, ch::log::Level::error));
  CHECK_FALSE(ch::log::enabled(0, ch::log::Level::warn));
  REQUIRE(ch::log::configure("info", "text"));
}

TEST_CASE("a room's level is its own, and root's is everybody's") {
  REQUIRE(ch::log::configure("info", "text"));
  const auto kafka = ch::log::room_named("kafka");
  const auto rest = ch::log::room_named("rest");
  CHECK(*ch::log::set_level("kafka", "debug") == std::vector<std::string>{"kafka"});
  CHECK(ch::log::set_level("kafka", "DEBUG")->empty());
  CHECK(ch::log::enabled(kafka, ch::log::Level::debug));
  CHECK_FALSE(ch::log::enabled(rest, ch::log::Level::debug));
  CHECK(ch::log::set_level("root", "OFF")->size() == ch::log::kRooms.size());
  CHECK_FALSE(ch::log::enabled(kafka, ch::log::Level::error));
  CHECK(ch::log::set_level("kafka", "LOUD").error().message == "invalid log level 'LOUD'.");
  CHECK(ch::log::set_level("org.apache", "INFO").error().message == "Logger org.apache not found.");
  REQUIRE(ch::log::configure("info", "text"));
}
