#include "support/kafka/late_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>
#include <vector>

#include "support/process/net.hpp"

namespace ch::test {
namespace {

constexpr std::int16_t kOffsetCommit = 8;
constexpr std::int64_t kFirstCompact = 8;  // from this version of OffsetCommit on, lengths are varints one too large, and tags follow
constexpr std::size_t kPiece = 64 << 10;

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "socket");
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { ::close(fd_); }
  int fd() const { return fd_; }
  void cut() const { ::shutdown(fd_, SHUT_RDWR); }
  bool send(const std::string& bytes) const {
    for (std::size_t at = 0; at < bytes.size();) {
      const auto sent = ::send(fd_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) return false;
      at += static_cast<std::size_t>(sent);
    }
    return true;
  }
  // False: the peer is gone.
  bool receive(std::string& bytes) const {
    char piece[kPiece];
    const auto got = ::recv(fd_, piece, sizeof piece, 0);
    if (got <= 0) return false;
    bytes.append(piece, static_cast<std::size_t>(got));
    return true;
  }

 private:
  int fd_;
};

std::unique_ptr<Socket> connect_to(std::uint16_t port) {
  auto socket = std::make_unique<Socket>(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = loopback(port);
  if (::connect(socket->fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return nullptr;
  return socket;
}

// Kafka's numbers are big-endian. Reads what is there; zeros behind the end.
class Reader {
 public:
  explicit Reader(const std::string& bytes) : bytes_(bytes) {}
  std::int64_t number(std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8U | (at_ < bytes_.size() ? static_cast<unsigned char>(bytes_[at_++]) : 0U);
    return size == 2 ? static_cast<std::int16_t>(value) : static_cast<std::int32_t>(value);
  }
  std::size_t length(bool compact, std::size_t size) {
    return static_cast<std::size_t>(std::max<std::int64_t>(compact ? varint() - 1 : number(size), 0));
  }
  void tags() { at_ += varint() == 0 ? 0 : bytes_.size(); }  // nobody sends any here
  std::string text(bool compact) {
    const auto size = length(compact, 2);
    auto out = at_ < bytes_.size() ? bytes_.substr(at_, size) : std::string();
    at_ += size;
    return out;
  }

 private:
  std::int64_t varint() {
    std::int64_t value = 0;
    for (unsigned shift = 0; shift < 32 && at_ < bytes_.size(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      value |= static_cast<std::int64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80U) break;
    }
    return value;
  }

  const std::string& bytes_;
  std::size_t at_ = 0;
};

// The first whole frame (length and content), taken off `bytes`; "" if there is none yet.
std::string take_frame(std::string& bytes) {
  if (bytes.size() < 4) return {};
  const auto size = static_cast<std::size_t>(Reader(bytes).number(4)) + 4;
  if (bytes.size() < size) return {};
  auto frame = bytes.substr(0, size);
  bytes.erase(0, size);
  return frame;
}

// The group whose member commits with this request; "" if it is another request.
std::string committing_group(const std::string& frame) {
  Reader reader(frame);
  (void)reader.number(4);
  if (reader.number(2) != kOffsetCommit) return {};
  const bool compact = reader.number(2) >= kFirstCompact;
  (void)reader.number(4);    // correlation id
  (void)reader.text(false);  // client id
  if (compact) reader.tags();
  auto group = reader.text(compact);
  return reader.number(4) >= 0 ? group : std::string();  // generation; -1: from outside
}

bool is_compact(const std::string& request) {
  Reader reader(request);
  (void)reader.number(4);  // length
  (void)reader.number(2);  // which request it is
  return reader.number(2) >= kFirstCompact;
}

int first_error(const std::string& answer, bool compact) {
  Reader reader(answer);
  for (int i = 0; i < 2; ++i) (void)reader.number(4);  // length, correlation id
  if (compact) reader.tags();
  (void)reader.number(4);           // throttle time
  (void)reader.length(compact, 4);  // topics
  (void)reader.text(compact);
  (void)reader.length(compact, 4);  // partitions
  (void)reader.number(4);
  return static_cast<int>(reader.number(2));
}

}  // namespace

struct LateProxy::Impl {
  struct Connection {
    std::unique_ptr<Socket> client, broker;
    std::jthread up, down;
    std::atomic<int> running = 2;
    void cut() const { client->cut(), broker->cut(); }
  };

  std::uint16_t broker_port;
  Socket listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  mutable std::mutex mutex;
  std::set<std::string> wanted;
  std::map<std::string, std::string> held;
  std::map<std::string, std::uint64_t> commits;
  std::list<Connection> connections;
  std::atomic<bool> ending = false;
  std::jthread acceptor;

  bool keep(const std::string& frame) {
    const auto group = committing_group(frame);
    if (group.empty()) return false;
    const std::lock_guard lock(mutex);
    ++commits[group];
    if (wanted.erase(group) == 0) return false;
    held[group] = frame;
    return true;
  }

  void upwards(Connection& connection) {
    std::string bytes;
    while (connection.client->receive(bytes)) {
      bool whole = true;
      for (auto frame = take_frame(bytes); whole && !frame.empty(); frame = take_frame(bytes))
        whole = !keep(frame) && connection.broker->send(frame);
      if (!whole) break;
    }
    connection.cut();
    --connection.running;
  }

  static void downwards(Connection& connection) {
    for (std::string bytes; connection.broker->receive(bytes); bytes.clear())
      if (!connection.client->send(bytes)) break;
    connection.cut();
    --connection.running;
  }

  void accept_all() {
    while (!ending) {
      const int fd = ::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      auto client = std::make_unique<Socket>(fd);
      auto broker = connect_to(broker_port);
      if (broker == nullptr) continue;  // closes the client's: the broker is away
      const std::lock_guard lock(mutex);
      connections.remove_if([](const Connection& connection) { return connection.running == 0; });
      auto& connection = connections.emplace_back();
      connection.client = std::move(client);
      connection.broker = std::move(broker);
      connection.up = std::jthread([this, &connection] { upwards(connection); });
      connection.down = std::jthread([&connection] { downwards(connection); });
    }
  }
};

LateProxy::LateProxy(std::uint16_t port, std::uint16_t broker) : impl_(std::make_unique<Impl>()) {
  impl_->broker_port = broker;
  const int on = 1;
  ::setsockopt(impl_->listener.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto address = loopback(port);
  if (::bind(impl_->listener.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(impl_->listener.fd(), 64) != 0)
    throw std::system_error(errno, std::generic_category(), "the proxy's port");
  impl_->acceptor = std::jthread([impl = impl_.get()] { impl->accept_all(); });
}

LateProxy::~LateProxy() {
  impl_->ending = true;
  impl_->listener.cut();
  impl_->acceptor.join();
  for (const auto& connection : impl_->connections) connection.cut();
  impl_->connections.clear();
}

std::uint64_t LateProxy::commits(const std::string& group) const {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->commits.find(group);
  return found == impl_->commits.end() ? 0 : found->second;
}

void LateProxy::hold_next_commit(const std::string& group) {
  const std::lock_guard lock(impl_->mutex);
  impl_->wanted.insert(group);
}

bool LateProxy::holds(const std::string& group) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->held.contains(group);
}

std::optional<int> LateProxy::deliver(const std::string& group) {
  std::string frame;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->wanted.erase(group);
    const auto found = impl_->held.find(group);
    if (found == impl_->held.end()) return std::nullopt;
    frame = std::move(found->second);
    impl_->held.erase(found);
  }
  const auto broker = connect_to(impl_->broker_port);
  if (broker == nullptr || !broker->send(frame)) return std::nullopt;
  timeval limit{5, 0};
  ::setsockopt(broker->fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  std::string bytes;
  while (broker->receive(bytes)) {
    if (const auto answer = take_frame(bytes); !answer.empty()) return first_error(answer, is_compact(frame));
  }
  return std::nullopt;
}

}  // namespace ch::test
