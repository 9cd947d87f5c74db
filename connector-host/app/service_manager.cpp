#include "app/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string_view>
#include <thread>

#include "base/log.hpp"

namespace ch::cli {
namespace {

constexpr int kRounds = 4;  // words in the time that the manager waits for one: some may come late

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

long long number(std::string_view text) {
  long long out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() ? out : 0;
}

// A path, or a name of Linux's own, which begins with @ where people see it and with a zero in the address.
std::string notify_address() {
  std::string out(variable("NOTIFY_SOCKET"));
  if (out.size() < 2 || out.size() >= sizeof(sockaddr_un::sun_path) || (out[0] != '/' && out[0] != '@')) return "";
  if (out[0] == '@') out[0] = '\0';
  return out;
}

// Of this process, unless the manager means another.
milliseconds asked_watchdog() {
  const auto of = variable("WATCHDOG_PID");
  if (!of.empty() && number(of) != ::getpid()) return {};
  return milliseconds(number(variable("WATCHDOG_USEC")) / 1000);
}

}  // namespace

struct ServiceManager::Watch {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::jthread thread;  // last: it uses what is above
};

ServiceManager::ServiceManager() : address_(notify_address()), watchdog_(address_.empty() ? milliseconds{} : asked_watchdog()) {}
ServiceManager::~ServiceManager() { end(); }

void ServiceManager::ready(const std::string& status, GoesOn goes_on) {
  say("READY=1\nSTATUS=" + status);
  if (watchdog_ <= milliseconds{}) return;
  watch_ = std::make_unique<Watch>();
  watch_->thread = std::jthread([this, goes_on = std::move(goes_on), watch = watch_.get()](const std::stop_token& stop) {
    bool told = false;
    std::unique_lock lock(watch->mutex);
    while (!stop.stop_requested()) {
      const bool fine = goes_on();
      if (fine) say("WATCHDOG=1");
      if (!fine && !told)
        log::error("", "the supervisor or all tasks hang: the service manager is not told any more that the host goes on");
      told = !fine;
      watch->changed.wait_for(lock, stop, watchdog_ / kRounds, [] { return false; });
    }
  });
}

void ServiceManager::stopping() { say("STOPPING=1\nSTATUS=Storing and committing what is open"); }

void ServiceManager::end() { watch_.reset(); }

// A word that is lost is not worth more than a line in the log: the manager waits, and then does what it is told to.
void ServiceManager::say(const std::string& text) const {
  if (address_.empty()) return;
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size() + (address_[0] == '/' ? 1 : 0));
  const bool said = fd >= 0 && ::sendto(fd, text.data(), text.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to), size) >= 0;
  if (!said) log::warn("", "the service manager cannot be told {}: {}", text.substr(0, text.find('\n')), std::strerror(errno));
  if (fd >= 0) ::close(fd);
}

}  // namespace ch::cli
