#include "app/app.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "fake_host.hpp"

namespace fs = std::filesystem;
using ch::cli::App;

namespace {

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("connector-host-app-test-" + std::to_string(::getpid()))) { fs::create_directories(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

ch::config::HostConfig config(const fs::path& state) {
  ch::config::HostConfig out;
  out.listeners = {"http://127.0.0.1:0"};
  out.state_dir = state;
  out.plugin_path = {state.parent_path()};
  return out;
}

}  // namespace

TEST_CASE("a host starts, names its address, and keeps its state to itself") {
  const Folder folder;
  const auto state = folder.path() / "deep" / "state";
  auto app = App::start(config(state));
  REQUIRE(app);
  const auto addresses = (*app)->addresses();
  REQUIRE(addresses.size() == 1);
  CHECK(addresses[0].rfind("http://127.0.0.1:", 0) == 0);
  CHECK(addresses[0] != "http://127.0.0.1:0");
  struct stat status {};
  REQUIRE(::stat(state.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
  CHECK(fs::exists(state / "connector-host.db"));

  const auto second = App::start(config(state));
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ch::ErrorCode::conflict);
  CHECK(second.error().message.find(state.string() + " is in use by process ") == 0);

  (*app)->stop();
  app->reset();
  CHECK(App::start(config(state)));
}

TEST_CASE("what keeps a host from starting is said") {
  const Folder folder;
  const ch::test::FakeHost other;
  auto taken = config(folder.path() / "state");
  taken.listeners = {other.url()};
  const auto port = App::start(std::move(taken));
  REQUIRE_FALSE(port);
  CHECK(port.error().message.find("cannot listen on " + other.url().substr(7)) != std::string::npos);

  std::ofstream(folder.path() / "file") << "x";
  const auto no_folder = App::start(config(folder.path() / "file"));
  REQUIRE_FALSE(no_folder);
  CHECK(no_folder.error().message == "state.dir " + (folder.path() / "file").string() + " is not a folder");
  CHECK_FALSE(App::start(config(folder.path() / "file" / "below")));
}
