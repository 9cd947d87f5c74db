#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "captured.hpp"

namespace fs = std::filesystem;
using ch::test::run;

namespace {

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("connector-host-check-test-" + std::to_string(::getpid()))) {
    fs::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return (path_ / name).string();
  }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

}  // namespace

TEST_CASE("check of a good configuration says so") {
  const Folder folder;
  const auto ran =
      run({"check", "--config", folder.file("host.json", R"({"bootstrap.servers": "h:9092"})"), "--set", "plugin.path=" + folder.path()});
  CHECK(ran.status == 0);
  CHECK(ran.out == "host configuration: valid\n");
  CHECK(ran.err.empty());
}

TEST_CASE("check names every problem of every file and of the plugins") {
  const Folder folder;
  folder.file("broken.connector.so", "not a library");
  const auto host = folder.file("host.json", R"({"memory.limit": "lots", "log.levl": "debug"})");
  const auto no_json = folder.file("a.json", "{");
  const auto no_connector = folder.file("b.json", R"({"name": "b", "config": {"topics": "b", "connector.class": "nope"}, "extra": 1})");
  auto ran = run({"check", "--config", host, no_json, no_connector});
  CHECK(ran.status == 1);
  CHECK(holds(ran.err, "memory.limit: "));
  CHECK(holds(ran.err, "log.levl: "));
  CHECK(holds(ran.err, "did you mean log.level?"));
  CHECK(holds(ran.err, no_json + ": "));
  CHECK(holds(ran.err, no_connector + " is not valid"));
  CHECK(holds(ran.err, "extra: "));
  CHECK(holds(ran.err, "connector.class: "));
  CHECK(ran.out.empty());

  ran = run({"check", "--set", "plugin.path=" + folder.path()});
  CHECK(ran.status == 1);
  CHECK(ran.out == "host configuration: valid\n");
  CHECK(holds(ran.err, "broken.connector.so cannot be loaded"));
}
