#include "base/host_id.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "support/process/temp_dir.hpp"

TEST_CASE("host id: made once, kept, and made anew where the file is damaged") {
  const ch::test::TempDir dir;
  const auto first = ch::load_host_id(dir.path());
  REQUIRE(first);
  CHECK(first->size() == 16);
  CHECK(ch::load_host_id(dir.path()).value() == *first);
  std::ofstream(dir.path() / "host.id") << "short";
  const auto second = ch::load_host_id(dir.path());
  REQUIRE(second);
  CHECK(*second != *first);
}

TEST_CASE("host id: a folder that cannot be written is named") {
  const auto id = ch::load_host_id("/proc/no-such-folder");
  REQUIRE_FALSE(id);
  CHECK(id.error().message.find("/proc/no-such-folder/host.id") != std::string::npos);
}
