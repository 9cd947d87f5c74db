#include "cli/progress.hpp"

#include <catch2/catch.hpp>

#include "cli/table.hpp"

using ch::cli::display_width;
using ch::cli::progress_line;
using std::chrono::milliseconds;

TEST_CASE("a transfer's line has a bar, and a rate and a rest as soon as there is a rate") {
  CHECK(progress_line("a/b", 0, 1000, milliseconds(0), 80) == "a/b [>                   ]   0 %");
  CHECK(progress_line("a/b", 50'000'000, 100'000'000, milliseconds(4000), 80) == "a/b [==========>         ]  50 %  12.5 MB/s  0:04 left");
  CHECK(progress_line("a/b", 1000, 3'601'000, milliseconds(1000), 80) == "a/b [>                   ]   0 %  1.0 kB/s  1:00:00 left");
  CHECK(progress_line("a/b", 100, 100, milliseconds(1000), 80) == "a/b [====================] 100 %  0.1 kB/s  0:00 left");
  CHECK(progress_line("empty", 0, 0, milliseconds(1000), 80) == "empty [====================] 100 %");
}

TEST_CASE("a transfer's line fits the terminal, keeps the end of its name, and steers nothing") {
  const std::string name = "orders/a-very-long-folder/ä-20261201000000-000000000000000000000000000000-0-100.jsonl";
  const auto line = progress_line(name, 1, 2, milliseconds(0), 60);
  CHECK(display_width(line) == 60);
  CHECK(line.starts_with("…"));
  CHECK(line.find("-100.jsonl [") != std::string::npos);
  CHECK(display_width(progress_line(name, 1, 2, milliseconds(0), 10)) == 10);
  CHECK(progress_line("\x1b[31m", 1, 2, milliseconds(0), 80).find('\x1b') == std::string::npos);
  CHECK(display_width(progress_line(std::string(100, 'x') + "ääää", 1, 2, milliseconds(0), 34)) <= 34);
}
