// fetch_kafka.sh with a Maven of ours in the PATH, which writes one jar, or fails half way.
#include <catch2/catch.hpp>
#include <vector>

#include "support/process/process.hpp"
#include "support/process/temp_dir.hpp"

using namespace ch::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

struct Maven {
  TempDir dir;
  fs::path target = dir.path() / "cache" / "kafka";

  explicit Maven(const std::string& ending) {
    fs::create_directories(dir.path() / "bin");
    const auto mvn = dir.path() / "bin" / "mvn";
    write_file(mvn, "#!/bin/sh\nfor word; do case $word in -DoutputDirectory=*) touch \"${word#*=}/kafka.jar\";; esac; done\necho run >>" +
                        (dir.path() / "runs").string() + "\n" + ending + "\n");
    fs::permissions(mvn, fs::perms::owner_all);
  }
  Finished fetch(const std::vector<std::string>& pom = {}) const {
    std::vector<std::string> words = {FETCH_KAFKA, target.string()};
    words.insert(words.end(), pom.begin(), pom.end());
    return run(words, 30s, {{"PATH", (dir.path() / "bin").string() + ":" + std::getenv("PATH")}});
  }
  std::string runs() const { return read_file(dir.path() / "runs"); }
};

}  // namespace

TEST_CASE("the jars are fetched once, and the folder's name is what is printed") {
  const Maven maven("exit 0");
  for (int i = 0; i < 2; ++i) {
    const auto fetched = maven.fetch();
    CHECK(fetched.status == 0);
    CHECK(fetched.output == maven.target.string() + "\n");
  }
  CHECK(fs::exists(maven.target / "kafka.jar"));
  CHECK(maven.runs() == "run\n");
}

TEST_CASE("a half-fetched folder is not taken for a whole one") {
  const Maven maven("exit 0");
  fs::create_directories(maven.target);
  write_file(maven.target / "old.jar", "half");
  CHECK(maven.fetch().status == 0);
  CHECK(fs::exists(maven.target / "kafka.jar"));
  CHECK_FALSE(fs::exists(maven.target / "old.jar"));
}

TEST_CASE("when Maven fails nothing is left that looks fetched") {
  const Maven maven("exit 1");
  const auto fetched = maven.fetch();
  CHECK(fetched.status == 1);
  CHECK(fetched.output.empty());
  CHECK(fetched.errors.find("Maven Central") != std::string::npos);
  CHECK_FALSE(fs::exists(maven.target));
  CHECK(maven.runs() == "run\nrun\nrun\n");
}

TEST_CASE("jars that are not those of the list of checksums are refused") {
  const Maven maven("exit 0");
  const auto pom = maven.dir.path() / "pom.xml";
  write_file(pom, "<project/>");
  const std::string empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  write_file(maven.dir.path() / "pom.sha256", empty + "  other.jar\n");
  const auto refused = maven.fetch({pom.string()});
  CHECK(refused.status == 1);
  CHECK(refused.errors.find("pom.sha256") != std::string::npos);
  CHECK_FALSE(fs::exists(maven.target));
  write_file(maven.dir.path() / "pom.sha256", empty + "  kafka.jar\n");
  CHECK(maven.fetch({pom.string()}).status == 0);
  CHECK(fs::exists(maven.target / "kafka.jar"));
}
