#include "app/service_manager.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

using ch::cli::ServiceManager;
using namespace std::chrono_literals;

namespace {

// What systemd is to the process: a socket that it may write to, and the variables that say so.
class Manager {
 public:
  explicit Manager(const std::string& name) : name_(name), fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string bytes = name[0] == '@' ? std::string(1, '\0') + name.substr(1) : name;
    std::memcpy(address.sun_path, bytes.data(), bytes.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + bytes.size());
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    const timeval limit{0, 500'000};
    REQUIRE(::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  ~Manager() {
    ::close(fd_);
    if (name_[0] == '/') std::filesystem::remove(name_);
    for (const char* variable : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(variable);
  }

  std::string hears() const {  // "" if nothing was said for half a second
    char text[256];
    const auto size = ::recv(fd_, text, sizeof(text), 0);
    return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : "";
  }

 private:
  std::string name_;
  int fd_;
};

std::string place(const std::string& name) {
  return (std::filesystem::temp_directory_path() / (name + "-" + std::to_string(::getpid()))).string();
}

bool yes() { return true; }

}  // namespace

TEST_CASE("a service manager is told that the host is ready and that it stops, at a path and at a name of Linux's own") {
  for (const auto& name : {place("connector-host-notify"), "@connector-host-notify-" + std::to_string(::getpid())}) {
    const Manager manager(name);
    ServiceManager said;
    CHECK(said.is_there());
    CHECK(said.watchdog() == 0ms);
    said.ready("Serving at http://127.0.0.1:8083", yes);
    CHECK(manager.hears() == "READY=1\nSTATUS=Serving at http://127.0.0.1:8083");
    said.stopping();
    CHECK(manager.hears() == "STOPPING=1\nSTATUS=Storing and committing what is open");
    CHECK(manager.hears().empty());
  }
}

TEST_CASE("a watchdog is told that the host goes on, several times in its time, and not while it does not") {
  const Manager manager(place("connector-host-watchdog"));
  ::setenv("WATCHDOG_USEC", "800000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  std::atomic<bool> goes_on = true;
  ServiceManager said;
  CHECK(said.watchdog() == 800ms);
  said.ready("", [&] { return goes_on.load(); });
  CHECK(manager.hears().rfind("READY=1", 0) == 0);
  for (int i = 0; i < 3; ++i) CHECK(manager.hears() == "WATCHDOG=1");
  goes_on = false;
  while (!manager.hears().empty()) continue;  // what was on its way
  CHECK(manager.hears().empty());
  goes_on = true;
  CHECK(manager.hears() == "WATCHDOG=1");
  said.end();
  while (!manager.hears().empty()) continue;
  CHECK(manager.hears().empty());
}

TEST_CASE("nothing is said without a manager, for another process, or to a socket that is none") {
  CHECK_FALSE(ServiceManager().is_there());
  ServiceManager().stopping();
  {
    const Manager manager(place("connector-host-other"));
    ::setenv("WATCHDOG_USEC", "800000", 1);
    ::setenv("WATCHDOG_PID", "1", 1);
    CHECK(ServiceManager().watchdog() == 0ms);
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    ::setenv("WATCHDOG_USEC", "soon", 1);
    CHECK(ServiceManager().watchdog() == 0ms);
    for (const std::string& name : {std::string("relative"), std::string("/"), "/" + std::string(200, 'x')}) {
      ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
      CHECK_FALSE(ServiceManager().is_there());
    }
    ::setenv("NOTIFY_SOCKET", place("connector-host-nobody").c_str(), 1);
    ServiceManager().stopping();  // nobody listens: a line in the log
  }
}
