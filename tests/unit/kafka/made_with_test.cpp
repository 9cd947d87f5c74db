#include "kafka/made_with.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/process/temp_dir.hpp"

using namespace ch;
using kafka::MadeWith;

TEST_CASE("made with: a client would be another one when a property is another, or the file that one names") {
  const test::TempDir dir;
  const auto ca = dir.path() / "ca.pem";
  test::write_file(ca, "one");
  const kafka::Properties properties{{"sasl.password", "secret"}, {"ssl.ca.location", ca.string()}, {"ssl.key.location", "/not/there"}};
  const MadeWith made(properties);
  CHECK_FALSE(made.differs_from(properties));

  auto other = properties;
  other["sasl.password"] = "rotated";
  CHECK(made.differs_from(other));
  other = properties;
  other.erase("sasl.password");
  CHECK(made.differs_from(other));

  test::write_file(ca, "two, and longer");
  CHECK(made.differs_from(properties));
  const MadeWith anew(properties);
  std::filesystem::last_write_time(ca, std::filesystem::last_write_time(ca) + std::chrono::seconds(1));  // of the same size
  CHECK(anew.differs_from(properties));

  // As Kubernetes renews what it mounts: the name stays, and leads to another file.
  const MadeWith before(kafka::Properties{{"ssl.ca.location", (dir.path() / "link").string()}});
  std::filesystem::create_symlink(ca, dir.path() / "link");
  CHECK(before.differs_from({{"ssl.ca.location", (dir.path() / "link").string()}}));
}
