// What is said to the service manager that started the process (systemd's Type=notify): that the host is ready, that it stops, and,
// if the manager has asked for it, that the host still goes on. The manager then restarts one that does not. Without a manager
// nothing is said. Used by the thread that starts the host; a thread of its own says that the host goes on.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"

namespace ch::cli {

class ServiceManager {
 public:
  using GoesOn = std::function<bool()>;  // called by the thread of this; must wait for nobody

  // By what is in the environment: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID.
  ServiceManager();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;
  ~ServiceManager();  // as end()

  void ready(const std::string& status, GoesOn goes_on);
  void stopping();
  void end();  // nothing is said any more; `goes_on` is not called again

  bool is_there() const { return !address_.empty(); }
  milliseconds watchdog() const { return watchdog_; }  // how long the manager waits for a word; 0: it does not

 private:
  struct Watch;

  void say(const std::string& text) const;

  std::string address_;  // of the socket, as sockaddr_un has it; "" none
  milliseconds watchdog_{0};
  std::unique_ptr<Watch> watch_;
};

}  // namespace ch::cli
