#include "base/line_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <sstream>
#include <string>

using namespace std::chrono_literals;
using ch::log::LineWriter;

namespace {

// A pipe that nobody reads until it is told to. The writer's thread goes on with its end after the test: both live for ever.
struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    out = ends[0];
    writer = new LineWriter(ends[1], [](std::uint64_t count) { return std::to_string(count) + " dropped"; });
  }
  // What comes until `last` has come.
  std::string read_until(const std::string& last) const {
    std::string all;
    std::array<char, 65536> part{};
    while (all.find(last) == std::string::npos) {
      const auto size = ::read(out, part.data(), part.size());
      if (size <= 0) break;
      all.append(part.data(), static_cast<std::size_t>(size));
    }
    return all;
  }
  int out = -1;
  LineWriter* writer = nullptr;
};

}  // namespace

TEST_CASE("lines come out in order, and flush waits for them") {
  const Pipe pipe;
  for (int i = 0; i < 100; ++i) pipe.writer->add("line " + std::to_string(i));
  CHECK(pipe.writer->flush(10s));
  CHECK_FALSE(pipe.writer->busy());
  const auto all = pipe.read_until("line 99\n");
  CHECK(all.starts_with("line 0\nline 1\n"));
  CHECK(pipe.writer->dropped() == 0);
}

TEST_CASE("a reader that hangs keeps nobody waiting, and is told how much it has missed") {
  const Pipe pipe;
  const std::string text(1000, 'x');
  constexpr std::size_t kLines = 5000;  // five times what is kept
  const auto began = ch::steady_now();
  for (std::size_t i = 0; i < kLines; ++i) pipe.writer->add(text);
  CHECK(ch::steady_now() - began < 5s);
  CHECK(pipe.writer->busy());
  CHECK_FALSE(pipe.writer->flush(50ms));  // bounded
  const auto dropped = pipe.writer->dropped();
  CHECK(dropped > kLines - 2 * LineWriter::kMaxQueuedBytes / text.size());
  CHECK(dropped < kLines);
  // Each gap is told where it is: behind what was queued when it began.
  std::uint64_t told = 0;
  std::size_t lines = 0;
  for (std::string all; told < dropped;) {
    const auto part = pipe.read_until(" dropped\n");
    REQUIRE_FALSE(part.empty());
    all += part;
    std::istringstream in(all);
    told = lines = 0;
    for (std::string line; std::getline(in, line);) {
      if (line == text) ++lines;
      if (line.ends_with(" dropped")) told += std::stoull(line);
    }
  }
  CHECK(told == dropped);
  CHECK(lines == kLines - dropped);
  pipe.writer->add("goes on");
  CHECK(pipe.read_until("goes on\n") == "goes on\n");
  CHECK(pipe.writer->flush(10s));
}

TEST_CASE("a reader that has gone is no reason to wait") {
  const Pipe pipe;
  ::signal(SIGPIPE, SIG_IGN);
  ::close(pipe.out);
  pipe.writer->add("for nobody");
  CHECK(pipe.writer->flush(10s));
}
