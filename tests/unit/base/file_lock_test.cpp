#include "base/file_lock.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <optional>
#include <string>

namespace fs = std::filesystem;

TEST_CASE("one holder at a time, named to those who come later") {
  const fs::path dir = fs::temp_directory_path() / ("connector-host-lock-test-" + std::to_string(::getpid()));
  fs::create_directories(dir);
  {
    auto first = ch::FileLock::acquire(dir / "lock");
    REQUIRE(first);
    std::optional<ch::FileLock> kept = std::move(*first);
    const auto second = ch::FileLock::acquire(dir / "lock");
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ch::ErrorCode::conflict);
    CHECK(second.error().message ==
          dir.string() + " is in use by process " + std::to_string(::getpid()) + ": give each host a folder of its own");
    kept.reset();
    CHECK(ch::FileLock::acquire(dir / "lock"));
  }
  const auto nowhere = ch::FileLock::acquire(dir / "missing" / "lock");
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().code == ch::ErrorCode::internal);
  fs::remove_all(dir);
}
