// HTTP/1.1 over libcurl, as an object store needs it: connections are kept, every byte of a request is decided by the
// caller, nothing follows redirects, everything has a deadline and a bound. Blocking. One
// Transport serves any number of threads; each call takes an idle connection or opens one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ch::cloud {

constexpr std::size_t kMaxAnswerBytes = std::size_t{4} << 20;  // of a body: a LIST of 1000 keys of 850 bytes, all percent-encoded, fits
constexpr std::size_t kMaxAnswerHeaderBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxIdleConnections = 64;

using Pairs = std::vector<std::pair<std::string, std::string>>;  // names as sent, values decoded

// What came back for a request.
struct Answer {
  int status = 0;                              // 0: none, or a broken one; `error` says why
  std::string error;                           // what is wrong with the transport or the answer, for a person
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  std::string header(const std::string& name) const;  // "" if there is none
};

struct TransportOptions {
  std::string ca_file;  // "" the system's
  std::int64_t connect_timeout_ms = 0;
  std::int64_t stall_timeout_ms = 0;
  std::int64_t total_timeout_ms = 0;
  // Of an HTTP proxy, "http://user:password@host:3128"; "" none, whatever the environment says. Nothing: the environment's, as curl
  // reads it (HTTPS_PROXY, http_proxy for plain http, NO_PROXY), but never to this machine itself.
  std::optional<std::string> proxy = "";
};

struct Request {
  std::string method;
  std::string url;  // sent byte for byte
  Pairs headers;    // with "host"; without content-length, which is `body_size` for PUT and POST
  std::size_t body_size = 0;
  std::function<std::size_t(std::size_t at, std::span<char> out)> body;  // null if there is none
};

class Transport {
 public:
  explicit Transport(TransportOptions options);
  ~Transport();
  // Any answer, also one that came before the body was through; status 0 and `error` if there is none to be trusted.
  // A request with a body is sent once. One without may be sent twice if a kept connection breaks.
  Answer send(const Request& request);

 private:
  struct Handle;
  std::unique_ptr<Handle> take();
  void keep(std::unique_ptr<Handle> handle);

  TransportOptions options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Handle>> idle_;
};

}  // namespace ch::cloud
