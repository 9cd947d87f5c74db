// A network that is late: forwards a broker's connections, and on demand keeps an offset commit back, cuts its connection
// as if it had broken, and delivers the kept copy much later, on a connection of its own, after the client has sent the
// commit again and has gone on. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace ch::test {

class LateProxy {
 public:
  // Listens on 127.0.0.1:port, which the broker's listener advertises, and forwards to the broker's own port.
  LateProxy(std::uint16_t port, std::uint16_t broker);
  LateProxy(const LateProxy&) = delete;
  LateProxy& operator=(const LateProxy&) = delete;
  ~LateProxy();

  std::uint64_t commits(const std::string& group) const;  // requests of its members that have come by
  void hold_next_commit(const std::string& group);        // of a member: those from outside the group pass
  bool holds(const std::string& group) const;
  // The broker's error code for the copy's first partition (0: it was taken); nothing if none is held or no answer came.
  std::optional<int> deliver(const std::string& group);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ch::test
